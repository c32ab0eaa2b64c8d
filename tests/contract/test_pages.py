"""Pages are read by index, and the newest one agrees with its place in the log."""

import asyncio

import pytest

from api.core.errors import ChatError, Code
from api.core.events import Created, Ended, Event, Piece
from api.core.records import Message
from api.service.ports import Page
from api.store import messages
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio


async def filled(backend: Backend, exchanges: int) -> str:
    session = None
    for number in range(exchanges):
        session = (await backend.exchange(f"A{number}", content=f"Q{number}", session=session)).session_id
    assert session is not None
    return session


def indexes(page: Page) -> list[int]:
    return [message.index for message in page.messages]


async def test_the_newest_page_is_oldest_first(backend: Backend) -> None:
    session = await filled(backend, 5)
    page = await backend.store.page("ann", session, 4, None)
    assert (indexes(page), page.has_more) == ([7, 8, 9, 10], True)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 10, 200])
async def test_paging_back_meets_every_message_once(backend: Backend, limit: int) -> None:
    session = await filled(backend, 5)
    page = await backend.store.page("ann", session, limit, None)
    met = indexes(page)
    while page.has_more:
        page = await backend.store.page("ann", session, limit, page.messages[0].id)
        met = indexes(page) + met
    assert met == list(range(1, 11))


async def test_a_page_of_long_messages_is_shorter_and_there_is_more(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "PAGE_CHARS", 3)
    session = await filled(backend, 5)  # two characters each
    page = await backend.store.page("ann", session, 50, None)
    assert (indexes(page), page.has_more) == ([9, 10], True)
    met = indexes(page)
    while page.has_more:
        page = await backend.store.page("ann", session, 50, page.messages[0].id)
        met = indexes(page) + met
    assert met == list(range(1, 11))


async def test_messages_that_come_meanwhile_neither_repeat_nor_hide_others(backend: Backend) -> None:
    session = await filled(backend, 5)
    page = await backend.store.page("ann", session, 3, None)
    met = indexes(page)
    while page.has_more:
        await backend.exchange(session=session)
        page = await backend.store.page("ann", session, 3, page.messages[0].id)
        met = indexes(page) + met
    assert met == list(range(1, 11))


async def test_the_page_before_the_first_message_is_empty(backend: Backend) -> None:
    session = await filled(backend, 1)
    first = (await backend.store.page("ann", session, 50, None)).messages[0]
    page = await backend.store.page("ann", session, 50, first.id)
    assert (list(page.messages), page.has_more) == ([], False)


async def test_a_new_session_has_an_empty_page_at_position_zero(backend: Backend) -> None:
    session = await backend.store.create_session("ann", "New", "rag")
    page = await backend.store.page("ann", session.id, 50, None)
    assert (list(page.messages), page.has_more) == ([], False)
    assert (page.position.epoch, page.position.seq) == (backend.log.epoch, 0)


async def test_before_a_message_of_another_session_is_not_found(backend: Backend) -> None:
    session, other = await filled(backend, 1), await filled(backend, 1)
    foreign = (await backend.store.page("ann", other, 50, None)).messages[0].id
    for before in (foreign, "unknown"):
        with pytest.raises(ChatError) as refused:
            await backend.store.page("ann", session, 50, before)
        assert refused.value.code is Code.NOT_FOUND


async def test_a_running_answer_shows_the_text_so_far(backend: Backend) -> None:
    sent = await backend.send()
    await backend.say(sent, "one ", "two ")
    for message in (
        (await backend.store.page("ann", sent.session_id, 50, None)).messages[-1],
        await backend.store.message("ann", sent.answer_id),
    ):
        assert message.content == "one two "


def applied(page: Page, events: list[Event]) -> Message:
    """What a client holds that loaded `page` and then follows from its position."""
    held = page.messages[-1]
    text = held.content
    for event in events:
        if isinstance(event, Piece) and event.message_id == held.id:
            assert event.at <= len(text), "a gap"
            text += event.content[len(text) - event.at :]
        if isinstance(event, Ended):
            assert event.length == len(text)
    return Message(held.id, held.session_id, held.index, held.role, text, held.status, held.created_at)


async def test_subscribing_from_a_pages_position_misses_and_doubles_nothing(backend: Backend) -> None:
    sent = await backend.send()
    said = "".join(chr(0x1F600 + number % 80) for number in range(300))

    async def speak() -> None:
        await backend.say(sent, *said)
        await backend.end(sent)

    speaking = asyncio.create_task(speak())
    pages: list[Page] = []
    while not speaking.done():
        pages.append(await backend.store.page("ann", sent.session_id, 50, None))
    await speaking
    assert len({page.position.seq for page in pages}) > 5, "the pages came while it spoke"
    for page in pages:
        events = await backend.events(sent.session_id, page.position.seq)
        assert not any(isinstance(event, Created) for event in events)
        before = await backend.events(sent.session_id)
        shown = [event for event in before if isinstance(event, Piece) and event.seq <= page.position.seq]
        if not page.messages[-1].status.terminal:
            assert page.messages[-1].content == "".join(piece.content for piece in shown)
        assert applied(page, events).content == said


