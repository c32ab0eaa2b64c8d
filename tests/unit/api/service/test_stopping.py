"""A stop reaches the model: its own stream is closed, whatever lies around it."""

import pytest

from api.core.events import Piece
from api.core.lifecycle import Status
from api.service import runner
from chains.contract import prepare
from tests.support.backends import Backend
from tests.support.chats import world
from tests.support.models import Endless, shapes

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("silent", [False, True], ids=["speaking", "silent"])
@pytest.mark.parametrize("shape", range(4))
async def test_the_models_own_stream_is_closed_by_the_time_a_stop_is_answered(
    backend: Backend, shape: int, silent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop is answered within half a second at most; on a busy machine a test had better wait."""
    monkeypatch.setattr(runner, "STOP_PATIENCE_S", 15)
    model = Endless(silent=silent)
    ann = world(backend, prepare("rag", shapes(model)[shape]))
    accepted = await ann.chat.send("ann", "Why?")
    follower = ann.chat.follower("rest")
    follower.follow(await ann.chat.begin_after(accepted))
    while (turn := await follower.turn()) and not isinstance(turn.follow.waiting[-1], Piece):
        turn.follow.took(len(turn.follow.waiting))
    assert await ann.chat.stop("ann", accepted.pending_message_id) is Status.CANCELLED
    follower.close()
    assert len(model.closed) == 1
    assert (await ann.answered(accepted.pending_message_id)).content.startswith("word ")
