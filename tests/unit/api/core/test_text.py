"""Text is cut between code points and measured as clients measure it."""

import binascii
import itertools

from hypothesis import given
from hypothesis import strategies as st

from api.core.text import checksum, cut

TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("aä→𝄞"), max_size=80)


@given(TEXTS, st.integers(4, 40))
def test_pieces_join_to_the_text_and_none_is_too_large(text: str, limit: int) -> None:
    pieces = list(cut(text, limit))
    assert "".join(pieces) == text
    assert all(0 < len(piece.encode()) <= limit for piece in pieces)


@given(TEXTS, st.integers(4, 40))
def test_no_piece_could_have_held_more(text: str, limit: int) -> None:
    pieces = list(cut(text, limit))
    for piece, following in itertools.pairwise(pieces):
        assert len((piece + following[0]).encode()) > limit


def test_nothing_has_no_pieces() -> None:
    assert list(cut("", 16)) == []


@given(TEXTS)
def test_the_checksum_is_the_crc32_of_the_utf8_in_eight_digits(text: str) -> None:
    assert int(checksum(text), 16) == binascii.crc32(text.encode())
    assert len(checksum(text)) == 8
    assert checksum(text) == checksum(text).lower()


def test_the_checksum_of_known_texts() -> None:
    assert (checksum(""), checksum("123456789")) == ("00000000", "cbf43926")
