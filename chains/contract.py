"""Input and output of a chat chain: the adapter from any LangChain Runnable to pieces of an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from langchain_core.runnables.base import RunnableBindingBase

from chains.closing import closing
from chains.errors import ChainRefused, UnsupportedPiece
from chains.inputs import AnyChain, ChatInput, Inputs, history_messages, inputs_for
from chains.model import Exchange, JSONValue, Piece, Source
from chains.pieces import plain_text, to_piece
from chains.prepared.streaming import Streaming, streaming
from chains.sync import only_synchronous
from chains.text import SurrogateJoiner
from chains.threads import ThreadPool

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

NOTHING = Piece()


@dataclass(frozen=True, eq=False)
class Chain:
    """A Runnable prepared once, at the start: what it wants and how it runs are known."""

    name: str
    title: str
    description: str
    runnable: AnyChain
    stream: Streaming
    inputs: Inputs
    threads: ThreadPool | None = field(default=None)

    @property
    def abandoned_threads(self) -> int:
        """How many threads of stopped answers have not come back yet."""
        return self.threads.abandoned if self.threads else 0

    async def pieces(
        self, question: str, history: Sequence[Exchange] = (), joiner: SurrogateJoiner | None = None
    ) -> AsyncGenerator[Piece]:
        """Yield the answer as it comes. Closing the generator closes the model's own stream.

        Raises whatever the chain raises, and `UnsupportedPiece` after the pieces that came before it. Whoever
        gives the `joiner` can flush it when the answer breaks off between the halves of a character.
        """
        given = self.inputs(question, history)
        echo = given.keys() if isinstance(given, dict) else frozenset()
        joiner = joiner or SurrogateJoiner()
        async with closing(self._raw(given)) as stream:
            async for raw in stream:
                if (text := plain_text(raw)) is not None:
                    if text := joiner.feed(text):
                        yield Piece(text)
                    continue
                piece = to_piece(raw, echo)
                if (cleaned := piece._replace(text=joiner.feed(piece.text))) != NOTHING:
                    yield cleaned
        if rest := joiner.flush():
            yield Piece(text=rest)

    def _raw(self, given: Any) -> AsyncGenerator[Any]:  # Any: a stranger's input and output
        if self.threads is None:
            return self.stream(given)
        return self.threads.iterate(lambda: self.runnable.stream(given))


def prepare(name: str, runnable: AnyChain, *, description: str = "") -> Chain:
    """Make the chain of this name. Raises `ChainRefused` when its input is not that of a chat.

    `title` and `description` are taken from the runnable's config metadata where they are given.
    """
    labels = _labels(runnable)
    return Chain(
        name=name,
        title=labels.get("title") or name.replace("_", " ").replace("-", " ").capitalize(),
        description=labels.get("description") or description,
        runnable=runnable,
        stream=streaming(runnable),
        inputs=inputs_for(name, runnable),
        threads=ThreadPool() if only_synchronous(runnable) else None,
    )


def _labels(runnable: AnyChain) -> dict[str, str]:
    if not isinstance(runnable, RunnableBindingBase):
        return {}
    metadata = runnable.config.get("metadata") or {}
    return {**_labels(runnable.bound), **{k: v for k, v in metadata.items() if isinstance(v, str)}}


__all__ = [
    "Chain",
    "ChainRefused",
    "ChatInput",
    "Exchange",
    "JSONValue",
    "Piece",
    "Source",
    "SurrogateJoiner",
    "UnsupportedPiece",
    "history_messages",
    "prepare",
]
