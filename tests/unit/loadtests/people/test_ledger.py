import json
import random

from loadtests.people.ledger import read_asked, read_seen, write_person
from loadtests.people.person import Asked, Person, World
from loadtests.people.watch import Watch
from tests.support.wireframes import message, question


def test_an_account_survives_being_written_down() -> None:
    person = Person(World("http://here", Watch(lambda **_: None)), "auto", random.Random(1))
    person.asked = [Asked("c", "Why?", "s", "a"), Asked("d", "How?")]
    person.seen.look("s", [question("q", 1), message("a", 2, reply_to="q", content="t0 ")])
    account = json.loads(json.dumps(write_person(person)))
    assert account["token"] is None
    assert read_asked(account) == person.asked
    assert read_seen(account).sessions == person.seen.sessions
