"""Which of two representations of one message stands (protocol, section 2, merging)."""

import math
from collections.abc import Callable, Iterable
from typing import Literal

from loadtests.protocol.conversation.state import Conversation, Row
from loadtests.protocol.frames import Frame, is_terminal
from loadtests.protocol.text import Text

# `page` and `read` are both by REST.
Origin = Literal["ack", "event", "page", "read"]

# A row known from an ack alone may stand behind messages that are not here yet, so it does not show that
# a page joins the run; nor does reading it by its id.
UNHEARD = math.inf
# A row made from an ack guesses these; the first real representation knows them.
GUESSED = ("index", "created_at", "client_message_id", "reply_to", "retry_of")


def merge(state: Conversation, messages: Iterable[Frame], origin: Origin) -> None:
    """Merge messages into the rows, ordered by `index`."""
    reorder = False
    for message in messages:
        held = state.rows.get(message["id"])
        if origin == "ack" and held is not None:
            continue
        arrival = UNHEARD if held is None else held.arrival
        if arrival == UNHEARD and origin in {"event", "page"}:
            state.arrivals += 1
            arrival = state.arrivals
        reorder = reorder or held is None or held.index != message["index"]
        state.rows[message["id"]] = _merged(held, message, origin, arrival)
    if reorder:
        reorder_rows(state)


def _merged(held: Row | None, message: Frame, origin: Origin, arrival: float) -> Row:
    if held is None or _wins(message, held, origin):
        return Row(dict(message), Text(message["content"]), arrival)
    held.message = held.message | {field: message[field] for field in GUESSED}
    held.arrival = arrival
    return held


def _wins(message: Frame, held: Row, origin: Origin) -> bool:
    ended = is_terminal(message)
    if ended != held.ended:
        return ended
    if ended:
        return origin in {"page", "read"}
    return len(message["content"]) > len(held.text)


def without(state: Conversation, gone: Callable[[Row], bool]) -> None:
    state.rows = {id_: row for id_, row in state.rows.items() if not gone(row)}
    reorder_rows(state)


def reorder_rows(state: Conversation) -> None:
    state.order = sorted(state.rows, key=lambda id_: state.rows[id_].index)
