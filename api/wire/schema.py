"""`python -m api.wire.schema` prints the JSON Schema that the browser's types are generated from."""

import json
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from api.wire import rest
from api.wire.frames import ClientFrame, ServerFrame

_BODIES: list[type[BaseModel]] = [
    rest.NewSession,
    rest.Rename,
    rest.AnyMessage,
    rest.NewAttempt,
    rest.IdentityBody,
    rest.LinkBody,
    rest.SessionPage,
    rest.MessagePage,
    rest.Sent,
    rest.StoppedBody,
    rest.Record,
    rest.Chains,
    rest.Hits,
    rest.Documents,
    rest.ProblemBody,
]


def schema() -> dict[str, Any]:
    """One document: `$defs` of every frame and body, and the two unions of frames by name."""
    client = TypeAdapter(ClientFrame).json_schema(mode="validation", ref_template="#/$defs/{model}")
    server = TypeAdapter(ServerFrame).json_schema(mode="serialization", ref_template="#/$defs/{model}")
    _, bodies = models_json_schema(
        [(body, "serialization") for body in _BODIES], ref_template="#/$defs/{model}"
    )
    defs = client.pop("$defs") | server.pop("$defs") | bodies["$defs"]
    defs |= {"ClientFrame": client, "ServerFrame": server}
    return {"title": "Protocol", "$defs": dict(sorted(defs.items()))}


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2))  # noqa: T201 - this is what it is for
