"""What the scripted chain says to a question."""

from chains.script import Fail, Say, read_script, steps


def said(question: str) -> str | None:
    """Return the answer to a question up to where its script fails; None if it is no script."""
    try:
        script = read_script(question)
    except ValueError:
        return None
    parts: list[str] = []
    for step in steps(script):
        if isinstance(step, Fail):
            break
        if isinstance(step, Say):
            parts.append(_text(step.raw))
    return _stored("".join(parts))


def _text(raw: object) -> str:
    if isinstance(raw, dict):
        raw = raw.get("answer", raw.get("chunk", ""))
    return raw if isinstance(raw, str) else ""


def _stored(text: str) -> str:
    """Join surrogates that came apart, and replace what cannot be stored, as the server does."""
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return joined.replace("\0", "\ufffd")
