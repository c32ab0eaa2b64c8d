"""What one connection asks for, carried out: frames become use cases, results become replies."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from api.auth.identity import Authenticator, Identity
from api.core.errors import ChatError, Code
from api.core.failures import places
from api.core.records import JSON
from api.service.chat import Chat
from api.service.follow import NOWHERE, Asked, Follow, Follower, Start, Turn
from api.service.ports import Hint, NewId, StageHint
from api.service.requests import Accepted
from api.wire.connection import UNAUTHORIZED, UNSUPPORTED, Connection, Written
from api.wire.frames import HEARTBEAT_S, PROTOCOL, Hello, Ping, Retry, Send, Stop, Subscribe, Unsubscribe
from api.wire.incoming import AnyClientFrame
from api.wire.outgoing import ack_json, next_frame, subscribed_json

log = structlog.get_logger()

MOST_SESSIONS = 32
ROOM_RETRY_MS = 5_000


@dataclass(frozen=True, slots=True)
class SocketServices:
    """What every connection of this server shares."""

    chat: Chat
    who: Authenticator
    limits: dict[str, int]
    new_id: NewId


class Dialog:
    """One client: who it is, what it follows, and what waits to be sent to it."""

    def __init__(
        self,
        services: SocketServices,
        identity: Identity | None,
        identified: Callable[[Identity], None],
        written: Written,
    ) -> None:
        self._services = services
        self._chat = services.chat
        self.connection = Connection(written)
        self.follower: Follower = services.chat.follower("websocket", self.connection.pass_on)
        self.identity = identity
        self._identified = identified
        self.greeted = False
        """Whether a `hello` has come; its token may still be looked at."""
        self._early: StageHint | None = None

    def take(self, text: str) -> AnyClientFrame | None:
        """A request that is to be carried out in its turn.

        A ping is answered at once: it asks whether anybody is there, whatever else is waited for.
        """
        frame = self.connection.receive(text)
        self.greeted |= isinstance(frame, Hello)
        if isinstance(frame, Ping):
            self.connection.reply({"type": "pong"}, frame.id)
            frame = None
        if frame is None:
            self.follower.nudge()
        return frame

    async def answer(self, frame: AnyClientFrame) -> None:
        """Carries out one request; every failure becomes an answer to it."""
        try:
            await self._carry_out(frame)
        except ChatError as error:
            self.connection.refuse(error, frame.type, _ids(frame))
        except Exception as error:  # noqa: BLE001 - the client is told, the log has the details
            error_id = self._services.new_id()
            log.error(
                "request failed",
                error_id=error_id,
                request=frame.type,
                error=type(error).__name__,
                at=places(error),
            )
            self.connection.refuse(ChatError(Code.INTERNAL, error_id=error_id), frame.type, _ids(frame))
        self.follower.nudge()

    async def _carry_out(self, frame: AnyClientFrame) -> None:
        if isinstance(frame, Hello):
            await self._hello(frame)
        elif not isinstance(frame, Ping):
            await self._ask(frame, self._require_identity().user_id)

    async def _ask(self, frame: Send | Retry | Stop | Subscribe | Unsubscribe, user_id: str) -> None:
        if isinstance(frame, Send):
            await self._send(frame, user_id)
        elif isinstance(frame, Retry):
            await self._retry(frame, user_id)
        elif isinstance(frame, Stop):
            await self._stop(frame, user_id)
        elif isinstance(frame, Subscribe):
            await self._subscribe(frame, user_id)
        else:
            self.follower.leave(frame.session_id)

    def _require_identity(self) -> Identity:
        """Who is asking; a connection that wants something and is nobody's is closed."""
        if self.identity is None:
            self.connection.close(UNAUTHORIZED)
            raise ChatError(Code.UNAUTHORIZED)
        return self.identity

    async def _hello(self, frame: Hello) -> None:
        if frame.protocol != PROTOCOL:
            self.connection.close(UNSUPPORTED)
            raise ChatError(Code.UNSUPPORTED_VERSION)
        if frame.token is not None:
            await self._identify(frame.token)
        welcome: dict[str, JSON] = {
            "type": "welcome",
            "protocol": PROTOCOL,
            "heartbeat_s": HEARTBEAT_S,
            "limits": dict(self._services.limits),
            "user_id": self._require_identity().user_id,
        }
        self.connection.reply(welcome, frame.id)

    async def _identify(self, token: str) -> None:
        """Takes a new token in place of the old; a connection never changes its user."""
        try:
            identity = await self._services.who.check(token)
        except ChatError:
            self.connection.close(UNAUTHORIZED)
            raise
        if self.identity is not None and identity.user_id != self.identity.user_id:
            self.connection.close(UNAUTHORIZED)
            raise ChatError(Code.UNAUTHORIZED, "This token is another user's. Open a new connection.")
        self.identity = identity
        self._identified(identity)

    async def _send(self, frame: Send, user_id: str) -> None:
        follows = frame.session_id is not None and frame.session_id in self.follower
        accepted = await self._chat.send(
            user_id,
            frame.content,
            client_message_id=frame.client_message_id,
            session_id=frame.session_id,
            chain=frame.chain,
            barred=None if follows else self._no_room(),
        )
        await self._acknowledge(accepted, frame.id)

    async def _retry(self, frame: Retry, user_id: str) -> None:
        full = self._no_room()
        if full is not None and await self._chat.session_of(user_id, frame.message_id) in self.follower:
            full = None
        accepted = await self._chat.retry(
            user_id, frame.message_id, client_message_id=frame.client_message_id, barred=full
        )
        await self._acknowledge(accepted, frame.id)

    async def _acknowledge(self, accepted: Accepted, request_id: str | None) -> None:
        """The ack, and then the session's events, unless they come already, or why not."""
        unfollowed = accepted.session_id not in self.follower
        full = self._no_room() if unfollowed else None
        start = await self._chat.begin_after(accepted) if unfollowed and full is None else None
        self.connection.reply(ack_json(accepted), request_id)
        if start is not None:
            self._follow(start)
        elif full is not None and not accepted.status.terminal:
            self.connection.refuse(full, "subscribe", {"session_id": accepted.session_id})

    async def _stop(self, frame: Stop, user_id: str) -> None:
        status = await self._chat.stop(user_id, frame.message_id)
        stopped: dict[str, JSON] = {"type": "stopped", "message_id": frame.message_id, "status": status.value}
        self.connection.reply(stopped, frame.id)

    async def _subscribe(self, frame: Subscribe, user_id: str) -> None:
        full = None if frame.session_id in self.follower else self._no_room()
        if full is not None:
            raise full
        start = await self._chat.begin(user_id, frame.session_id, Asked(frame.epoch, frame.after))
        self._follow(start, frame.id)

    def _no_room(self) -> ChatError | None:
        """Why this connection can follow no further session."""
        if len(self.follower) < MOST_SESSIONS:
            return None
        words = (
            f"This connection follows {MOST_SESSIONS} sessions already. "
            "Unsubscribe from one and try again, or ask for the messages by REST."
        )
        return ChatError(Code.RATE_LIMITED, words, retry_after_ms=ROOM_RETRY_MS)

    def _follow(self, start: Start, request_id: str | None = None) -> None:
        """The reply is queued in the same step as the follow begins, so that it precedes its events."""
        self.follower.follow(start)
        self.connection.reply(subscribed_json(start), request_id)
        if self._early is not None and self._early.session_id == start.session_id:
            self.connection.hint(self._early)
        self._early = None

    async def take_turn(self, turn: Turn) -> str | None:
        """The next frame of a session whose turn it is, if it is still followed from there."""
        if not self.follower.holds(turn.follow):
            return None
        if turn.gone:
            self.follower.leave(turn.follow.session_id)
            return None
        if turn.lost:
            await self._begin_again(turn.follow)
            return None
        frame = next_frame(turn.follow.waiting)
        turn.follow.took(frame.events)
        return frame.text

    async def _begin_again(self, follow: Follow) -> None:
        """The log no longer holds what comes after the cursor: the client is told, unasked."""
        try:
            start = await self._chat.begin_again(follow.session_id, NOWHERE)
        except ChatError as error:
            if error.code is Code.NOT_FOUND:
                self.follower.leave(follow.session_id)
            else:
                self.follower.later(follow)
            return
        if self.follower.holds(follow):  # else the client has meanwhile gone elsewhere
            self._follow(start)

    def deliver(self, hint: Hint) -> None:
        if isinstance(hint, StageHint) and hint.session_id not in self.follower:
            self._early = hint  # an answer may begin before its sender follows it
            return
        self.connection.hint(hint)
        self.follower.nudge()

    def close(self) -> None:
        self.follower.close()


def _ids(frame: AnyClientFrame) -> dict[str, str]:
    names = ("id", "client_message_id", "session_id", "message_id")
    found = ((name, getattr(frame, name, None)) for name in names)
    return {name: value for name, value in found if value is not None}
