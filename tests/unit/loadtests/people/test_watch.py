import json
from pathlib import Path
from typing import Any

from loadtests.measures import Measures, Recovery
from loadtests.people.watch import Violated, Watch
from loadtests.people.wrongs import Wrong

Fired = list[dict[str, Any]]  # Any: what Locust is told


def watch(file: Path | None = None) -> tuple[Watch, Fired]:
    fired: Fired = []
    return Watch(lambda **request: fired.append(request), file), fired


def test_a_wait_is_a_request_of_so_many_milliseconds() -> None:
    found, fired = watch()
    found.took("open", 0.25, by="websocket")
    assert fired == [], "only the greenlet that drains may tell Locust"
    found.drain({})
    (request,) = fired
    assert (request["request_type"], request["name"], request["response_time"]) == ("websocket", "open", 250)
    assert request["exception"] is None


def test_a_violation_is_a_failure() -> None:
    found, fired = watch()
    found.violated(Wrong.TABS, "message a")
    found.drain({})
    (request,) = fired
    assert request["name"] == Wrong.TABS
    assert isinstance(request["exception"], Violated)
    assert found.violations == {Wrong.TABS: 1}


def test_a_line_has_what_came_since_the_last(tmp_path: Path) -> None:
    file = tmp_path / "observations.jsonl"
    found, _ = watch(file)
    found.took("stop", 0.5)
    found.ended("complete", 12)
    found.drain({"users": 3})
    found.drain({"users": 2})
    first, second = (json.loads(line) for line in file.read_text().splitlines())
    assert (first["users"], first["times"], first["ends"]) == (3, {"stop": [0.5]}, {"complete": 1})
    assert first["counts"] == {"characters": 12}
    assert (second["users"], second["times"], second["ends"]) == (2, {}, {})


def test_what_a_client_measures_is_taken_whole(tmp_path: Path) -> None:
    file = tmp_path / "observations.jsonl"
    found, fired = watch(file)
    recovery = Recovery("s", "socket", 1.5, 0.02, 7, 40, recovered=True)
    measures = Measures([0.1], [2.0], [0.0, 0.004, 0.3], [recovery], connections=2)
    found.measured(measures, "WebSocket")
    found.drain({})
    line = json.loads(file.read_text())
    assert line["times"] == {
        "first token": [0.1],
        "whole answer": [2.0],
        "resume from the cut": [1.5],
        "resume from the connect": [0.02],
    }
    assert sum(line["lateness"].values()) == 3
    assert line["recoveries"][0]["events"] == 7
    assert line["counts"]["connections"] == 2
    assert {"latest token of an answer"} <= {request["name"] for request in fired}
