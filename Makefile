# Everything that people and CI do here. `make` alone lists it.
# A machine needs Python 3.11+ and make; the rest goes into .venv and frontend/node_modules.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# A home for the caches of uv and npm, also for a user who has none.
ifneq ($(shell test -d "$$HOME" && test -w "$$HOME" && echo yes),yes)
export HOME := $(CURDIR)/.make/home
endif

# The tools of .venv come first (also its Node), and trust the certificates that the system trusts.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export VIRTUAL_ENV := $(CURDIR)/.venv
export UV_SYSTEM_CERTS := 1
export NODE_OPTIONS := $(strip $(NODE_OPTIONS) --use-system-ca)

PYTHON ?=
EXTRAS ?=
ARGS ?=
ROW ?=
SCENARIO ?= commuter
USERS ?= 50
DURATION ?= 1m
SERVERS ?= 3

step := @.ci/quietly
npm := npm --prefix frontend
locked := uv pip install --quiet --python .venv/bin/python --require-hashes -r pyproject.toml -c requirements.lock

# Stamps live inside of what they vouch for, so that whoever deletes the one deletes the other.
empty :=
space := $(empty) $(empty)
runtime := .venv/.installed$(subst $(space),,$(EXTRAS:%=-%))
tools := .venv/.installed-dev
modules := frontend/node_modules/.installed
page := api/page/index.html
chainlit := .venv-chainlit/.installed
data := $(or $(STEADYCHAT_DATA_DIR),$(shell sed -n 's/^STEADYCHAT_DATA_DIR=//p' .env 2>/dev/null),var)
samples := $(data)/.guide-ingested

# Only `make run PORT=9000` counts: a PORT in the environment is some other program's.
port := $(if $(filter command,$(firstword $(origin PORT))),--port $(PORT))

