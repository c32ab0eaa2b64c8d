"""From a follow-up to a question that can be searched for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import Runnable, RunnableBranch, RunnableLambda

from chains.answering.prompts import CONDENSE
from chains.retrieval.stems import STOP_WORDS, words

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_POINTING = re.compile(
    r"\b(it|its|that|this|these|those|they|them|their|he|she|him|her|his|there|ones?)\b", re.IGNORECASE
)
_OPENING = re.compile(r"\s*(and|or|but|so|then|(what|how) about)\b", re.IGNORECASE)
FEW = 3  # a question with more words of its own says enough, pronoun or not


def standalone(given: dict[str, Any]) -> str:  # Any: ChatInput as a dict
    """Return the question, after the last one that stands alone if this one does not.

    No model is asked, so nothing is rewritten: the earlier question's words help the search, no more.
    """
    question = str(given["question"])
    asked = [str(each.text) for each in given.get("chat_history") or () if isinstance(each, HumanMessage)]
    if not _leans(question) or not asked:
        return question
    anchor = next((each for each in reversed(asked) if not _leans(each)), asked[0])
    return f"{anchor} {question}"


def _leans(question: str) -> bool:
    """Tell whether a question points back to what was said before it."""
    own = [each for each in words(question) if each not in STOP_WORDS]
    points = _POINTING.search(question) or _OPENING.match(question)
    return not own or (len(own) <= FEW and points is not None)


def condense_with(model: BaseChatModel | None) -> Runnable[Any, str]:  # Any: ChatInput as a dict
    """Return the step that makes a follow-up searchable: by the model where there is one."""
    if model is None:
        return RunnableLambda(_standalone_async)
    return RunnableBranch(
        (lambda given: bool(given.get("chat_history")), CONDENSE | model | StrOutputParser()),
        RunnableLambda(_standalone_async),
    )


async def _standalone_async(given: dict[str, Any]) -> str:  # Any: ChatInput as a dict
    return standalone(given)
