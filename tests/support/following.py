"""One session followed by hand."""

from loadtests.protocol import conversation
from loadtests.protocol.conversation import Asked, Conversation
from loadtests.protocol.effects import Effect, Subscribe
from loadtests.protocol.frames import Frame
from tests.support.wireframes import SESSION, page, subscribed


class Talk:
    """A conversation that remembers what it asked for."""

    def __init__(self) -> None:
        self.state = Conversation(SESSION)
        self._asked: list[Effect] = []

    def connected(self) -> "Talk":
        self._asked += conversation.connected(self.state)
        return self

    def disconnected(self) -> "Talk":
        self._asked += conversation.disconnected(self.state)
        return self

    def frames(self, *frames: Frame) -> "Talk":
        for frame in frames:
            self._asked += conversation.heard(self.state, frame)
        return self

    def page(self, newest: Frame, ticket: int) -> "Talk":
        self._asked += conversation.newest_page(self.state, newest, ticket)
        return self

    def older(self, older: Frame, before: str, era: int = 0) -> "Talk":
        self._asked += conversation.older_page(self.state, older, before, era)
        return self

    def read(self, message: Frame, era: int = 0) -> "Talk":
        self._asked += conversation.message_read(self.state, message, era)
        return self

    def acked(self, ack: Frame, *, retry_of: str | None = None, followed: bool = True) -> "Talk":
        asked = Asked(None if retry_of else "why?", retry_of)
        self._asked += conversation.acked(self.state, ack, asked, followed=followed)
        return self

    def failed(self, error: Frame, retry_after_s: float | None) -> "Talk":
        self._asked += conversation.subscribe_failed(self.state, error, retry_after_s)
        return self

    def news(self) -> list[Effect]:
        """What was asked for since the last look."""
        news, self._asked = self._asked, []
        return news

    def text(self, id_: str = "a") -> str:
        return str(self.state.rows[id_].text)

    def status(self, id_: str = "a") -> str:
        found: str = self.state.rows[id_].message["status"]
        return found


def following(newest: Frame | None = None) -> Talk:
    """Connected, the newest page read, subscribed from its position."""
    newest = newest or page([])
    talk = Talk().connected().page(newest, 1)
    ask = next(effect for effect in talk.news() if isinstance(effect, Subscribe))
    return talk.frames(subscribed(newest["seq"], id=ask.ask_id, epoch=newest["epoch"]))
