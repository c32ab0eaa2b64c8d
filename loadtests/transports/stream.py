"""One session's events over HTTP, for as long as the stream lasts."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import httpx

from loadtests.errors import Unreached
from loadtests.protocol.backoff import Pace
from loadtests.transports.rest import Rest, problem_of
from loadtests.transports.sse import ServerEvent, SseParser


async def events(
    rest: Rest, pace: Pace, session_id: str, position: tuple[str, int] | None
) -> AsyncIterator[ServerEvent]:
    """Yield the events after a position; raise `Refused`, or `Unreached` when it ends or is silent."""
    headers = {**rest.headers, "Accept": "text/event-stream"}
    if position is not None:
        headers["Last-Event-ID"] = f"{position[0]}:{position[1]}"
    url = f"{rest.url}/api/chat/sessions/{session_id}/events"
    silence = httpx.Timeout(pace.connect_s, read=pace.stream_silence_s)
    parser = SseParser()
    try:
        async with rest.http.stream("GET", url, headers=headers, timeout=silence) as response:
            if not response.is_success:
                raise problem_of(response.status_code, await response.aread())
            async with aclosing(response.aiter_bytes()) as chunks:  # type: ignore[type-var] # a generator in truth
                async for chunk in chunks:
                    for event in parser.push(chunk):
                        yield event
    except httpx.HTTPError as error:
        raise Unreached(f"the stream of {session_id}: {error!r}") from error
    raise Unreached(f"the stream of {session_id} ended")