page_sources := $(shell find frontend -name node_modules -prune -o -type f -not -name '*.test.ts*' -print)
guide := $(wildcard docs/guide/*.md)

.PHONY: help
help: ## List these targets
	@echo 'Steadychat: make <target>'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- for everybody

.PHONY: setup
setup: $(runtime) $(page) ## Make ready all that `run` needs: .venv and the page (EXTRAS="llm auth scale" adds extras)

.PHONY: run
run: setup $(samples) ## Serve on http://127.0.0.1:8000, with the guide as sample documents (PORT=9000 serves elsewhere)
	@exec .venv/bin/steadychat serve $(port)

.venv/bin/uv:
	@mkdir -p .make/home
	$(step) "Making .venv" .ci/venv $(PYTHON)
	@touch $@

$(runtime): pyproject.toml requirements.lock | .venv/bin/uv
	$(step) "Installing what the server needs, by hash" $(locked) --compile-bytecode --group setup $(EXTRAS:%=--extra %)
	$(step) "Installing the command steadychat" uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

# `npm ci` would refuse a lock without the binaries of other platforms, which not every mirror of the registry has.
$(modules): frontend/package.json frontend/package-lock.json | $(runtime)
	$(step) "Installing what building the page needs" $(npm) install --no-save
	@touch $@

$(page): $(page_sources) | $(modules)
	$(step) "Building the page" $(npm) run build
	@touch $@

$(samples): $(guide) | $(runtime)
	@echo '» Reading the sample documents in docs/guide'
	@.venv/bin/steadychat ingest docs/guide
	@mkdir -p '$(data)' && touch '$@'

# --- for those who work on it

$(tools): pyproject.toml requirements.lock | $(runtime)
	$(step) "Installing the tools for tests and checks" $(locked) --all-extras --group dev
	@touch $@

.PHONY: check
check: test lint ## All that CI asks for: test, then lint

.PHONY: test
test: test-page test-server ## Run every test, of the page and of the server (ARGS="-k stop" goes to pytest)

.PHONY: test-page
test-page: $(modules)
	$(step) "Testing the page" $(npm) test

.PHONY: test-server
test-server: test-page $(tools) $(page) browser proxy
	@echo '» Testing the server, the doors and the page in a browser'
	@.venv/bin/python -m pytest $(ARGS)

.PHONY: browser
browser: $(tools)
	$(step) "Looking for a Chromium" .ci/browser

.PHONY: proxy
proxy: $(tools)
	$(step) "Looking for an HAProxy" .ci/proxy

.PHONY: pictures
pictures: $(tools) $(page) browser ## Take pictures of the page in its states, to be looked at (FOLDER=var/pictures)
	@.venv/bin/python -m tests.browser.pictures $(or $(FOLDER),var/pictures)

.PHONY: lint
lint: lint-python lint-page lint-drift ## Check style, types, imports, drift of generated files and the page's size

.PHONY: lint-python
lint-python: $(tools)
	$(step) "Checking style: ruff" ruff check .
	$(step) "Checking format: ruff format" ruff format --check .
	$(step) "Checking types: mypy --strict" mypy
	$(step) "Checking who imports whom: lint-imports" lint-imports

.PHONY: lint-page
lint-page: $(modules) $(page)
	$(step) "Checking the page: biome, tsc, knip" $(npm) run lint
	$(step) "Checking the page's size" $(npm) run size

.PHONY: lint-drift
lint-drift: $(tools) $(modules)
	$(step) "Checking that the frame types are the server's" sh -c 'python -m api.wire.schema | $(npm) run --silent generate:check'
	$(step) "Checking that the table of settings is the settings'" python -m api.settings_doc --check docs/guide/settings.md
	$(step) "Checking that the locks belong to pyproject.toml and package.json" python -m tools.lock_in_step
	$(step) "Checking that no file names a package registry" python -m tools.no_registries

.PHONY: audit
audit: $(tools) ## Compare the locked packages with known vulnerabilities (asks a public service)
	@pip-audit -r requirements.lock --no-deps --disable-pip --strict

.PHONY: prove
prove: $(tools) ## Prove at full size what is promised, and write docs/guarantees.md (ROW=4 proves one promise)
	@.venv/bin/python -m tests.faults.prove $(ROW:%=--row %) $(ARGS)

.PHONY: bench
bench: $(tools) ## Measure servers side by side and write docs/performance.md (PEERS=steadychat,naive REPEAT=1: a part, a look)
	$(if $(findstring chainlit,$(or $(PEERS),chainlit)),@$(MAKE) $(chainlit) || echo '» Without Chainlit: see above; it is tried again by `make $(chainlit)`')
	@status=0; .venv/bin/python -m loadtests.bench $(PEERS:%=--peers %) $(REPEAT:%=--repeat %) $(ARGS) || status=$$?; \
	    $(if $(PEERS)$(ARGS),,.venv/bin/python -m loadtests.bench.report;) exit $$status

$(chainlit): loadtests/bench/chainlit.txt | $(runtime)
	$(step) "Installing Chainlit, to be measured, by hash" sh -c 'rm -rf .venv-chainlit && uv venv --quiet --python .venv/bin/python .venv-chainlit && \
	    uv pip install --quiet --python .venv-chainlit/bin/python --require-hashes --requirement $< && touch $@ || { rm -rf .venv-chainlit; exit 1; }'

.PHONY: bench-baseline
bench-baseline: $(tools) ## Renew what the guard in tests/speed compares with (loadtests/bench/baseline.json)
	@.venv/bin/python -m loadtests.bench.guard --write

.PHONY: load
load: $(tools) ## Put people before a server: SCENARIO=commuter USERS=50 DURATION=1m (see loadtests/README.md)
	@.venv/bin/python -m loadtests.run --scenario $(SCENARIO) --users $(USERS) --duration $(DURATION) $(ARGS)

.PHONY: load-ui
load-ui: $(tools) ## The same with Locust's web UI, which decides who comes and when (SCENARIO=storm)
	@exec .venv/bin/python -m loadtests.run --scenario $(SCENARIO) --users $(USERS) --ui 8089 $(ARGS)

.PHONY: cluster
cluster: $(tools) $(page) proxy ## Serve by several servers behind HAProxy, on PostgreSQL and Valkey (SERVERS=3 PORT=8000)
	@exec .venv/bin/python -m loadtests.cluster --servers $(SERVERS) $(port) $(ARGS)

.PHONY: fix
fix: $(tools) $(modules) ## Repair what can be repaired: format, imports, generated files
	$(step) "Fixing style: ruff" ruff check --fix-only --quiet .
	$(step) "Formatting: ruff format" ruff format .
	$(step) "Fixing the page: biome" $(npm) run fix
	$(step) "Writing the frame types" sh -c 'python -m api.wire.schema | $(npm) run --silent generate'
	$(step) "Writing the table of settings" python -m api.settings_doc --write docs/guide/settings.md

.PHONY: lock
lock: | .venv/bin/uv ## Write requirements.lock and package-lock.json anew (UPGRADE=1 takes newer versions)
	$(step) "Locking Python packages" uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
	    --all-extras --group dev $(if $(UPGRADE),--upgrade) pyproject.toml --output-file requirements.lock
	$(step) "Noting what the lock was made from" python -m tools.lock_in_step --write
	$(step) "Locking what Chainlit is measured with" sh -c '{ cat loadtests/bench/chainlit.in; grep -o "^langchain-core==[0-9.]*" requirements.lock; } | \
	    uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 $(if $(UPGRADE),--upgrade) - --output-file loadtests/bench/chainlit.txt'
	@$(MAKE) $(runtime)
	$(step) "Locking the page's packages" $(npm) $(if $(UPGRADE),update,install) --package-lock-only

.PHONY: dev
dev: setup $(samples) ## Serve with reload: the server on :8000, the page on Vite's port
	@trap 'kill 0' EXIT; $(npm) run dev & .venv/bin/uvicorn api.main:app --reload --reload-dir api --reload-dir chains --http api.protocols:HttpProtocol --ws api.protocols:SocketProtocol

.PHONY: dist
dist: $(runtime) $(page) ## Build the wheel, with the page in it, and the sdist into dist/
	$(step) "Building wheel and sdist" python -m hatchling build --directory dist
	@ls dist

.PHONY: clean
clean: ## Remove everything that was made here, except your data in var/
	$(step) "Removing what was made" rm -rf .venv .venv-chainlit .make dist api/page frontend/node_modules frontend/dist .mypy_cache .ruff_cache .pytest_cache \
	    .hypothesis .schemathesis .import_linter_cache tests/browser/screenshots
