"""The words of a text as a search compares them: without case, accents and punctuation.

Entries are taken out of the index by their words, so a change here needs a migration that fills it anew.
"""

import re
import unicodedata
from collections import Counter
from hashlib import sha256

INDEXED_CHARS = 100_000
"""So much of a text can be found; what comes after it cannot."""
TERM_CHARS = 64
_MOST_TIMES = 3  # a word that comes more often makes hardly any difference to the rank
_MOST_FOLDS = 20_000

# Thai, Lao, Burmese, Khmer, kana and Han put no spaces between words.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_INDIC = "\u0900-\u0963\u0966-\u0dff"  # with vowel signs, which are no letters to `\w`
_LETTER = rf"[^\W_{_UNSPACED}]"
_RUN = re.compile(rf"[{_UNSPACED}]+|(?:{_LETTER}+|[{_INDIC}]+)+")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")


def runs(folded: str) -> list[str]:
    """What stands between spaces and punctuation: words, and lines of characters without spaces."""
    return _RUN.findall(folded)


def unspaced(run: str) -> bool:
    return _IS_UNSPACED.match(run) is not None


def pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]


def pattern(term: str, *, begun: bool) -> re.Pattern[str]:
    """Finds `term` in a folded text, as a word or, if it is only `begun`, as the beginning of one."""
    if unspaced(term):
        return re.compile(re.escape(term))
    after = "" if begun or len(term) == TERM_CHARS else f"(?!{_LETTER})"
    return re.compile(f"(?<!{_LETTER}){re.escape(term)}{after}")


def owners_term(user_id: str, term: str) -> str:
    """The term as it stands in an index that all users share: nobody else's terms begin like it."""
    return _mark(user_id) + term


def owners_terms(user_id: str, text: str) -> str:
    """All that such an index holds of a text: terms with spaces between them, in no order."""
    mark = _mark(user_id)
    counted = Counter(_terms(text[:INDEXED_CHARS]))
    return " ".join(mark + term for term, times in counted.items() for _ in range(min(times, _MOST_TIMES)))


def _mark(user_id: str) -> str:
    return sha256(user_id.encode(errors="surrogatepass")).hexdigest()[:12]


def _terms(text: str) -> list[str]:
    """Words; of scripts without spaces each pair of characters, and the last one of a run."""
    found = runs(fold(composed(text)))
    if text.isascii():
        return [run[:TERM_CHARS] for run in found]
    terms = []
    for run in found:
        terms += [*pairs(run), run[-1]] if unspaced(run) else [run[:TERM_CHARS]]
    return terms


def composed(text: str) -> str:
    """`text` with each letter and its accents as one character where there is one: so it can be folded."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """`text`, which is composed, without case and accents."""
    return text.lower() if text.isascii() else text.translate(_FOLDS)


def unfolded(text: str, at: int) -> int:
    """Where in `text` the character stands that became number `at` when it was folded."""
    if text.isascii():
        return at
    for index, character in enumerate(text):
        at -= len(_FOLDS[ord(character)])
        if at < 0:
            return index
    return len(text)


class _Folds(dict[int, str]):
    """What each character becomes, for `str.translate`; learnt as characters come."""

    def __missing__(self, code: int) -> str:
        if len(self) >= _MOST_FOLDS:
            self.clear()
        lower = unicodedata.normalize("NFKD", chr(code)).casefold()
        bare = "".join(each for each in unicodedata.normalize("NFKD", lower) if not _is_accent(each))
        folded = self[code] = unicodedata.normalize("NFC", bare)
        return folded


def _is_accent(character: str) -> bool:
    """Marks above and below letters, and the points of Hebrew and Arabic; no vowel signs of other scripts."""
    kind = unicodedata.combining(character)
    return kind >= 200 or 10 <= kind <= 36  # noqa: PLR2004 - Unicode's numbers for them


_FOLDS = _Folds()
