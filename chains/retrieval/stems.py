"""Words as the full-text index sees them: SQLite's own porter stemmer, so that both always agree."""

from __future__ import annotations

import re
import sqlite3
import threading
from typing import TYPE_CHECKING

from chains.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORD = re.compile(r"\w+")
# fmt: off
STOP_WORDS = frozenset({
    "a", "about", "all", "am", "an", "and", "any", "are", "as", "at", "be", "been", "being", "but",
    "by", "can", "cannot", "could", "d", "did", "do", "does", "doing", "don", "done", "for", "from",
    "get", "gets", "give", "had", "has", "have", "having", "he", "her", "here", "him", "his", "how",
    "i", "if", "in", "into", "is", "isn", "it", "its", "just", "let", "ll", "m", "may", "me", "might",
    "more", "most", "much", "must", "my", "no", "not", "of", "off", "on", "one", "only", "or", "other",
    "our", "out", "own", "please", "re", "s", "shall", "she", "should", "so", "some", "such", "t",
    "tell", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those",
    "through", "to", "too", "under", "up", "us", "use", "used", "using", "ve", "very", "want", "was",
    "way", "we", "were", "what", "when", "where", "which", "while", "who", "whom", "whose", "why",
    "will", "with", "would", "you", "your",
})
# fmt: on


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, each once, in order."""
    return list(dict.fromkeys(_WORD.findall(clean(text).lower())))


def content_words(text: str) -> list[str]:
    """Return the words that say what a question is about; all of them if there are only stop words."""
    found = words(text)
    return [each for each in found if each not in STOP_WORDS] or found


class Stemmer:
    """Turns texts into stems, by an index in memory that holds nothing else."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._database.execute("CREATE VIRTUAL TABLE texts USING fts5(text, tokenize = 'porter unicode61')")
        self._database.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(texts, instance)")

    def stems(self, texts: Sequence[str]) -> list[list[str]]:
        """Return the stems of each text in order, with repetitions."""
        found: list[list[str]] = [[] for _ in texts]
        with self._lock:
            self._database.execute("DELETE FROM texts")
            self._database.executemany(
                "INSERT INTO texts (rowid, text) VALUES (?, ?)",
                ((number, clean(text)) for number, text in enumerate(texts)),
            )
            rows = self._database.execute("SELECT doc, term FROM terms ORDER BY doc, offset").fetchall()
        for number, term in rows:
            found[number].append(term)
        return found
