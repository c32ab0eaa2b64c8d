"""Rules 5 and 7: asking for the log, and starting over in another epoch."""

from loadtests.protocol.conversation.state import Conversation
from loadtests.protocol.effects import Effect, LoadNewest, Subscribe


def ask_id(state: Conversation) -> str:
    return f"{state.session_id[:48]}#{state.asks}"


def ask(state: Conversation, *, with_position: bool = True, delay_s: float = 0) -> list[Effect]:
    """Subscribe from the cursor, or without a position. One ask is outstanding at a time."""
    state.asks += 1
    state.following = "asked"
    position = None
    if with_position and state.epoch is not None and state.cursor is not None:
        position = (state.epoch, state.cursor)
    return [Subscribe(state.session_id, ask_id(state), position, delay_s)]


def want_page(state: Conversation, delay_s: float = 0) -> list[Effect]:
    """Want the newest page by a request made from now on; earlier ones no longer count."""
    state.ticket += 1
    state.page_wanted = True
    return [LoadNewest(state.session_id, state.ticket, delay_s)]


def gap(state: Conversation) -> list[Effect]:
    """Rule 5: again from the cursor; at a second gap in the same place without a position."""
    again = state.gap_at == state.cursor
    state.gap_at = state.cursor
    return ask(state, with_position=not again)


def new_epoch(state: Conversation, epoch: str) -> list[Effect]:
    """Rule 7: the log may have gone back. Rows and cursor go; page, then subscribe from its position."""
    state.epoch = epoch
    state.cursor = state.gap_at = state.lost_at = state.start_id = None
    state.era += 1
    state.following = "page"
    state.order = []
    state.rows = {}
    return want_page(state)
