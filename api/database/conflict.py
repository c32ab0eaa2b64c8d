"""Somebody else has come in between."""

from api.database import postgresql


class ConflictError(Exception):
    """What a unit rested on is no longer so. Tried again, it finds what is."""


def is_conflict(error: BaseException) -> bool:
    return isinstance(error, ConflictError) or postgresql.conflicts(error)
