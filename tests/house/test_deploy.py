"""Where several servers are deployed they find one another, and all that is said of them agrees."""

import re
import shlex
import subprocess
import sys
import tomllib
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # comes with LangChain, without types

from api.documents.model import FILE_BYTES
from api.protocols import DEAD_S
from api.serve import KEEP_ALIVE_S, PING_S
from api.settings import Settings
from loadtests.cluster import proxy
from loadtests.cluster.haproxy import haproxy
from tests.house.serving import bare, free_port, serving

ROOT = Path(__file__).parents[2]
HAPROXY = (ROOT / "deploy" / "haproxy.cfg").read_text("utf-8")
SERVERS = (ROOT / "deploy" / "servers.cfg").read_text("utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
UNITS = {"ms": 0.001, "s": 1, "m": 60}
OF_COMPOSE = {"DOCUMENTS"}
"""What compose.yaml alone reads."""
LEAVING_S = 10
"""What a server may take beside DRAIN_SECONDS, as docs/guide/operating.md says."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:  # Any: YAML
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return found


def seconds(written: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(ms|s|m)", written).groups()  # type: ignore[union-attr]  # or the test fails
    return float(number) * UNITS[unit]


def timeout(name: str) -> float:
    return seconds(re.findall(rf"^ +timeout {name} +(\w+)", HAPROXY, re.MULTILINE)[0])


def servers(compose: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in compose["services"].items() if each.get("image") == "steadychat"}


def test_the_cluster_of_this_machine_and_that_of_compose_have_one_set_of_settings(
    compose: dict[str, Any],
) -> None:
    files = re.findall(r"(?<=-f )\S+", " ".join(compose["services"]["proxy"]["command"]))
    mounted = {
        inside: outside
        for outside, inside, _ in (each.split(":") for each in compose["services"]["proxy"]["volumes"])
    }
    assert [ROOT / mounted[file] for file in files] == [proxy.SETTINGS, ROOT / "deploy" / "servers.cfg"]
    assert set(compose["services"]["proxy"]["environment"]) == set(re.findall(r"\$\{(\w+)\}", HAPROXY))
    assert f"\nbackend {proxy.BACKEND}\n" in SERVERS


def test_haproxy_takes_the_settings_of_compose(compose: dict[str, Any]) -> None:
    command = [str(haproxy()), "-c", "-f", "deploy/haproxy.cfg", "-f", "deploy/servers.cfg"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=compose["services"]["proxy"]["environment"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if "WARNING" in line or "ALERT" in line]
    assert all("could not resolve address 'server-" in line for line in said), said


def test_the_proxy_knows_exactly_the_servers_that_there_are(compose: dict[str, Any]) -> None:
    known = re.findall(r"^ +server (\S+) (\S+)$", SERVERS, re.MULTILINE)
    assert known == [
        (name, f"{name}:{each['environment']['STEADYCHAT_PORT']}") for name, each in servers(compose).items()
    ]
    assert len(known) == 3


def test_servers_share_everything_but_their_data_folders(compose: dict[str, Any]) -> None:
    folders = [each["volumes"][0] for each in servers(compose).values()]
    assert folders == [f"data-{number}:/data" for number in (1, 2, 3)]
    alike = [{**each, "volumes": []} for each in servers(compose).values()]
    assert alike == alike[:1] * 3


def test_servers_trust_the_proxy_alone_and_its_address_is_given_to_nobody_else(
    compose: dict[str, Any],
) -> None:
    address = compose["services"]["proxy"]["networks"]["inside"]["ipv4_address"]
    (network,) = compose["networks"]["inside"]["ipam"]["config"]
    for server in servers(compose).values():
        assert server["environment"]["STEADYCHAT_TRUSTED_PROXIES"] == address
    assert ip_address(address) in ip_network(network["subnet"])
    assert ip_address(address) not in ip_network(network["ip_range"])


def test_every_setting_that_is_named_exists() -> None:
    named = set(
        re.findall(r"STEADYCHAT_([A-Z_]+[A-Z])", DOCKERFILE + (ROOT / "compose.yaml").read_text("utf-8"))
    )
    named |= set(re.findall(r"STEADYCHAT_([A-Z_]+[A-Z])", HAPROXY))
    known = {name.upper() for name in Settings.model_fields}
    assert {name for name in named if not name.startswith("PROXY_")} - OF_COMPOSE <= known


def test_secrets_must_be_given(compose: dict[str, Any]) -> None:
    text = (ROOT / "compose.yaml").read_text("utf-8")
    used = re.findall(r"\$\{(\w*(?:SECRET|PASSWORD)\w*)(.*?)\}", text)
    assert {name for name, _ in used} == {"STEADYCHAT_SECRET", "POSTGRES_PASSWORD"}
    assert all(rest.startswith(":?") for _, rest in used)


def test_answers_have_time_to_end(compose: dict[str, Any]) -> None:
    for server in servers(compose).values():
        drain_s = float(server["environment"]["STEADYCHAT_DRAIN_SECONDS"])
        assert seconds(server["stop_grace_period"]) >= drain_s + LEAVING_S
    hard_s = seconds(re.findall(r"^ +hard-stop-after (\w+)", HAPROXY, re.MULTILINE)[0])
    assert seconds(compose["services"]["proxy"]["stop_grace_period"]) > hard_s


def test_the_proxy_is_patient_for_longer_than_the_servers_and_closes_idle_connections_before_them() -> None:
    settings = Settings.model_fields
    for side in ("client", "server", "tunnel"):
        assert timeout(side) > 3600 > max(settings["timeout_total"].default, PING_S)
    assert timeout("http-keep-alive") <= KEEP_ALIVE_S - 10
    assert set(re.findall(r"tcp-ut (\d\w+)", HAPROXY)) == {f"{DEAD_S:.0f}s"}


def test_the_proxy_has_no_limit_for_what_a_server_takes() -> None:
    assert FILE_BYTES < 25_000_000, "what tests/unit/loadtests/cluster/test_proxy.py sends must be more"
    assert not re.search(r"req\.body|wait-for-body|buffer-request", HAPROXY)


def test_the_image_copies_what_is_there_and_takes_extras_that_exist() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    shown = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for name in " ".join(copied).split():
        assert (ROOT / name).exists()
        assert name.split("/")[0] in shown
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(re.findall(r"--extra (\w+)", DOCKERFILE)) == set(extras)


def test_the_image_is_not_run_by_root_and_is_asked_to_leave(compose: dict[str, Any]) -> None:
    assert re.search(r"^USER [1-9]\d*$", DOCKERFILE, re.MULTILINE)
    assert re.search(r"^STOPSIGNAL SIGTERM$", DOCKERFILE, re.MULTILINE)
    assert all(server["init"] for server in servers(compose).values())


def test_the_image_s_check_of_health_is_one(tmp_path: Path) -> None:
    whole = DOCKERFILE.replace("\\\n", "")
    (command,) = re.findall(r"^HEALTHCHECK .*? CMD (\[.+\])$", whole, re.MULTILINE)
    program, *arguments = yaml.safe_load(command)
    assert program == "python"
    port = free_port()

    def healthy() -> int:
        environment = bare() | {"STEADYCHAT_PORT": str(port)}
        return subprocess.run(
            [sys.executable, *arguments], env=environment, capture_output=True, check=False
        ).returncode

    settings = {
        "STEADYCHAT_DATA_DIR": str(tmp_path),
        "STEADYCHAT_CHAINS": "scripted=chains.scripted:build",
        "PYTHONPATH": str(ROOT),
    }
    serve = shlex.split(f"{sys.executable} -m api.main serve")
    with serving(serve, folder=tmp_path, port=port, environment=settings):
        assert healthy() == 0
    assert healthy() != 0
