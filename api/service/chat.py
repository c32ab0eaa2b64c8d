"""The use cases of a chat. Every door is a way to call these."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from api.core.content import check_message
from api.core.errors import ChatError, Code
from api.core.lifecycle import Role, Status
from api.core.records import Message, Session
from api.service.follow import Asked, Follower, Start, begin
from api.service.ports import (
    Accepted,
    Claim,
    Ending,
    Hints,
    Log,
    NewId,
    Page,
    Rates,
    SendRequest,
    SessionHint,
    Store,
)
from api.service.runner import Job, Runner
from api.service.transcript import Exchanged, Transcript
from chains.contract import Chain

T = TypeVar("T")
NEW_SESSION_TITLE = "New chat"


@dataclass(frozen=True, slots=True)
class ChatLimits:
    """Code points of a message, running answers of a user; 0 means no limit."""

    message_chars: int
    generations_per_user: int


class Chat:
    """One user's wishes, checked, carried out, and told to the user's other connections."""

    def __init__(
        self,
        *,
        store: Store,
        log: Log,
        runner: Runner,
        chains: Mapping[str, Chain],
        hints: Hints,
        rates: Rates,
        limits: ChatLimits,
        new_id: NewId,
    ) -> None:
        self._store = store
        self._log = log
        self._runner = runner
        self._chains = chains
        self._hints = hints
        self._rates = rates
        self._limits = limits
        self._new_id = new_id
        self._tasks: set[asyncio.Task[Any]] = set()  # of any result

    # Sending and stopping

    async def send(
        self,
        user_id: str,
        content: str,
        *,
        client_message_id: str | None = None,
        session_id: str | None = None,
        chain: str | None = None,
        barred: ChatError | None = None,
    ) -> Accepted:
        """Accepts a message durably and starts its answer; the same `client_message_id` runs once.

        `barred` is why its door takes nothing new just now; a repetition is answered all the same.
        """
        check_message(content, client_message_id, self._limits.message_chars)
        request = SendRequest(user_id, content, client_message_id or self._new_id(), session_id, chain)
        refusal = barred or self._refusal(request)
        if refusal is not None:
            known = await self._store.repetition(request)
            if known is None:
                raise refusal
            return known
        return await self._carried_through(self._accept(request))

    async def _accept(self, request: SendRequest) -> Accepted:
        """What was reserved of the user's rate counts only if something new was accepted."""
        fence = self._new_id()
        new = False
        try:
            accepted = await self._store.accept(
                request, fence=fence, generations=self._limits.generations_per_user
            )
            new = not accepted.duplicate
        finally:
            self._rates.settle(request.user_id, counted=new)
        if new:
            self._start(request, accepted, fence)
            self._background(tell_session(self._store, self._hints, request.user_id, accepted.session_id))
        return accepted

    def _refusal(self, request: SendRequest) -> ChatError | None:
        """Why nothing new is accepted; if None, one message of the user's rate is reserved."""
        new_chain = request.session_id is None and request.chain is not None
        if new_chain and request.chain not in self._chains:
            return ChatError(Code.UNKNOWN_CHAIN)
        if self._runner.draining:
            return ChatError(Code.OVERLOADED, retry_after_ms=2000)
        wait_ms = self._rates.reserve(request.user_id)
        return None if wait_ms is None else ChatError(Code.RATE_LIMITED, retry_after_ms=wait_ms)

    def _start(self, request: SendRequest, accepted: Accepted, fence: str) -> None:
        claim = Claim(accepted.session_id, accepted.pending_message_id, fence)
        self._runner.start(Job(claim, request.user_id, accepted.chain, request.content, accepted.index))

    async def stop(self, user_id: str, message_id: str, session_id: str | None = None) -> Status:
        """Ends a running answer, whoever watches it; returns how it stands now."""
        message = await self._store.message(user_id, message_id, session_id)
        if message.status.terminal or message.role is Role.USER:
            return message.status
        await self._runner.end(message_id, Status.CANCELLED)
        # Where the generation has not ended it by now, it is ended here.
        status, _ = await self._store.finish(Ending(message_id, Status.CANCELLED))
        return status

    # Following

    async def begin(self, user_id: str, session_id: str, asked: Asked) -> Start:
        """Where a follower of this session begins."""
        await self._store.session(user_id, session_id)
        return await self.begin_again(session_id, asked)

    async def begin_again(self, session_id: str, asked: Asked) -> Start:
        """The same for a session that is already followed."""
        return begin(session_id, await self._log.state(session_id), asked)

    async def begin_after(self, accepted: Accepted) -> Start:
        """Where whoever sent a message begins: just before its answer came into being."""
        try:
            state = await self._log.state(accepted.session_id)
        except ChatError:
            if accepted.duplicate:
                raise
            # What was accepted is told as accepted; that its answer can be read from there needs no asking.
            return Start(accepted.session_id, accepted.before, accepted.before.seq + 1, recovered=False)
        return begin(accepted.session_id, state, before=accepted.before)

    def follower(self) -> Follower:
        return Follower(self._log)

    async def ended(self, user_id: str, accepted: Accepted) -> Exchanged:
        """Waits for the end of an accepted answer, also if its session is deleted meanwhile."""
        exchanged = None if accepted.status.terminal else await self._watched_to_the_end(accepted)
        if exchanged is not None:
            return exchanged
        question = await self._store.message(user_id, accepted.user_message_id)
        answer = await self._store.message(user_id, accepted.pending_message_id)
        return Exchanged(accepted, question, answer)

    async def _watched_to_the_end(self, accepted: Accepted) -> Exchanged | None:
        """Reads the session's log from the question on; None if it is no longer there."""
        follower = self.follower()
        follower.follow(accepted.session_id, replace(accepted.before, seq=accepted.before.seq - 1))
        transcript = Transcript(accepted)
        try:
            while (turn := await follower.turn()) and not (turn.lost or turn.gone):
                exchanged = transcript.take(turn.follow.waiting)
                if exchanged is not None:
                    return exchanged
                turn.follow.took(len(turn.follow.waiting))
        finally:
            follower.close()
        return None

    # Sessions and messages

    async def create_session(self, user_id: str, title: str | None, chain: str | None) -> Session:
        name = next(iter(self._chains)) if chain is None else chain
        if name not in self._chains:
            raise ChatError(Code.UNKNOWN_CHAIN)
        session = await self._store.create_session(user_id, _title(title) or NEW_SESSION_TITLE, name)
        self._hints.tell(user_id, SessionHint(session.id, session))
        return session

    async def session(self, user_id: str, session_id: str) -> Session:
        return await self._store.session(user_id, session_id)

    async def sessions(
        self, user_id: str, limit: int, offset: int, before: tuple[datetime, str] | None
    ) -> Sequence[Session]:
        return await self._store.sessions(user_id, limit, offset=offset, before=before)

    async def rename(self, user_id: str, session_id: str, title: str) -> Session:
        wanted = _title(title)
        if not wanted:
            raise ChatError(Code.INVALID, "The title is empty. Write a few words.")
        session = await self._store.rename(user_id, session_id, wanted)
        self._hints.tell(user_id, SessionHint(session_id, session))
        return session

    async def delete(self, user_id: str, session_id: str) -> None:
        await self._carried_through(self._delete(user_id, session_id))

    async def _delete(self, user_id: str, session_id: str) -> None:
        cancelled = await self._store.delete(user_id, session_id)
        if cancelled is not None:
            self._runner.abandon(cancelled)
        self._hints.tell(user_id, SessionHint(session_id))

    async def page(self, user_id: str, session_id: str, limit: int, before: str | None) -> Page:
        return await self._store.page(user_id, session_id, limit, before)

    async def message(self, user_id: str, session_id: str, message_id: str) -> Message:
        return await self._store.message(user_id, message_id, session_id)

    async def _carried_through(self, work: Coroutine[Any, Any, T]) -> T:
        """A caller that is cancelled in the middle, because its connection is lost, breaks nothing off."""
        return await asyncio.shield(self._background(work))

    async def settled(self) -> None:
        """Waits for what callers who have left, or were not kept waiting, have begun."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _background(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def tell_session(store: Store, hints: Hints, user_id: str, session_id: str) -> None:
    """Tells the user's connections how a session stands. A hint that cannot be made is not missed."""
    try:
        hints.tell(user_id, SessionHint(session_id, await store.session(user_id, session_id)))
    except ChatError:
        return


def _title(title: str | None) -> str:
    return " ".join((title or "").replace("\0", " ").split())
