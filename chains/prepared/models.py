"""A chat model's stream that nobody listens to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from langchain_core.callbacks import AsyncCallbackManager
from langchain_core.language_models import BaseChatModel, chat_models
from langchain_core.messages import AIMessageChunk
from langchain_core.runnables.config import ensure_config
from langchain_core.utils.utils import LC_ID_PREFIX
from langchain_core.utils.uuid import uuid7

from chains.prepared.kept import Kept
from chains.prepared.known import REPLACEABLE
from chains.prepared.running import NOTHING, whole
from chains.prepared.texts import text_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from uuid import UUID

    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatGenerationChunk
    from langchain_core.runnables import RunnableConfig

FORMATS = frozenset({"ls_structured_output_format", "structured_output_format"})


class Speaking:
    """Does as `BaseChatModel.astream`, if nobody listens; else the model does it itself.

    What is left out: the callbacks, and a list of all chunks with its sum. With `as_texts` it yields the
    texts of the messages, as a `StrOutputParser` behind it would, and labels no messages that nobody sees.
    """

    def __init__(self, model: BaseChatModel, *, as_texts: bool = False) -> None:
        self._model = model
        self._as_texts = as_texts

    def as_texts(self) -> Speaking:
        return Speaking(self._model, as_texts=True)

    async def __call__(
        self,
        inputs: AsyncIterator[Any],
        config: RunnableConfig | None = None,
        **bound: Any,  # Any: a stranger's step before it, and what is bound to the model
    ) -> AsyncGenerator[Any]:
        given = await whole(inputs)
        if given is NOTHING:
            return
        if (messages := self._unheard(given, config, **bound)) is None:
            stream: AsyncIterator[AIMessageChunk] = self._model.astream(given, config, **bound)
        else:
            stream = self._speak(messages, ensure_config(config).get("run_id") or uuid7(), **bound)
        if self._as_texts:
            async for message in stream:
                yield text_of(message)
        else:
            async for message in stream:
                yield message

    def _unheard(
        self,
        given: Any,
        config: RunnableConfig | None,
        *,
        stop: list[str] | None = None,
        **bound: Any,
    ) -> list[BaseMessage] | None:
        """Return what to ask, or None for what the model has to do itself."""
        model = self._model
        if not streams_as_usual(model) or model.output_version == "v1" or FORMATS & bound.keys():
            return None
        if not model._should_stream(async_api=True, **{**bound, "stream": True}):  # noqa: SLF001 - as `astream`
            return None
        config = ensure_config(config)
        messages = model._convert_input(given).to_messages()  # noqa: SLF001 - as above
        model._get_invocation_params(stop=stop, **bound)  # noqa: SLF001 - it may refuse what is bound
        model._get_ls_params_with_defaults(stop=stop, **bound)  # noqa: SLF001 - as above
        listeners = AsyncCallbackManager.configure(config.get("callbacks"), model.callbacks, model.verbose)
        foreign = any(type(each.content) is not str for each in messages)  # these are translated first
        return None if listeners.handlers or foreign else messages

    async def _speak(
        self, messages: list[BaseMessage], run_id: UUID, *, stop: list[str] | None = None, **bound: Any
    ) -> AsyncGenerator[AIMessageChunk]:
        model, labelled = self._model, not self._as_texts
        if model.rate_limiter:
            await model.rate_limiter.aacquire(blocking=True)
        label, kept, chunk = f"{LC_ID_PREFIX}-{run_id}", Kept(), None
        try:
            async for chunk in model._astream([*messages], stop=stop, **bound):  # noqa: SLF001 - as `astream`
                if kept.add(chunk) or labelled:
                    _label(chunk, label)
                yield cast("AIMessageChunk", chunk.message)
            if chunk is not None and (last := _last(chunk, label)):
                yield last
        except BaseException:
            kept.merge()
            raise
        if chunk is None:
            raise ValueError("No generation chunks were returned")
        kept.merge()


def streams_as_usual(model: BaseChatModel) -> bool:
    """Tell whether the model's stream is that of `BaseChatModel`, which is asked again for each run."""
    kind = type(model)
    return (
        kind.astream is BaseChatModel.astream
        and kind.atransform is BaseChatModel.atransform
        and not REPLACEABLE & vars(model).keys()
    )


def _label(chunk: ChatGenerationChunk, run_id: str) -> None:
    message = chunk.message
    if message.id is None:
        message.id = run_id
    message.response_metadata = chat_models._gen_info_and_msg_metadata(chunk)  # noqa: SLF001 - as `astream`


def _last(chunk: ChatGenerationChunk, run_id: str) -> AIMessageChunk | None:
    """Return the empty message that ends a stream, unless its model has said that it ends."""
    message = chunk.message
    if not isinstance(message, AIMessageChunk) or message.chunk_position:
        return None
    empty: str | list[str | dict[str, Any]] = "" if isinstance(message.content, str) else []
    return AIMessageChunk(content=empty, chunk_position="last", id=run_id)
