from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from loadtests.cluster import proxy as module
from loadtests.cluster.errors import NoProxy, NotStarted
from loadtests.cluster.polling import until
from loadtests.cluster.proxy import Proxy
from tests.unit.loadtests.cluster.backends import WITHIN_S, Backend, proxied

MANY = 20


@pytest.fixture
def both(folder: Path) -> Iterator[tuple[Proxy, list[Backend]]]:
    with proxied(folder) as made:
        yield made


@pytest.fixture
def client(both: tuple[Proxy, list[Backend]]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=both[0].url, trust_env=False, timeout=WITHIN_S) as made:
        yield made


def test_servers_get_the_address_that_somebody_has_and_not_the_one_that_they_claim(
    both: tuple[Proxy, list[Backend]],
) -> None:
    elsewhere = httpx.HTTPTransport(local_address="127.0.0.5")
    claimed = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    with httpx.Client(base_url=both[0].url, transport=elsewhere) as client:
        told = client.get("/", headers=claimed).json()["headers"]
    found = {name.lower(): value for name, value in told.items()}
    assert found["x-forwarded-for"] == "127.0.0.5"
    assert found["x-forwarded-proto"] == "http"
    assert found["host"] == both[0].url.removeprefix("http://")


def test_what_a_server_says_goes_on_before_it_has_said_all(
    both: tuple[Proxy, list[Backend]], client: httpx.Client
) -> None:
    with client.stream("GET", "/stream") as response:
        said = response.iter_raw()
        assert next(said) == b"first"
        for backend in both[1]:
            backend.go_on.set()
        assert next(said) == b"last"


def test_an_upload_may_be_large(client: httpx.Client) -> None:
    assert client.post("/", content=bytes(25_000_000)).json() == {"bytes": 25_000_000}


@pytest.mark.parametrize("path", ["/metrics", "/%6Detrics", "/metrics/"])
def test_the_figures_of_servers_are_nobody_s_out_there(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_server_that_leaves_gets_nothing_new_and_ends_what_is_open(
    both: tuple[Proxy, list[Backend]], client: httpx.Client
) -> None:
    proxy, backends = both
    with client.stream("GET", "/stream") as response:
        said = response.iter_raw()
        assert next(said) == b"first"
        (leaving,) = (backend for backend in backends if backend.asked["/stream"])
        (other,) = (backend for backend in backends if backend is not leaving)
        leaving.fit = False
        assert until(lambda: proxy.up() == {other.name}, WITHIN_S)
        assert {client.get("/").json()["name"] for _ in range(MANY)} == {other.name}
        leaving.go_on.set()
        assert next(said) == b"last"
    leaving.fit = True
    assert until(lambda: proxy.up() == {"one", "two"}, WITHIN_S)


def test_where_a_connection_is_refused_another_server_is_asked_before_anybody_has_noticed(
    both: tuple[Proxy, list[Backend]], client: httpx.Client
) -> None:
    gone = Backend("gone")
    gone.die()
    both[0].servers = {"gone": gone.port, **both[0].servers}
    both[0].restart()
    assert {client.get("/").status_code for _ in range(MANY)} == {200}


def test_a_request_that_was_sent_is_not_sent_again(
    both: tuple[Proxy, list[Backend]], client: httpx.Client
) -> None:
    assert client.get("/break").status_code == 502
    assert sum(backend.asked["/break"] for backend in both[1]) == 1


def test_without_a_fit_server_it_says_so(both: tuple[Proxy, list[Backend]], client: httpx.Client) -> None:
    for backend in both[1]:
        backend.fit = False
    assert until(lambda: not both[0].up(), WITHIN_S)
    assert client.get("/").status_code == 503


def test_its_log_has_paths_without_what_somebody_searched(
    both: tuple[Proxy, list[Backend]], client: httpx.Client
) -> None:
    client.get("/api/chat/search", params={"q": "secret"})
    assert until(lambda: "GET /api/chat/search\n" in both[0].log.read_text(), WITHIN_S)
    assert "secret" not in both[0].log.read_text()


def test_settings_that_it_does_not_know_are_told_in_its_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = folder / "haproxy.cfg"
    settings.write_text("defaults\n    no-such-thing\n")
    monkeypatch.setattr(module, "SETTINGS", settings)
    with (
        pytest.raises(NotStarted, match=r"refuses its settings[^$]*unknown keyword 'no-such-thing'"),
        Proxy(folder),
    ):
        pass


def test_a_program_that_does_not_run_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEADYCHAT_HAPROXY", "/no/such/haproxy")
    with pytest.raises(NoProxy, match="/no/such/haproxy was not found"), Proxy(folder):
        pass
