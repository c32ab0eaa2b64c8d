"""What can go wrong with a chain before it speaks and while it speaks."""

from __future__ import annotations

MOST_NAMED = 200


class ChainRefused(Exception):
    """A chain cannot be used. Its text is one line for a person: which chain, what is wrong, what to do."""

    def __init__(self, chain: str, problem: str) -> None:
        self.chain = chain
        super().__init__(" ".join(f"chain {chain}: {problem}".split()))


class UnsupportedPiece(Exception):
    """A chain yielded something that is no piece of an answer; `found` names its type."""

    def __init__(self, found: str) -> None:
        found = found[:MOST_NAMED]
        self.found = found
        super().__init__(
            f"the chain yielded {found}; a piece is a str, a message chunk, or a dict "
            "with any of answer, sources, context, confidence, status"
        )
