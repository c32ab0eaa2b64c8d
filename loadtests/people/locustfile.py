"""Locust's side: people as its users, their waits as its requests, violations as its failures.

`python -m loadtests.run` starts it. By itself, for a server that runs already:
`LOCUST_SKIP_MONKEY_PATCH=1 locust -f loadtests/people/locustfile.py --host http://127.0.0.1:8000`
"""

import logging
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, ClassVar

import gevent
from locust import User, events, task
from locust.env import Environment
from locust.event import EventHook

from loadtests.client import Closed, Mode, Refused
from loadtests.people.habits import HABITS, Habit
from loadtests.people.stage import Stage
from loadtests.people.wrongs import Wrong

if not os.environ.get("LOCUST_SKIP_MONKEY_PATCH"):
    sys.exit("set LOCUST_SKIP_MONKEY_PATCH=1: the people here live in asyncio, on sockets as they are")

logging.getLogger("httpx").setLevel(logging.WARNING)  # it would tell of every request

FASTEST_READER, SLOWEST_READER = 0.7, 1.5  # times what the text takes


def _options(parser: ArgumentParser, **_: object) -> None:
    group = parser.add_argument_group("People")
    group.add_argument("--folder", default="", help="Where observations are written; nowhere without")
    group.add_argument("--seed", type=int, default=0, help="Of everything random")
    group.add_argument("--haste", type=float, default=1, help="Divides all times of people and their clients")
    group.add_argument("--may-die", action="store_true", help="The server is restarted under the load")


class Stages:
    now: ClassVar[Stage]


def _begin(environment: Environment, **_: object) -> None:
    Stages.now = Stage(environment)


def _welcome(**_: object) -> None:
    Stages.now.hurried_at = None


def _hurry(**_: object) -> None:
    Stages.now.hurry()


def _broke(exception: Exception, **_: object) -> None:
    Stages.now.watch.violated(Wrong.BROKEN, repr(exception))


def _judge(environment: Environment, **_: object) -> None:
    """Exit with 1 after a violation, and when nothing was verified."""
    if environment.runner is not None:
        environment.runner.quit()
    stage = Stages.now
    stage.drain()
    good = stage.watch.totals["verified"] and not stage.watch.violations
    environment.process_exit_code = 0 if good else 1


LISTENERS: Mapping[EventHook, Callable[..., None]] = {
    events.init_command_line_parser: _options,
    events.init: _begin,
    events.test_start: _welcome,
    events.test_stopping: _hurry,
    events.user_error: _broke,
    events.quitting: _judge,
}
for hook, listener in LISTENERS.items():
    hook.add_listener(listener)  # type: ignore[no-untyped-call] # Locust's own


class Someone(User):
    """Does one habit after the other, and reads in between."""

    abstract = True
    mode: ClassVar[Mode]

    def on_start(self) -> None:
        self.stage = Stages.now
        self.person = self.stage.person(self.host or self.environment.host or "", self.mode)
        self.doing: Future[None] | None = None

    def on_stop(self) -> None:
        """See to its end what was begun, and go home."""
        try:
            if self.doing is not None and not self.doing.done():
                with suppress(gevent.GreenletExit):
                    self._see_through(self.doing)
        finally:
            self.stage.bridge.do(self.person.goodbye())
            self.stage.gone(self.person)

    def wait_time(self) -> float:
        factor = self.person.dice.uniform(FASTEST_READER, SLOWEST_READER)
        return float((1 + self.person.read_s) * factor / self.stage.haste)

    def do(self, habit: Habit) -> None:
        self.doing = self.stage.bridge.begin(habit(self.person))
        self._see_through(self.doing)

    def _see_through(self, doing: "Future[None]") -> None:
        try:
            self.stage.bridge.wait(doing)
        except (Refused, Closed) as error:
            self.stage.watch.violated(Wrong.REFUSED, str(error))
            self.stage.bridge.do(self.person.leave())
        except gevent.GreenletExit:
            # Locust may also kill somebody who has just begun, and takes them to be reading still.
            if self.stage.out_of_patience:
                self.stage.watch.violated(Wrong.ENDLESS, f"in session {self.person.session_id}")
                doing.cancel()
            raise


def _task(habit: Habit, weight: int) -> Any:  # Any: Locust's own
    def perform(user: Someone) -> None:
        user.do(habit)

    perform.__name__ = habit.__name__
    return task(weight)(perform)


Someone.tasks = [each for habit, weight in HABITS.items() for each in [_task(habit, weight)] * weight]


class OverWebSocket(Someone):
    mode = "websocket"
    weight = 5


class OverHttp(Someone):
    mode = "http"
    weight = 2


class EitherWay(Someone):
    """As the page does: the WebSocket, and HTTP stands in while that cannot be had."""

    mode = "auto"
    weight = 3
