"""A person's own account, for the reckoning after the load: what they asked, and what they were shown."""

from dataclasses import asdict
from typing import Any

from loadtests.people.person import Asked, Person
from loadtests.people.seen import Seen, Sight


def write_person(person: Person) -> dict[str, Any]:  # Any: JSON
    return {
        "token": person.token,
        "asked": [asdict(each) for each in person.asked],
        "seen": {
            session_id: {id_: asdict(sight) for id_, sight in sights.items()}
            for session_id, sights in person.seen.sessions.items()
        },
    }


def read_asked(account: dict[str, Any]) -> list[Asked]:  # Any: JSON
    return [Asked(**each) for each in account["asked"]]


def read_seen(account: dict[str, Any]) -> Seen:  # Any: JSON
    found = Seen()
    for session_id, sights in account["seen"].items():
        found.sessions[session_id] = {id_: Sight(**sight) for id_, sight in sights.items()}
    return found
