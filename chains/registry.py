"""Names to chains: from import strings and from the entry points of installed packages."""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from langchain_core.runnables import Runnable

from chains.contract import Chain, prepare
from chains.errors import ChainRefused

if TYPE_CHECKING:
    from chains.inputs import AnyChain

GROUP = "steadychat.chains"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_FORM = "write name=module:attribute, for example mine=my_module:chain"


def load(spec: str) -> dict[str, Chain]:
    """Load `name=module:attribute,…`, then what installed packages add; the first is the default.

    An attribute is a Runnable or a function of no arguments that returns one. Raises `ChainRefused`.
    """
    wanted = _parse(spec)
    _find_in_working_directory()
    chains = {name: _chain(name, target) for name, target in wanted.items()}
    for entry in entry_points(group=GROUP):
        if entry.name not in chains:
            _check_name(entry.name)
            chains[entry.name] = _chain(entry.name, _target(entry))
    return chains


def _parse(spec: str) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for part in filter(None, (each.strip() for each in spec.split(","))):
        name, separator, target = (each.strip() for each in part.partition("="))
        if not separator:
            raise ChainRefused(repr(part), f"this names no chain: {_FORM}")
        _check_name(name)
        if name in wanted:
            raise ChainRefused(name, "two chains have this name: give one of them another")
        wanted[name] = target
    if not wanted:
        raise ChainRefused("(none)", f"no chain is named: {_FORM}")
    return wanted


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ChainRefused(repr(name), "a name has 1 to 64 letters, digits, - and _: choose another")


def _find_in_working_directory() -> None:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)


def _target(entry: EntryPoint) -> str:
    return f"{entry.module}:{entry.attr}"


def _chain(name: str, target: str) -> Chain:
    found = _attribute(name, target)
    runnable = found if isinstance(found, Runnable) else _build(name, target, found)
    return prepare(name, runnable, description=_first_line(found))


def _attribute(name: str, target: str) -> object:
    module_name, _, path = target.partition(":")
    if not re.fullmatch(r"\w+(\.\w+)*:\w+(\.\w+)*", target):
        raise ChainRefused(name, f"{target!r} is no import string: {_FORM}")
    found: object = _module(name, module_name)
    for attribute in path.split("."):
        if not hasattr(found, attribute):
            raise ChainRefused(
                name, f"the module {module_name} has no {path}: check the name after the colon"
            )
        found = getattr(found, attribute)
    return found


def _module(name: str, module_name: str) -> object:
    try:
        return import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name + ".").startswith(error.name + "."):
            problem = f"there is no module {error.name}: install it, or start where {error.name} is found"
        else:
            problem = f"the module {module_name} needs {error.name}, which is missing: install it"
        raise ChainRefused(name, problem) from error
    except Exception as error:
        raise ChainRefused(name, f"importing {module_name} failed with {_said(error)}") from error


def _build(name: str, target: str, found: object) -> AnyChain:
    if not callable(found):
        raise ChainRefused(
            name, f"{target} is {_kind(found)}: it must be a Runnable or a function returning one"
        )
    try:
        built = found()
    except ChainRefused as refusal:
        raise ChainRefused(name, str(refusal).partition(": ")[2]) from refusal
    except Exception as error:
        raise ChainRefused(name, f"{target}() failed with {_said(error)}") from error
    if inspect.iscoroutine(built):
        built.close()
        raise ChainRefused(name, f"{target} is asynchronous: make it an ordinary function")
    if not isinstance(built, Runnable):
        raise ChainRefused(name, f"{target}() returned {_kind(built)}: it must return a Runnable")
    return built


def _kind(found: object) -> str:
    return f"a {type(found).__name__}"


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _first_line(found: object) -> str:
    described = inspect.getdoc(found) if inspect.isfunction(found) else None
    return described.splitlines()[0] if described else ""


__all__ = ["GROUP", "ChainRefused", "load"]
