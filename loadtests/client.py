"""A chat client that verifies everything it hears.

`async with ChatClient("http://127.0.0.1:8000") as client: answer = await client.ask("Why?")`

It comes back after whatever happens to network and server, resumes at its own position, and counts in
`violations` what a correct server would not have done; `measures` has the times.
"""

import asyncio
import random
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Self

import httpx

from loadtests.driver import Driver, Mode
from loadtests.errors import Closed, Refused, Unreached
from loadtests.expected import said
from loadtests.measures import Measures
from loadtests.protocol.backoff import Pace
from loadtests.protocol.conversation import Conversation
from loadtests.protocol.frames import Frame
from loadtests.protocol.outbox import Entry
from loadtests.protocol.verify.verifier import Verifier
from loadtests.protocol.verify.violations import Violations
from loadtests.transports.rest import Rest
from loadtests.waiting import Answer, Waiting

__all__ = ["Answer", "ChatClient", "Closed", "Mode", "Pace", "Refused", "Unreached"]

CROWDED = 4504


class ChatClient:
    """One user on one connection; `token` None makes a new anonymous user.

    `scripted` compares every answer with what the scripted chain says to its question. An `http` client may
    be shared by many. `seed` repeats the random factors of the back-off.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        transport: Mode = "auto",
        pace: Pace | None = None,
        scripted: bool = False,
        http: httpx.AsyncClient | None = None,
        seed: int | None = None,
        page_limit: int = 50,
    ) -> None:
        self._own_http = http is None
        self._token = token
        self._http = http or httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=None))
        self._driver = Driver(
            url.rstrip("/"),
            self._http,
            transport,
            pace or Pace(),
            Verifier(said) if scripted else Verifier(),
            random.Random(seed),  # noqa: S311 - a jitter
            page_limit,
        )
        self._waiting = Waiting(self._driver)

    async def __aenter__(self) -> Self:
        if self._token is None:
            identity = await self.rest.patiently(self.rest.identity)
            self._token = str(identity["token"])
        self._driver.start(self._token)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._driver.close()
        if self._own_http:
            await self._http.aclose()
        if error is None:
            self._driver.background.check()

    @property
    def token(self) -> str:
        return self._token or ""

    @property
    def rest(self) -> Rest:
        return self._driver.rest

    @property
    def violations(self) -> Violations:
        return self._driver.verifier.violations

    @property
    def measures(self) -> Measures:
        return self._driver.measures

    @property
    def carrier(self) -> str:
        """What carries the frames now: `socket`, `http` or `none`."""
        return self._driver.core.carrier

    @property
    def fault(self) -> Closed | None:
        """Why the server closed the connection for good, if it did."""
        return self._driver.fault

    def switch(self, transport: Mode) -> None:
        """Go on by another way from now on."""
        self._driver.switch(transport)

    def cut(self) -> None:
        """Break the connection, as a network does."""
        if self._driver.socket is not None:
            self._driver.socket.cut()

    def reconnect(self) -> None:
        """Try again now, whatever is being waited for."""
        if self._driver.socket is not None:
            self._driver.socket.wake()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until it is true; it is looked at after whatever happens."""
        await self._driver.background.until(true, often=True)

    async def ask(
        self,
        content: str,
        *,
        session_id: str | None = None,
        client_message_id: str | None = None,
        chain: str | None = None,
    ) -> Answer:
        """Send a message and wait for its answer's end, however often the connection is lost meanwhile.

        Raises `Refused` if the server does not take it, `Closed` if it closed the connection for good.
        """
        entry = self.send(content, session_id=session_id, client_message_id=client_message_id, chain=chain)
        return await self._answered(entry)

    async def retry(self, answer: Answer, *, client_message_id: str | None = None) -> Answer:
        """Have the newest answer of a session tried again."""
        name = client_message_id or str(uuid.uuid4())
        entry = Entry(name, None, session_id=answer.session_id, retry_of=answer.id)
        self._put(entry)
        return await self._answered(entry)

    def send(
        self,
        content: str,
        *,
        session_id: str | None = None,
        client_message_id: str | None = None,
        chain: str | None = None,
    ) -> Entry:
        """Put a message on its way; `accepted` and `ended` wait for what becomes of it."""
        entry = Entry(client_message_id or str(uuid.uuid4()), content, session_id=session_id, chain=chain)
        self._put(entry)
        return entry

    def _put(self, entry: Entry) -> None:
        driver = self._driver
        driver.verifier.sent(entry.client_message_id, entry.content)
        driver.measures.sent(entry.client_message_id, entry.content, driver.now)
        driver.perform(driver.core.put(entry))
        if self.fault is not None and self.fault.code == CROWDED:
            self.reconnect()

    async def _answered(self, entry: Entry) -> Answer:
        try:
            ack = await self.accepted(entry)
            message = await self.ended(ack["session_id"], ack["pending_message_id"])
        finally:
            self._driver.core.outbox.entries.pop(entry.client_message_id, None)
        return Answer.of(ack, message)

    async def accepted(self, entry: Entry) -> Frame:
        """Wait for the ack of what was sent."""
        return await self._waiting.accepted(entry)

    async def ended(self, session_id: str, message_id: str) -> Frame:
        """Wait until a message has ended; return it as it is held."""
        driver = self._driver
        driver.core.hold(session_id)
        try:
            return await self._waiting.ended(session_id, message_id)
        finally:
            self.leave(session_id)

    async def stop(self, session_id: str, message_id: str) -> str:
        """Stop an answer, wherever it runs; return the status that it has then."""
        driver = self._driver
        if self.carrier == "socket":
            name = driver.request_id()
            reply = driver.replies[name] = asyncio.get_running_loop().create_future()
            driver.say({"type": "stop", "id": name, "message_id": message_id})
            try:
                async with asyncio.timeout(driver.pace.reply_s):
                    frame = await reply
            except (TimeoutError, Unreached):
                driver.replies.pop(name, None)
            else:
                if frame["type"] == "error":
                    raise Refused(0, frame)
                return str(frame["status"])
        stopped = await self.rest.patiently(lambda: self.rest.stop(session_id, message_id))
        return str(stopped["status"])

    async def follow(self, session_id: str) -> Conversation:
        """Follow a session from now on; return what is known of it, which goes on changing."""
        driver = self._driver
        driver.gone.pop(session_id, None)
        driver.core.hold(session_id)
        driver.perform(driver.core.open(session_id))
        await self.until(lambda: session_id in driver.gone or driver.core.conversations[session_id].loaded)
        if session_id in driver.gone:
            raise driver.gone[session_id]
        return driver.core.conversations[session_id]

    def leave(self, session_id: str) -> None:
        """Look at a session no longer: it is followed until others have come in its place."""
        self._driver.core.release(session_id)
        for surplus in self._driver.core.surplus():
            self._driver.leave(surplus)

    async def older(self, session_id: str) -> bool:
        """Load the page before the oldest message held; say whether there was one."""
        return await self._driver.reads.older(session_id)

    async def history(self, session_id: str) -> list[Frame]:
        """Return all messages of a followed session, oldest first; the newest attempts only."""
        while await self.older(session_id):
            pass
        return self._driver.core.conversations[session_id].shown()
