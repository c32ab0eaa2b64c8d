"""How the answers stand after trouble below their server, and whether they may stand like that."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from api.database.copy import damage
from chains.script import read_script
from tests.faults.asking import AT_ONCE, Sent, read, until_ended
from tests.faults.oracle import Oracle, Shown, over_rest
from tests.faults.server import Server
from tests.faults.tab import Tab

UNCOMMITTED_BYTES = 256 * 1024
WAITS_S = 30.0
"""So long an answer waits for its database before it ends unsaved."""


@dataclass
class Aftermath:
    """`lasted_s` is how long the trouble was: a short one may cost no answer anything."""

    server: Server
    oracle: Oracle
    client: httpx.AsyncClient
    tab: Tab
    lasted_s: float
    unsaved: int = 0
    violations: list[str] = field(default_factory=list)

    async def judge(self, before: Sequence[Sent], during: Sequence[Sent]) -> list[str]:
        """Of answers that were watched from before the trouble on, and of those that were asked for later."""
        for sent in during:
            await self._answered(sent)
        shown = [await self._watched(sent) for sent in before]
        shown += [each for sent in during if (each := await self._kept(sent)) is not None]
        found = [*self.oracle.judge(shown), *self.oracle.leftovers(), *await over_rest(self.client, shown)]
        self.violations += [*found, *self._pulled_too_much(shown)]
        for each in shown:
            await self._see_how_it_ended(each)
        if damaged := damage(self.server.database):
            self.violations.append(f"the database is damaged: {damaged}")
        if not self.server.alive:
            self.violations.append(f"the server has ended: {self.server.said()}")
        return self.violations

    async def _answered(self, sent: Sent) -> None:
        if sent.ack is None:  # it was refused, so the same id may be used again
            answer = await self.client.post("/api/chat/messages", json=body_of(sent), headers=AT_ONCE)
            sent.ack = answer.raise_for_status().json()
        await until_ended(self.client, sent)

    async def _watched(self, sent: Sent) -> Shown:
        assert sent.ack is not None
        return await self.tab.shown(sent.ack["pending_message_id"], sent.client_message_id, sent.question)

    async def _kept(self, sent: Sent) -> Shown | None:
        try:
            return await read(self.client, sent)
        except httpx.HTTPStatusError as error:
            self.violations.append(f"{sent.client_message_id} was confirmed: {error}")
            return None

    async def _see_how_it_ended(self, shown: Shown) -> None:
        """Whole; or unsaved, if the trouble was longer than it waits."""
        if shown.status == "complete":
            return
        path = f"/api/chat/sessions/{shown.session_id}/messages/{shown.message_id}"
        error = (await self.client.get(path)).raise_for_status().json()["error"]
        how = f"{shown.status} ({error and error['code']})"
        if how == "failed (storage_unavailable)" and self.lasted_s > WAITS_S:
            self.unsaved += 1
        else:
            self.violations.append(f"{shown.message_id} ended {how} by {self.lasted_s:.0f} s of trouble")

    def _pulled_too_much(self, shown: Sequence[Shown]) -> list[str]:
        """What the chain was made to say, beyond what was saved, is no more than may wait."""
        said = {}
        for line in map(json.loads, self.server.record.read_text().splitlines()):
            if line["event"] == "end":
                said[line["question"]] = line["said"]
        found = []
        for each in shown:
            script = read_script(each.question)
            numbers = range(min(said[each.question], script.tokens))
            pulled = sum(len(script.token(number)) for number in numbers)
            if pulled > len(each.text) + UNCOMMITTED_BYTES + len(script.token(0)):
                found.append(f"{each.message_id}: {pulled} bytes were pulled and {len(each.text)} saved")
        return found


def body_of(sent: Sent) -> dict[str, str]:
    return {"content": sent.question, "client_message_id": sent.client_message_id}
