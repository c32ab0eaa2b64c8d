from loadtests.protocol.frames import crc32
from loadtests.protocol.text import Text


def test_a_text_knows_its_length_and_checksum_as_it_grows() -> None:
    text = Text("a😀")
    for piece in ("", "é", "\ud83d"):
        text.append(piece)
    assert (len(text), str(text), text.crc32) == (4, "a😀é\ud83d", crc32("a😀é\ud83d"))


def test_the_checksum_is_eight_lower_case_hex_digits_of_the_utf8_bytes() -> None:
    assert (Text("123456789").crc32, Text().crc32) == ("cbf43926", "00000000")
