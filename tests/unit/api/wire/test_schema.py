"""The schema that the browser's types are made of."""

from api.core.errors import Code
from api.wire.schema import schema


def test_every_reference_is_defined() -> None:
    found = schema()

    def references(value: object) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    named = {reference.removeprefix("#/$defs/") for reference in references(found)}
    assert named <= set(found["$defs"])


def test_both_unions_and_every_code_are_in_it() -> None:
    definitions = schema()["$defs"]
    assert {"ClientFrame", "ServerFrame", "MessagePage", "Token", "ProblemBody"} <= set(definitions)
    assert set(definitions["Code"]["enum"]) == {code.value for code in Code}


def test_the_schema_is_the_same_every_time() -> None:
    assert schema() == schema()
