"""What all users of one Locust process share: the loop, the watch, the world, and who is there."""

import json
import random
import time
from argparse import Namespace
from pathlib import Path

import gevent
from locust.env import Environment

from loadtests.client import Mode
from loadtests.people.bridge import Bridge
from loadtests.people.ledger import write_person
from loadtests.people.person import Person, World
from loadtests.people.watch import Watch

TELL_S = 1.0


class Stage:
    """Made when Locust is ready, with the options of its command line."""

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
