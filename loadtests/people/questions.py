"""What people ask: scripts of random length and pace, each with a word that nobody else says."""

import random
import uuid

RATES = (20, 30, 40, 50)  # tokens a second
TYPICAL, SPREAD, SHORTEST, LONGEST = 60, 0.7, 5, 400  # tokens
WITH_SOURCES = 0.3  # of all answers
OPENINGS = (
    "What do you know about",
    "Please explain",
    "Why is there",
    "How would you find",
    "Tell me more of",
)


def question(dice: random.Random, *, tokens: int | None = None, haste: float = 1) -> str:
    """Return a question whose answer is `tokens` long, else as long as answers are; `haste` speeds it up."""
    length = tokens or round(dice.lognormvariate(0, SPREAD) * TYPICAL)
    length = max(SHORTEST, min(length, LONGEST))
    rate = dice.choice(RATES) * haste
    more = " sources=3 confidence=0.9" if dice.random() < WITH_SOURCES else ""
    return f"{dice.choice(OPENINGS)} n{uuid.uuid4().hex[:16]}? tokens={length} rate={rate:g}{more}"
