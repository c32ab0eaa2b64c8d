"""What waits to be sent is bounded, and what is dropped is counted."""

import pytest

from api.wakeups.outbox import AT_ONCE, AT_ONCE_BYTES, MOST, MOST_BYTES, Letter, Outbox

pytestmark = pytest.mark.anyio

SOON_S = 0.01


def letter(size: int = 1) -> Letter:
    return Letter(b"", bytes(size))


async def test_what_is_put_there_while_nobody_can_send_it_is_lost() -> None:
    outbox = Outbox()
    outbox.put(letter())
    with outbox.opened():
        assert await outbox.take(SOON_S) == ()
    outbox.put(letter())
    assert outbox.lost == 2


async def test_all_that_waits_goes_out_together_and_in_order() -> None:
    outbox = Outbox()
    letters = [Letter(b"a", b"%d" % number) for number in range(100)]
    with outbox.opened():
        for each in letters:
            outbox.put(each)
        assert await outbox.take(SOON_S) == letters
        outbox.answered()
        assert await outbox.take(SOON_S) == ()
    assert outbox.lost == 0


@pytest.mark.parametrize(("size", "held"), [(MOST_BYTES // 8, 8), (1, MOST), (MOST_BYTES + 1, 0)])
async def test_it_holds_so_many_bytes_and_so_many_messages_and_no_more(size: int, held: int) -> None:
    outbox = Outbox()
    with outbox.opened():
        for _ in range(held + 5):
            outbox.put(letter(size))
        assert outbox.lost == 5
    assert outbox.lost == held + 5, "what was never sent is lost too"


async def test_much_goes_out_bit_by_bit_and_a_large_one_alone() -> None:
    outbox = Outbox()
    with outbox.opened():
        for size in (AT_ONCE_BYTES // 2, AT_ONCE_BYTES // 2, 1, 2 * AT_ONCE_BYTES, 1):
            outbox.put(letter(size))
        taken = [await outbox.take(SOON_S) for _ in range(4)]
        outbox.answered()
    assert [len(each) for each in taken] == [2, 1, 1, 1]
    assert outbox.lost == 0


async def test_many_small_ones_go_out_a_thousand_at_a_time() -> None:
    outbox = Outbox()
    with outbox.opened():
        for _ in range(AT_ONCE + 1):
            outbox.put(letter())
        assert [len(await outbox.take(SOON_S)) for _ in range(2)] == [AT_ONCE, 1]


async def test_what_was_sent_without_an_answer_counts_as_lost() -> None:
    outbox = Outbox()
    with outbox.opened():
        outbox.put(letter())
        outbox.put(letter())
        await outbox.take(SOON_S)
        outbox.put(letter())
    assert outbox.lost == 3


async def test_the_room_of_what_was_taken_is_free_again() -> None:
    outbox = Outbox()
    with outbox.opened():
        for _ in range(10):
            outbox.put(letter(MOST_BYTES))
            assert await outbox.take(SOON_S)
            outbox.answered()
    assert outbox.lost == 0
