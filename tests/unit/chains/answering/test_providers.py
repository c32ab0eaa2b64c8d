from __future__ import annotations

import sys

import pytest

from chains.answering.providers import chat_model, embedding_model
from chains.errors import ChainRefused


def test_a_missing_extra_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain.chat_models", None)
    monkeypatch.setitem(sys.modules, "langchain.embeddings", None)
    for make in (lambda: chat_model("openai:x", None), lambda: embedding_model("openai:x")):
        with pytest.raises(ChainRefused, match=r"pip install 'steadychat\[llm\]'") as refused:
            make()
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["no-such-provider:model", "nonsense"])
def test_a_model_that_cannot_be_used_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(ChainRefused, match=f"STEADYCHAT_MODEL={name}") as refused:
        chat_model(name, None)
    assert "\n" not in str(refused.value)
