"""Rules 6 and 8: pages."""

from loadtests.protocol.conversation.asking import ask, new_epoch, want_page
from loadtests.protocol.conversation.rows import merge, without
from loadtests.protocol.conversation.state import Conversation
from loadtests.protocol.effects import Effect, LoadMessage
from loadtests.protocol.frames import Frame

AGAIN_S = 1.0


def newest_page(state: Conversation, page: Frame, ticket: int) -> list[Effect]:
    if ticket != state.ticket:
        return []
    if state.epoch is not None and page["epoch"] != state.epoch:
        return new_epoch(state, page["epoch"])
    if _lies_before(state, page):
        return want_page(state, AGAIN_S)
    _keep_run(state, page)
    merge(state, page["messages"], "page")
    state.epoch = page["epoch"]
    state.cursor = page["seq"] if state.cursor is None else state.cursor
    state.page_wanted = False
    state.loaded = True
    state.lost_at = None
    if page["next_cursor"] is None:
        state.start_id = page["messages"][0]["id"] if page["messages"] else None
    effects = _left_behind(state, page)
    if state.following in {"no", "page"}:
        if state.connected:
            return effects + ask(state)
        state.following = "no"
    return effects


def _left_behind(state: Conversation, page: Frame) -> list[Effect]:
    """An answer that runs, as far as is known, but stands behind others has ended while nobody listened."""
    there = {message["id"] for message in page["messages"]}
    last = page["messages"][-1]["index"] if page["messages"] else 0
    return [
        LoadMessage(state.session_id, id_, state.era, mismatch=False)
        for id_, row in state.rows.items()
        if not row.ended and row.index < last and id_ not in there
    ]


def _lies_before(state: Conversation, page: Frame) -> bool:
    """A page that lies wholly before the run was read before the run's messages existed."""
    oldest = state.oldest_index
    newest = page["messages"][-1]["index"] if page["messages"] else 0
    return oldest is not None and newest < oldest


def _keep_run(state: Conversation, page: Frame) -> None:
    """Rule 8: a page that touches none of the rows held before leaves a hole, so the older rows go."""
    limit = state.arrivals if state.lost_at is None else state.lost_at
    held = [state.rows[message["id"]] for message in page["messages"] if message["id"] in state.rows]
    if not page["messages"] or any(row.arrival <= limit for row in held):
        return
    start = page["messages"][0]["index"]
    without(state, lambda row: row.index < start)


def older_page(state: Conversation, page: Frame, before: str, era: int) -> list[Effect]:
    """An older page counts only while the row it was asked before is the oldest shown."""
    if era != state.era:
        return []
    if page["epoch"] != state.epoch:
        return new_epoch(state, page["epoch"])
    if not state.order or state.order[0] != before:
        return []
    merge(state, page["messages"], "page")
    if page["next_cursor"] is None:
        state.start_id = page["messages"][0]["id"] if page["messages"] else before
    return []
