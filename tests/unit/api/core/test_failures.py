"""A failure is told by its places, never by its words."""

from api.core.failures import places


def deep(levels: int) -> None:
    if levels:
        deep(levels - 1)
    raise ValueError("what ann wrote")


def caught(levels: int) -> ValueError:
    try:
        deep(levels)
    except ValueError as error:
        return error
    raise AssertionError


def test_the_innermost_places_are_told_without_the_words() -> None:
    found = places(caught(20), most=3)
    assert len(found) == 3
    assert all("test_failures.py" in place and place.endswith(" deep") for place in found)
    assert not any("ann" in place for place in found)


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert places(ValueError()) == []
