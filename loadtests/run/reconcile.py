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


def read_accounts(people: Path) -> list[Account]:
    """Return what everybody who has left says; nobody has without the file."""
    lines = people.read_bytes().splitlines() if people.exists() else []
    return [account for line in lines if (account := json.loads(line))["token"] is not None]


async def reconcile(url: str, accounts: list[Account], record: Path | None) -> Reckoning:
    """Reckon with everybody; without a `record` runs are not counted."""
    found = Reckoning()
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=REST_S) as http:
        histories = [await _history(found, account, http) for account in accounts]
    runs = None if record is None else read_runs(record)  # when nothing runs any more
    for account, history in zip(accounts, histories, strict=True):
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
