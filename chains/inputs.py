"""What a chain wants to be given, read from its input schema once, at the start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    get_buffer_string,
)
from langchain_core.runnables import Runnable, RunnableParallel, RunnablePassthrough, RunnableSequence
from langchain_core.runnables.base import RunnableBindingBase
from pydantic import BaseModel, Field, PydanticUserError
from typing_extensions import is_typeddict

from chains.errors import ChainRefused
from chains.model import Exchange

QUESTION, HISTORY = "question", "chat_history"

# Any: a chain's input is whatever its author chose; the schema below is the only thing that is known of it.
AnyChain: TypeAlias = Runnable[Any, Any]
Schema: TypeAlias = Mapping[str, Any]
Inputs: TypeAlias = Callable[[str, Sequence[Exchange]], Any]


class ChatInput(BaseModel):
    """The input of a chat chain: the question, and the earlier exchanges if there are any."""

    question: str
    chat_history: list[HumanMessage | AIMessage | SystemMessage] = Field(default_factory=list)


def history_messages(history: Sequence[Exchange]) -> list[BaseMessage]:
    """Return the earlier exchanges as LangChain messages, oldest first."""
    return [message for each in history for message in (HumanMessage(each.question), AIMessage(each.answer))]


def inputs_for(name: str, chain: AnyChain) -> Inputs:
    """Return a function from question and history to what this chain wants. Raises `ChainRefused`."""
    schema = _schema(name, chain)
    kinds = _kinds(schema)
    if "array" in kinds:
        return lambda question, history: [*history_messages(history), HumanMessage(question)]
    if "string" in kinds or _takes_bare_question(chain, schema):
        return lambda question, _history: question
    properties = schema.get("properties")
    if not properties or set(properties) == {"root"}:
        return lambda question, history: {QUESTION: question, HISTORY: history_messages(history)}
    return _fields(name, properties, schema.get("required", ()))


def _fields(name: str, properties: Schema, required: Sequence[str]) -> Inputs:
    """Return the inputs of a chain that takes named variables."""
    wanted = [each for each in required if each not in {QUESTION, HISTORY}]
    if QUESTION in properties:
        variable, unknown = QUESTION, wanted
    else:
        wanted = wanted or [each for each in properties if each != HISTORY]
        variable, unknown = wanted[0] if wanted else "", wanted[1:] and wanted
    if unknown or not variable:
        raise ChainRefused(name, _unknown_variables(unknown))
    if "array" in _kinds(properties[variable]) and HISTORY not in properties:
        return lambda question, history: {variable: [*history_messages(history), HumanMessage(question)]}
    if HISTORY not in properties and variable != QUESTION:
        return lambda question, _history: {variable: question}
    as_text = _kinds(properties.get(HISTORY, {})) == {"string"}
    return lambda question, history: {variable: question, HISTORY: _history(history, as_text=as_text)}


def _history(history: Sequence[Exchange], *, as_text: bool) -> list[BaseMessage] | str:
    messages = history_messages(history)
    return get_buffer_string(messages) if as_text else messages


def _unknown_variables(unknown: Sequence[str]) -> str:
    if not unknown:
        return f"its input has no variable for the question: add {{{QUESTION}}}"
    return (
        f"its input wants {', '.join(unknown)}, but a chat has only {QUESTION} and {HISTORY}: "
        "fill the others in the chain itself, for example with RunnablePassthrough.assign or prompt.partial"
    )


def _schema(name: str, chain: AnyChain) -> Schema:
    declared = chain.InputType if isinstance(chain, RunnableBindingBase) else None
    if declared is not None and is_typeddict(declared):
        return {"properties": _annotated(declared), "required": sorted(declared.__required_keys__)}
    try:
        return chain.get_input_jsonschema()
    except (PydanticUserError, TypeError, ValueError) as error:
        raise ChainRefused(name, f"its input schema cannot be read ({error})") from error


def _annotated(declared: Any) -> Schema:  # Any: TypedDict classes have no type of their own
    return {
        each: {"type": "string"} if kind is str else {} for each, kind in declared.__annotations__.items()
    }


def _kinds(schema: Schema) -> set[str]:
    """Return the JSON types that a schema allows at its top."""
    options: list[Schema] = [schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return {each["type"] for each in options if isinstance(each.get("type"), str)}


def _takes_bare_question(chain: AnyChain, schema: Schema) -> bool:
    """Tell whether an untyped chain begins with `{"…": RunnablePassthrough()}`: it hands on a question."""
    if set(schema.get("properties", ())) - {"root"}:
        return False
    if isinstance(chain, RunnableBindingBase):
        return _takes_bare_question(chain.bound, schema)
    if isinstance(chain, RunnableSequence):
        return _takes_bare_question(chain.first, schema)
    return isinstance(chain, RunnableParallel) and any(
        isinstance(each, RunnablePassthrough) for each in chain.steps__.values()
    )


__all__ = ["AnyChain", "AnyMessage", "ChatInput", "Inputs", "history_messages", "inputs_for"]
