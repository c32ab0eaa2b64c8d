from pathlib import Path

from loadtests.run.locusts import Crowd


def crowd(*, may_die: bool = False, web_port: int | None = None) -> list[str]:
    found = Crowd(200, 20, 90, 60, seed=4, haste=1, may_die=may_die, web_port=web_port)
    return found.arguments("http://proxy", Path("/folder"))


def test_without_a_ui_locust_ends_by_itself() -> None:
    words = " ".join(crowd())
    assert "--users 200 --spawn-rate 20 --stop-timeout 60" in words
    assert "--headless --only-summary --run-time 90s" in words
    assert "--may-die" not in words


def test_with_a_ui_people_decide_when_and_nobody_from_elsewhere_does() -> None:
    words = " ".join(crowd(web_port=8089))
    assert "--web-host 127.0.0.1 --web-port 8089" in words
    assert "--headless" not in words
    assert "--run-time" not in words


def test_only_where_servers_are_restarted_answers_may_be_interrupted() -> None:
    assert "--may-die" in crowd(may_die=True)
