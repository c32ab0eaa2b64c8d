"""Locust's side: people as its users, their waits as its requests, violations as its failures.

`python -m loadtests.run` starts it. By itself, for a server that runs already:
`LOCUST_SKIP_MONKEY_PATCH=1 locust -f loadtests/people/locustfile.py --host http://127.0.0.1:8000`
"""

import json
import logging
import os
import random
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import gevent
from locust import User, events, task
from locust.env import Environment
from locust.event import EventHook

from loadtests.client import Closed, Mode, Refused
from loadtests.people.bridge import Bridge
from loadtests.people.habits import HABITS, Habit
from loadtests.people.ledger import write_person
from loadtests.people.person import Person, World
from loadtests.people.watch import Watch
from loadtests.people.wrongs import Wrong

if not os.environ.get("LOCUST_SKIP_MONKEY_PATCH"):
    sys.exit("set LOCUST_SKIP_MONKEY_PATCH=1: the people here live in asyncio, on sockets as they are")

logging.getLogger("httpx").setLevel(logging.WARNING)  # it would tell of every request

TELL_S = 1.0
FASTEST_READER_S, SLOWEST_READER_S = 0.7, 1.5  # times what the text takes


def _options(parser: ArgumentParser, **_: object) -> None:
    group = parser.add_argument_group("People")
    group.add_argument("--folder", default="", help="Where observations are written; nowhere without")
    group.add_argument("--seed", type=int, default=0, help="Of everything random")
    group.add_argument("--haste", type=float, default=1, help="Divides all times of people and their clients")
    group.add_argument("--may-die", action="store_true", help="The server is restarted under the load")


class Stage:
    """What all users of one process share. Made when Locust is ready."""

    def __init__(self, environment: Environment) -> None:
        options = environment.parsed_options or Namespace()
        self.environment = environment
        self.folder = Path(options.folder) if options.folder else None
        file = self.folder / "observations.jsonl" if self.folder else None
        self.watch = Watch(environment.events.request.fire, file)
        self.bridge = Bridge()
        self.haste: float = options.haste
        self.may_die: bool = options.may_die
        self.dice = random.Random(options.seed)  # noqa: S311 - people that can be repeated
        self.people: set[Person] = set()
        self.world: World | None = None
        self.hurried_at: float | None = None
        gevent.spawn(self._tell)

    def person(self, host: str, mode: Mode) -> Person:
        if self.world is None:
            self.world = World(host.rstrip("/"), self.watch, self.haste, self.may_die)
        person = Person(self.world, mode, random.Random(self.dice.getrandbits(32)))  # noqa: S311 - as above
        self.people.add(person)
        return person

    def gone(self, person: Person) -> None:
        self.people.discard(person)
        if self.folder is not None:
            with (self.folder / "people.jsonl").open("a") as lines:
                lines.write(json.dumps(write_person(person)) + "\n")

    def hurry(self) -> None:
        """Tell everybody that it is time to go."""
        self.hurried_at = time.monotonic()
        for person in list(self.people):
            self.bridge.loop.call_soon_threadsafe(person.stopping.set)

    @property
    def out_of_patience(self) -> bool:
        """Whether Locust kills those who still wait for something; else it has only caught them reading."""
        patience_s = (self.environment.stop_timeout or 0) - TELL_S
        return self.hurried_at is not None and time.monotonic() - self.hurried_at > patience_s

    def drain(self) -> None:
        runner = self.environment.runner
        self.watch.drain({"users": 0 if runner is None else runner.user_count})

    def _tell(self) -> None:
        while True:
            gevent.sleep(TELL_S)
            self.drain()


class Stages:
    now: ClassVar[Stage]


def _begin(environment: Environment, **_: object) -> None:
    Stages.now = Stage(environment)


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

    def on_stop(self) -> None:
        self.stage.bridge.wait(self.person.goodbye())
        self.stage.gone(self.person)

    def wait_time(self) -> float:
        factor = self.person.dice.uniform(FASTEST_READER_S, SLOWEST_READER_S)
        return (1 + self.person.read_s) * factor / self.stage.haste

    def do(self, habit: Habit) -> None:
        try:
            self.stage.bridge.wait(habit(self.person))
        except (Refused, Closed) as error:
            self.stage.watch.violated(Wrong.REFUSED, f"{habit.__name__}: {error}")
            self.stage.bridge.wait(self.person.leave())
        except gevent.GreenletExit:
            if self.stage.out_of_patience:
                self.stage.watch.violated(Wrong.ENDLESS, f"{habit.__name__} in {self.person.session_id}")
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
