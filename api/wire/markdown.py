"""A session as a Markdown file that nothing in it can break.

Whatever was said stands in a quote, each line of it, so that the headings of the file are ours alone. Out
of a quote would reach only HTML and the definitions of links: both are escaped.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from api.core.lifecycle import Role, Status
from api.core.records import JSON, Kept, Message, Session
from api.wire.objects import time_json

_SPEAKERS = {Role.USER: "You", Role.ASSISTANT: "Assistant"}
_REMARKS = {
    Status.PENDING: "This answer had not begun when the file was made.",
    Status.STREAMING: "This answer was still being written when the file was made.",
    Status.CANCELLED: "This answer was stopped.",
    Status.FAILED: "This answer failed.",
    Status.INTERRUPTED: "This answer was interrupted.",
}
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")
_MARKUP = re.compile(r"[\\`*_\[\]<>#|~&$]")
_BEGINS_A_LIST = re.compile(r"^(\d*)([-+=.)])")
_ADDRESS = re.compile(r"https?://[^\s<>\\\x00-\x1f]+")
# A fence at the very beginning of its line stands in no list (and, without a bar, begins no table), so only
# its like ends it. Of another one that cannot be said, so after it nothing is taken for code any more.
_FENCE = re.compile(r"(`{3,})[^`|]*$|(~{3,})[^|]*$")
_ANOTHER_FENCE = re.compile(r"[ \t>*+\-\d.)]*(```|~~~)")
_HTML = re.compile(r"(?<!\\)((?:\\\\)*)<(?=[A-Za-z/!?])(?!https?:|mailto:)")  # that is not escaped yet
_DEFINITION = re.compile(r"^([ \t>*+\-\d.)]*\[(?:[^\[\]\\]|\\.){1,1000}\]):", re.MULTILINE | re.DOTALL)


def head(session: Session) -> str:
    return (
        f"# {_plain(session.title) or 'Chat'}\n\n"
        f"Begun on {time_json(session.created_at)}, answered by {_plain(session.chain)}.\n"
    )


def passage(kept: Kept) -> str:
    """One message under a heading that says who speaks; nothing of an attempt that was replaced."""
    return "" if kept.superseded else "\n" + "\n\n".join(_paragraphs(kept.message)) + "\n"


def _paragraphs(message: Message) -> Iterator[str]:
    yield f"## {_SPEAKERS[message.role]}, {time_json(message.created_at)}"
    if message.content.strip():
        yield _quoted(message.content)
    if message.status in _REMARKS:
        reason = "" if message.error is None else f" {_plain(message.error.message)}"
        yield f"*{_REMARKS[message.status]}*{reason}"
    if message.sources:
        yield "Sources:"
        yield "\n".join(_sources(message.sources))


def _sources(sources: Sequence[Mapping[str, JSON]]) -> Iterator[str]:
    for number, source in enumerate(sources, 1):
        uri, location = str(source.get("uri") or ""), source.get("location")
        shown = [_plain(str(source.get("title") or "Untitled"))]
        if isinstance(location, Mapping) and "page" in location:
            shown.append(f"page {_plain(str(location['page']))}")
        if uri:
            shown.append(f"<{uri}>" if _ADDRESS.fullmatch(uri) else _plain(uri))
        yield f"{number}. {', '.join(shown)}"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" if line else ">" for line in _harmless(text.splitlines()))


def _harmless(lines: Sequence[str]) -> Iterator[str]:
    """Code in a fence is left as it is; elsewhere HTML and definitions become the text that they are."""
    prose: list[str] = []
    fence, sure = "", True
    for line in lines:
        opened = _FENCE.match(line) if sure and not fence else None
        if opened:
            yield from _escaped(prose)
            prose = []
            fence = opened[1] or opened[2]
            yield line
        elif fence:
            yield line
            fence = "" if _closes(fence, line) else fence
        else:
            prose.append(line)
            sure = sure and not _ANOTHER_FENCE.match(line)
    yield from _escaped(prose)


def _closes(fence: str, line: str) -> bool:
    return re.fullmatch(rf" {{0,3}}{fence}{fence[0]}*[ \t]*", line) is not None


def _escaped(lines: Sequence[str]) -> list[str]:
    text = _HTML.sub(r"\1\\<", "\n".join(lines))
    return _DEFINITION.sub(r"\1\\:", text).split("\n") if lines else []


def _plain(text: str) -> str:
    """`text` on one line, none of it with a meaning to Markdown."""
    line = " ".join(_INVISIBLE.sub(" ", text).split())
    return _BEGINS_A_LIST.sub(r"\1\\\2", _MARKUP.sub(r"\\\g<0>", line))
