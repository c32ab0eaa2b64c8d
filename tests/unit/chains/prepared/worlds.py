"""Chains in all shapes, and what comes of them."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from langchain_core.callbacks import adispatch_custom_event
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage, BaseMessageChunk, ChatMessageChunk
from langchain_core.output_parsers import JsonOutputParser, StrOutputParser
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import (
    Runnable,
    RunnableBranch,
    RunnableConfig,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.runnables.utils import AddableDict, ConfigurableField
from pydantic import Field

from chains.closing import closing

AnyRunnable = Runnable[Any, Any]  # Any: that is what these are about
PROMPT = ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "{question}")])
GIVEN = {"question": "why?"}
PLACE: ContextVar[str] = ContextVar("where a step has been", default="nowhere")


class Exit(BaseException):
    """What no chain should raise."""


class Spoken(BaseChatModel):
    """Streams what it is given: contents, whole chunks, and errors to raise."""

    chunks: list[Any] = Field(default_factory=list)
    closed: list[str] = Field(default_factory=list)
    temperature: float = 0

    @property
    def _llm_type(self) -> str:
        return "spoken"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError("this model only streams")

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **bound: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        try:
            for each in self.chunks:
                await asyncio.sleep(0)
                yield generation(each)
            if stop or bound:
                yield generation(f"{messages[-1].content} {stop} {bound}")
        except BaseException as error:
            self.closed.append(type(error).__name__)
            raise
        else:
            self.closed.append("ended")


def generation(said: Any) -> ChatGenerationChunk:
    if isinstance(said, BaseException):
        raise said
    if isinstance(said, ChatGenerationChunk):
        return said.model_copy(deep=True)
    message = (
        said.model_copy(deep=True) if isinstance(said, BaseMessageChunk) else AIMessageChunk(content=said)
    )
    return ChatGenerationChunk(message=message)


def saying(*pieces: Any) -> AnyRunnable:
    async def say(given: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for _ in given:
            pass
        for each in pieces:
            await asyncio.sleep(0)
            if isinstance(each, BaseException):
                raise each
            yield each

    return RunnableGenerator(say)


async def shouting(given: AsyncIterator[Any]) -> AsyncIterator[str]:
    async for each in given:
        yield str(getattr(each, "text", each)).upper()


async def first_two(given: AsyncIterator[Any]) -> AsyncIterator[Any]:
    yield await anext(given)
    yield await anext(given)


async def _knowing(given: AsyncIterator[Any], config: RunnableConfig) -> AsyncIterator[str]:
    """Tells what code in a step can see of its run."""
    yield f"{PLACE.get()} {config['tags']} {config['metadata']} {config['recursion_limit']}"
    PLACE.set("a generator")
    async for each in given:
        seen = var_child_runnable_config.get() or {}
        manager: Any = seen["callbacks"]
        await adispatch_custom_event("seen", {"a": 1})
        yield f"{each} {PLACE.get()} {sorted(seen)} {manager.tags} {bool(manager.parent_run_id)}"


knowing: Any = _knowing  # LangChain's types know nothing of `config`


async def doubled(given: Any) -> str:
    await adispatch_custom_event("doubled", {})
    return f"{given}{given}"


async def split(given: Any) -> AsyncIterator[str]:
    for each in str(given):
        yield each


WORDS: Sequence[Any] = ("one ", "two ", "", "three")
TOOL = AIMessageChunk(content="", tool_call_chunks=[{"name": "f", "args": "{", "id": "1", "index": 0}])
METERED = AIMessageChunk(
    content="end", usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
)
BLOCKS = AIMessageChunk(content=[{"type": "text", "text": "a"}, "b", {"type": "image", "url": "x"}])
LEGACY = AIMessageChunk(content=[{"text": "old"}])
LAST = AIMessageChunk(content="!", chunk_position="last")
INFORMED = ChatGenerationChunk(message=AIMessageChunk(content="x"), generation_info={"finish_reason": "stop"})


def provided(text: str, **metadata: Any) -> AIMessageChunk:
    return AIMessageChunk(content=text, response_metadata=metadata)


STREAMS: Mapping[str, Sequence[Any]] = {
    "words": WORDS,
    "one word": ["one"],
    "nothing": [],
    "blocks": [BLOCKS, BLOCKS, "text", LEGACY],
    "legacy blocks first": [LEGACY, "text", BLOCKS],
    "tool calls": ["a", TOOL, TOOL, METERED],
    "its own end": ["a", LAST],
    "more after its end": ["a", LAST, "b"],
    "information": ["a", INFORMED, INFORMED],
    "a provider": [provided("a", model_provider="p", name="m"), provided("b", model_provider="p", name="m")],
    "metadata of two types": [provided("a", n=1), provided("b", n="1"), provided("c", n=1)],
    "metadata that cannot be merged": [provided("a", n=1.5), provided("b", n=2.5)],
    "metadata that cannot be merged later": [*WORDS, provided("a", n="x"), "b", provided("c", n=2)],
    "metadata that comes and goes": [
        provided("a", p="p"),
        "b",
        provided("c", p="p"),
        "d",
        provided("e", q=1),
    ],
    "named messages": [AIMessageChunk(content="a", id="mine"), "b"],
    "roles": [ChatMessageChunk(role="a", content="x"), ChatMessageChunk(role="a", content="y")],
    "two roles": [ChatMessageChunk(role="a", content="x"), ChatMessageChunk(role="b", content="y"), "z"],
    "kinds that do not add": ["a", ChatMessageChunk(role="a", content="x"), "b"],
    "an error": ["a", "b", LookupError("gone"), "c"],
    "an error at once": [LookupError("gone")],
    "an error that cannot be merged": [provided("a", n=1.5), provided("b", n=2.5), LookupError("gone")],
    "signs": ["caf\u00e9 ", "\U0001f600", "\0"],
}

FORMS: Mapping[str, Callable[[BaseChatModel], AnyRunnable]] = {
    "bare": lambda model: model,
    "prompted": lambda model: PROMPT | model,
    "parsed": lambda model: PROMPT | model | StrOutputParser(),
    "parsed and named": lambda model: PROMPT | model | StrOutputParser(name="mine"),
    "bound": lambda model: PROMPT | model.bind(stop=["x"], depth=3) | StrOutputParser(),
    "bound to a stream": lambda model: PROMPT | model.bind(stream=False) | StrOutputParser(),
    "configured": lambda model: usual(model).with_config(tags=["t"], metadata={"k": 1}, run_name="r"),
    "configured within": lambda model: PROMPT | model.with_config(tags=["t"]) | StrOutputParser(),
    "typed": lambda model: usual(model).with_types(input_type=dict, output_type=str),
    "shouted": lambda model: usual(model) | RunnableGenerator(shouting),
    "shouted unparsed": lambda model: PROMPT | model | RunnableGenerator(shouting),
    "cut short": lambda model: usual(model) | RunnableGenerator(first_two),
    "doubled": lambda model: usual(model) | RunnableLambda(doubled),
    "split": lambda model: usual(model) | RunnableLambda(split),
    "passed through": lambda model: PROMPT | model | RunnablePassthrough() | StrOutputParser(),
    "passed through at the end": lambda model: usual(model) | RunnablePassthrough(),
    "assigned": lambda model: RunnablePassthrough.assign(answer=usual(model)),
    "assigned twice": lambda model: RunnablePassthrough.assign(context=lambda _: ["c"]).assign(
        answer=usual(model)
    ),
    "assigned over": lambda model: RunnablePassthrough.assign(question=usual(model)),
    "assigned whole messages": lambda model: RunnablePassthrough.assign(answer=PROMPT | model),
    "assigned and picked": lambda model: RunnablePassthrough.assign(answer=usual(model)).pick("answer"),
    "of one": lambda model: RunnableParallel(answer=usual(model)),
    "of none": lambda model: RunnableParallel({}) | RunnableLambda(doubled),
    "mapped": lambda model: {"question": RunnablePassthrough()} | PROMPT | model | StrOutputParser(),
    "fallen back": lambda model: usual(model).with_fallbacks([saying("instead")]),
    "fallen back within": lambda model: PROMPT | model.with_fallbacks([model]) | StrOutputParser(),
    "retried": lambda model: usual(model).with_retry(stop_after_attempt=2, wait_exponential_jitter=False),
    "branched": lambda model: RunnableBranch((lambda given: "question" in given, usual(model)), saying("no")),
    "routed": lambda model: RunnableLambda(lambda _: usual(model)),
    "configurable": lambda model: (
        PROMPT
        | model.configurable_fields(temperature=ConfigurableField(id="temperature"))
        | StrOutputParser()
    ),
    "json": lambda model: PROMPT | model | JsonOutputParser(),
    "knowing": lambda model: (usual(model) | RunnableGenerator(knowing)).with_config(
        tags=["t"], metadata={"k": "v"}
    ),
    "knowing each": lambda model: (
        RunnableGenerator(knowing).with_config(tags=["a"])
        | RunnableGenerator(knowing)
        | RunnableLambda(split)
    ),
    "sequence in a sequence": lambda model: PROMPT | (model | StrOutputParser()).with_config(tags=["t"]),
    "twice": lambda model: usual(model) | RunnableLambda(lambda said: {"question": said}) | usual(model),
}

# What comes first of two that speak at once is nobody's to say.
AT_ONCE: Mapping[str, Callable[[BaseChatModel], AnyRunnable]] = {
    "assigned two": lambda model: RunnablePassthrough.assign(answer=usual(model), context=saying("a", "b")),
    "of two": lambda model: RunnableParallel(answer=usual(model), other=saying("x")),
}

SAID: Mapping[str, Sequence[Any]] = {
    "texts": ["a", "b"],
    "dicts": [AddableDict(status="s"), AddableDict(answer="a"), AddableDict(answer="b", sources=[])],
    "plain dicts": [{"answer": "a"}, {"answer": "b"}],
    "a text, then a dict": ["a", {"answer": "b"}, "c"],
    "a text, then an addable dict": ["a", AddableDict(answer="b"), "c"],
    "an empty text, then an addable dict": ["", AddableDict(answer="b"), "c"],
    "texts, the last empty, then an addable dict": ["a", "", AddableDict(answer="b"), "c"],
    "an addable dict, then a text": [AddableDict(answer="b"), "c", "d"],
    "two kinds under a name": [AddableDict(answer="a"), AddableDict(answer=1), AddableDict(answer="b")],
    "messages": [AIMessageChunk(content="a"), AIMessageChunk(content="b"), METERED, METERED],
    "two roles": [ChatMessageChunk(role="a", content="x"), ChatMessageChunk(role="b", content="y"), "z"],
    "none": [None, "a", None, "b"],
    "numbers": [1, 2.5, True, "a"],
    "nothing": [],
    "an error": ["a", ValueError("no")],
    "an error of no usual kind": ["a", Exit("now")],
}


def usual(model: BaseChatModel) -> AnyRunnable:
    return PROMPT | model | StrOutputParser()


@dataclass
class Outcome:
    """What a stream said, each with its type, and how it ended."""

    said: list[tuple[type, str]] = field(default_factory=list)
    error: tuple[type, str] | None = None


async def outcome(stream: Any) -> Outcome:
    found = Outcome()
    try:
        async with closing(stream) as items:
            async for each in items:
                found.said.append((type(each), _RUN_ID.sub("lc_run--", repr(each))))
    except BaseException as error:  # noqa: BLE001 - it is what is asked
        found.error = type(error), str(error)
    return found


_RUN_ID = re.compile(r"lc_run--[-0-9a-f]{36}")