async def test_a_page_with_an_acceptance_stands_after_its_events(backend: Backend) -> None:
    session = await filled(backend, 1)

    async def talk() -> None:
        for _ in range(20):
            await backend.exchange(session=session)

    talking = asyncio.create_task(talk())
    while not talking.done():
        page = await backend.store.page("ann", session, 200, None)
        following = await backend.events(session, page.position.seq)
        born = {event.message_id for event in following if isinstance(event, Created)}
        assert born.isdisjoint(message.id for message in page.messages)
    await talking


async def test_foreign_unknown_and_deleted_messages_look_the_same(backend: Backend) -> None:
    foreign = await backend.exchange(user="bob")
    deleted = await backend.exchange()
    await backend.store.delete("ann", deleted.session_id)
    for message in (foreign.answer_id, deleted.answer_id, "unknown"):
        with pytest.raises(ChatError) as refused:
            await backend.store.message("ann", message)
        assert (refused.value.code, refused.value.ids) == (Code.NOT_FOUND, {"message_id": message})


async def test_a_message_is_not_found_in_another_session(backend: Backend) -> None:
    here, there = await backend.exchange(), await backend.exchange()
    with pytest.raises(ChatError) as refused:
        await backend.store.message("ann", here.answer_id, there.session_id)
    assert refused.value.code is Code.NOT_FOUND
    assert (await backend.store.message("ann", here.answer_id, here.session_id)).id == here.answer_id


async def test_readers_that_leave_in_the_middle_cost_the_others_nothing(backend: Backend) -> None:
    session = await filled(backend, 3)
    for turns in range(60):
        reading = asyncio.create_task(backend.store.page("ann", session, 50, None))
        for _ in range(turns % 12):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    pages = await asyncio.gather(*(backend.store.page("ann", session, 50, None) for _ in range(20)))
    assert all(indexes(page) == [1, 2, 3, 4, 5, 6] for page in pages)


async def with_attempts(backend: Backend, *attempts: int) -> str:
    """A session whose questions have so many attempts each."""
    session = None
    for number, count in enumerate(attempts):
        sent = await backend.exchange(f"A{number}.1", content=f"Q{number}", session=session)
        session = sent.session_id
        for further in range(2, count + 1):
            sent = await backend.attempt(sent, f"A{number}.{further}")
    assert session is not None
    return session


def said(page: Page) -> list[str]:
    return [message.content for message in page.messages]


async def test_of_several_attempts_a_page_shows_the_last(backend: Backend) -> None:
    session = await with_attempts(backend, 1, 3, 2)
    page = await backend.store.page("ann", session, 50, None)
    assert said(page) == ["Q0", "A0.1", "Q1", "A1.3", "Q2", "A2.2"]
    assert (indexes(page), page.has_more) == ([1, 2, 3, 6, 7, 9], False)


async def test_replaced_attempts_are_shown_on_request(backend: Backend) -> None:
    session = await with_attempts(backend, 1, 3)
    page = await backend.store.page("ann", session, 4, None, superseded=True)
    assert (said(page), page.has_more) == (["Q1", "A1.1", "A1.2", "A1.3"], True)
    older = await backend.store.page("ann", session, 4, page.messages[0].id, superseded=True)
    assert (said(older), older.has_more) == (["Q0", "A0.1"], False)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 7])
async def test_paging_over_attempts_meets_every_shown_message_once(backend: Backend, limit: int) -> None:
    session = await with_attempts(backend, 2, 1, 4, 3)
    page = await backend.store.page("ann", session, limit, None)
    met = said(page)
    while page.has_more:
        assert len(page.messages) == limit
        page = await backend.store.page("ann", session, limit, page.messages[0].id)
        met = said(page) + met
    assert met == ["Q0", "A0.2", "Q1", "A1.1", "Q2", "A2.4", "Q3", "A3.3"]


async def test_there_is_no_more_where_only_replaced_attempts_are_left(backend: Backend) -> None:
    session = await with_attempts(backend, 3)
    page = await backend.store.page("ann", session, 2, None)
    assert (said(page), page.has_more) == (["Q0", "A0.3"], False)


async def test_a_page_before_a_message_that_is_replaced_meanwhile_goes_on_from_there(
    backend: Backend,
) -> None:
    session = await with_attempts(backend, 1, 1)
    page = await backend.store.page("ann", session, 1, None)
    oldest = page.messages[0]
    await backend.retry(oldest.id)
    older = await backend.store.page("ann", session, 2, oldest.id)
    assert (said(older), older.has_more) == (["A0.1", "Q1"], True)


async def test_a_replaced_attempt_can_still_be_read_by_its_id(backend: Backend) -> None:
    session = await with_attempts(backend, 2)
    every = (await backend.store.page("ann", session, 50, None, superseded=True)).messages
    assert await backend.store.message("ann", every[1].id, session) == every[1]
    assert every[2].retry_of == every[1].id


async def test_the_attempt_that_is_running_takes_the_place_at_once(backend: Backend) -> None:
    first = await backend.exchange("Old.")
    retried = await backend.retry(first.answer_id)
    await backend.say(retried, "so ", "far")
    page = await backend.store.page("ann", first.session_id, 50, None)
    assert [(message.id, message.content) for message in page.messages[1:]] == [(retried.answer_id, "so far")]
    following = await backend.events(first.session_id, page.position.seq)
    assert following == []
