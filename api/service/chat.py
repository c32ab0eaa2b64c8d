"""The use cases of a chat. Every door is a way to call these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakSet

from api.core.content import check_client_message_id, check_content
from api.core.errors import ChatError, Code
from api.core.lifecycle import Role, Status
from api.core.notes import What
from api.core.records import Message, Session
from api.service.accepting import LEAVING_RETRY_MS, Accepting
from api.service.background import Background
from api.service.follow import Asked, AtOnce, Follower, Start, begin, in_turn
from api.service.ports import Ending, Hints, Log, LogState, NewId, Notes, Page, Rates, SessionHint, Store
from api.service.reaper import Reaper
from api.service.requests import Accepted, RetryRequest, SendRequest
from api.service.runner import Runner
from api.service.transcript import watched_to_the_end
from api.service.visits import Door, Visitors
from chains.contract import Chain

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
        reaper: Reaper,
        chains: Mapping[str, Chain],
        hints: Hints,
        notes: Notes,
        visitors: Visitors,
        rates: Rates,
        limits: ChatLimits,
        new_id: NewId,
    ) -> None:
        self._store = store
        self._log = log
        self._runner = runner
        self._reaper = reaper
        self._chains = chains
        self._hints = hints
        self._notes = notes
        self._visitors = visitors
        self._message_chars = limits.message_chars
        self._new_id = new_id
        self._background = Background()
        self._followers: WeakSet[Follower] = WeakSet()
        self._parting = False
        self._accepting = Accepting(
            store=store,
            runner=runner,
            reaper=reaper,
            chains=chains,
            hints=hints,
            rates=rates,
            generations=limits.generations_per_user,
            background=self._background,
            new_id=new_id,
        )

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
        check_client_message_id(client_message_id)
        check_content(content, self._message_chars)
        key = client_message_id or self._new_id()
        return await self._accepting(SendRequest(user_id, content, key, session_id, chain), barred)

    async def retry(
        self,
        user_id: str,
        message_id: str,
        *,
        client_message_id: str | None = None,
        session_id: str | None = None,
        barred: ChatError | None = None,
    ) -> Accepted:
        """Starts another attempt at the newest answer of its session, else as `send` does."""
        check_client_message_id(client_message_id)
        key = client_message_id or self._new_id()
        return await self._accepting(RetryRequest(user_id, message_id, key, session_id), barred)

    async def stop(self, user_id: str, message_id: str, session_id: str | None = None) -> Status:
        """Ends a running answer, whoever watches it; returns how it stands now."""
        message = await self._store.message(user_id, message_id, session_id)
        if message.status.terminal or message.role is Role.USER:
            return message.status
        self._notes.note(What.STOP_ASKED, message_id=message_id)
        if not await self._runner.end(message_id, Status.CANCELLED):
            await self._reaper.check(message.session_id)
        # Where the generation has not ended it by now, it is ended here.
        return (await self._store.finish(Ending(message_id, Status.CANCELLED))).status

    # Following

    async def begin(self, user_id: str, session_id: str, asked: Asked) -> Start:
        """Where a follower of this session begins."""
        return await self._begin(session_id, asked, await self._log.state(session_id, user_id))

    async def begin_again(self, session_id: str, asked: Asked) -> Start:
        """The same for a session that is already followed."""
        return await self._begin(session_id, asked, await self._log.state(session_id))

    async def _begin(self, session_id: str, asked: Asked, state: LogState) -> Start:
        elsewhere = state.active_from is not None and not self._runner.writes_in(session_id)
        if elsewhere and await self._reaper.check(session_id):
            state = await self._log.state(session_id)
        return begin(session_id, state, asked)

    async def begin_after(self, accepted: Accepted) -> Start:
        """Where whoever sent a message begins: just before its answer came into being."""
        if not accepted.duplicate:  # the log ended with it, and whoever asks again may find it longer
            return Start(accepted.session_id, accepted.before, accepted.before.seq + 1, recovered=False)
        state = await self._log.state(accepted.session_id)
        return begin(accepted.session_id, state, before=accepted.before)

    def follower(self, door: Door, at_once: AtOnce = in_turn) -> Follower:
        found = Follower(self._log, self._visitors.enter(door), at_once)
        self._followers.add(found)
        if self._parting:
            found.part()
        return found

    def part(self) -> None:
        """The server leaves: all followers are read to the end, and then let go."""
        self._parting = True
        for follower in self._followers:
            follower.part()

    async def ended(self, user_id: str, accepted: Accepted) -> Message:
        """Waits for the end of an accepted answer, also if its session is deleted meanwhile."""
        if not accepted.status.terminal:
            answer = await watched_to_the_end(self.follower("rest"), accepted)
            if answer is not None:
                return answer
        message = await self._store.message(user_id, accepted.pending_message_id)
        if not message.status.terminal:  # the server leaves, and its end could not be written
            raise ChatError(Code.OVERLOADED, retry_after_ms=LEAVING_RETRY_MS)
        return message

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
        await self._background.carried_through(self._delete(user_id, session_id))

    async def _delete(self, user_id: str, session_id: str) -> None:
        cancelled = await self._store.delete(user_id, session_id)
        if cancelled is not None:
            self._runner.abandon(cancelled)
        self._hints.tell(user_id, SessionHint(session_id))

    async def page(
        self, user_id: str, session_id: str, limit: int, before: str | None, *, superseded: bool = False
    ) -> Page:
        return await self._store.page(user_id, session_id, limit, before, superseded=superseded)

    async def message(self, user_id: str, session_id: str, message_id: str) -> Message:
        return await self._store.message(user_id, message_id, session_id)

    async def session_of(self, user_id: str, message_id: str) -> str:
        """The session that a message belongs to."""
        return (await self._store.message(user_id, message_id)).session_id

    async def settled(self) -> None:
        """Waits for what callers who have left, or were not kept waiting, have begun."""
        await self._background.settled()


def _title(title: str | None) -> str:
    return " ".join((title or "").replace("\0", " ").split())
