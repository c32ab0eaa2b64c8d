"""Brings the accounts of all people, the server's histories and the chain's record together."""

import asyncio
import json
from pathlib import Path
from typing import Any, TypeAlias

import httpx

from loadtests.people.ledger import read_asked, read_seen
from loadtests.people.wrongs import Wrong
from loadtests.protocol.frames import Frame, is_terminal
from loadtests.run.history import History
from loadtests.run.reckoning import Reckoning, read_runs, reckon_person

# A server that was killed finds open answers within 5 s after its start.
SETTLE_TRIES, SETTLE_S = 10, 1.0
REST_S = 30
Account: TypeAlias = dict[str, Any]  # Any: JSON


async def reconcile(url: str, people: Path, record: Path | None) -> Reckoning:
    """Reckon with everybody in `people.jsonl`; without a `record` runs are not counted."""
    found = Reckoning()
    if not people.exists():
        return found
    accounts = [json.loads(line) for line in people.read_bytes().splitlines()]
    histories: list[tuple[Account, list[Frame]]] = []
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=REST_S) as http:
        for account in accounts:
            if account["token"] is not None:
                histories.append((account, await _history(found, account, http)))
    runs = None if record is None else read_runs(record)  # when nothing runs any more
    for account, history in histories:
        reckon_person(found, read_asked(account), read_seen(account), history, runs)
    return found


async def _history(found: Reckoning, account: Account, http: httpx.AsyncClient) -> list[Frame]:
    """Return all messages of a person, once none is open any more or after a while."""
    history, messages = History(http, account["token"]), []
    for _ in range(SETTLE_TRIES):
        try:
            messages = await history.messages()
        except httpx.HTTPError as error:
            found.violated(Wrong.UNREAD, repr(error))
            break
        if all(map(is_terminal, messages)):
            break
        await asyncio.sleep(SETTLE_S)
    return messages
