# syntax=docker/dockerfile:1
# Never built where it was written, for want of a Docker engine: what it runs was tried step by step.

# The page: only what is built leaves this stage. Not `npm ci`, for the reason that the Makefile gives.
FROM node:24-slim AS page
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN --mount=type=cache,target=/root/.npm npm install --no-save
COPY frontend ./
RUN npm run build

# The packages, by hash and as the Makefile installs them; then Steadychat with the page in it.
FROM python:3.13-slim AS packages
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=/opt/steadychat
WORKDIR /src
COPY requirements.lock pyproject.toml ./
RUN awk '/^[^ ]/ { wanted = /^uv==/ } wanted' requirements.lock >uv.txt \
    && python -m pip install --no-cache-dir --no-deps --require-hashes --requirement uv.txt \
    && uv venv "$VIRTUAL_ENV"
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --require-hashes -r pyproject.toml -c requirements.lock --extra scale --extra llm --extra auth
COPY README.md LICENSE ./
COPY chains chains
COPY api api
COPY --from=page /src/api/page api/page
RUN --mount=type=cache,target=/root/.cache/uv uv pip install --no-deps --build-constraints requirements.lock .

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Steadychat" org.opencontainers.image.licenses="MIT"
# A number, so that Kubernetes can see that it is not root; files in mounted volumes belong to it.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin steadychat \
    && install --directory --owner=steadychat --group=steadychat --mode=700 /data
COPY --from=packages /opt/steadychat /opt/steadychat
ENV PATH=/opt/steadychat/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/data \
    STEADYCHAT_HOST=0.0.0.0 \
    STEADYCHAT_PORT=8000 \
    STEADYCHAT_DATA_DIR=/data
# Mount or copy a chain of your own here: this folder is on the path.
WORKDIR /app
USER 10001
VOLUME /data
EXPOSE 8000

# Alive, not ready: a server that leaves, or waits for its database, must not be killed for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", "\
import http.client, os, sys; \
server = http.client.HTTPConnection('127.0.0.1', int(os.environ['STEADYCHAT_PORT']), timeout=4); \
server.request('GET', '/healthz'); \
sys.exit(server.getresponse().status != 200)"]

# Answers get STEADYCHAT_DRAIN_SECONDS (30) to end: `docker run --stop-timeout 45`; compose.yaml says so itself.
STOPSIGNAL SIGTERM
CMD ["steadychat", "serve"]
