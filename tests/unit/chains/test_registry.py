from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, EntryPoints
from typing import TYPE_CHECKING

import pytest

from chains import registry
from chains.registry import ChainRefused, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE = '''
from langchain_core.runnables import RunnableLambda
from langchain_core.prompts import ChatPromptTemplate

chain = RunnableLambda(lambda x: "hello")
wants = ChatPromptTemplate.from_template("{a} {b}")
text = "no chain"

class Holder:
    inner = chain

def build():
    """Builds a chain.

    At length."""
    return chain

def fails():
    raise OSError("no disk\\nat all")

def wrong():
    return 7

def needs(argument):
    return chain

async def asynchronous():
    return chain
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with modules of a stranger."""
    (tmp_path / "strange_module.py").write_text(SOURCE)
    (tmp_path / "strange_broken.py").write_text("import strange_missing\n")
    (tmp_path / "strange_failing.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in [each for each in sys.modules if each.startswith("strange_")]:
        del sys.modules[name]


def test_chains_are_found_in_the_working_directory_in_order() -> None:
    chains = load("b=strange_module:build, a=strange_module:chain, c=strange_module:Holder.inner")
    assert list(chains) == ["b", "a", "c"]
    assert chains["b"].description == "Builds a chain."


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("", "no chain is named"),
        (" , ", "no chain is named"),
        ("strange_module:chain", "names no chain"),
        ("=strange_module:chain", "a name has"),
        ("a b=strange_module:chain", "a name has"),
        ("x=strange_module:chain,x=strange_module:build", "two chains have this name"),
        ("x=strange_module", "is no import string"),
        ("x=strange_module:", "is no import string"),
        ("x=strange-module:chain", "is no import string"),
        ("x=strange_absent:chain", "there is no module strange_absent"),
        ("x=strange_module.sub:chain", "there is no module"),
        ("x=strange_broken:chain", "needs strange_missing"),
        ("x=strange_failing:chain", "ZeroDivisionError"),
        ("x=strange_module:absent", "has no absent"),
        ("x=strange_module:text", "is a str"),
        ("x=strange_module:fails", "no disk at all"),
        ("x=strange_module:wrong", "returned a int"),
        ("x=strange_module:needs", "TypeError"),
        ("x=strange_module:asynchronous", "make it an ordinary function"),
        ("x=strange_module:wants", "wants a, b"),
    ],
)
def test_a_bad_chain_is_refused_in_one_line_that_says_what_is_wrong(spec: str, said: str) -> None:
    with pytest.raises(ChainRefused, match=said) as refused:
        load(spec)
    assert "\n" not in str(refused.value)


def test_installed_packages_add_chains_but_override_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found = EntryPoints(
        EntryPoint(name, "strange_module:chain", registry.GROUP) for name in ("mine", "theirs")
    )
    monkeypatch.setattr(registry, "entry_points", lambda group: found)
    chains = load("mine=strange_module:build")
    assert list(chains) == ["mine", "theirs"]
    assert chains["mine"].description == "Builds a chain."
