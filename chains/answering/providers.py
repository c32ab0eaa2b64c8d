"""Chat and embedding models by the name of their provider; `langchain` is imported only when one is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chains.errors import ChainRefused

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from langchain_core.embeddings import Embeddings
    from langchain_core.language_models import BaseChatModel

    T = TypeVar("T")

EXTRA = "pip install 'steadychat[llm]'"


def chat_model(name: str, base_url: str | None) -> BaseChatModel:
    """Return the chat model `provider:model`. Raises `ChainRefused`."""

    def make() -> BaseChatModel:
        from langchain.chat_models import init_chat_model  # noqa: PLC0415  (an extra)

        if base_url:
            return init_chat_model(name, base_url=base_url)
        return init_chat_model(name)

    return _made("STEADYCHAT_MODEL", name, make)


def embedding_model(name: str) -> Embeddings:
    """Return the embedding model `provider:model`. Raises `ChainRefused`."""

    def make() -> Embeddings:
        from langchain.embeddings import init_embeddings  # noqa: PLC0415  (an extra)

        return init_embeddings(name)

    return _made("STEADYCHAT_EMBEDDINGS", name, make)


def _made(setting: str, name: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except ImportError as error:
        problem = f"{setting}={name} needs a package that is missing ({error.name or error}): {EXTRA}"
        raise ChainRefused("rag", problem) from error
    except Exception as error:
        problem = (
            f"{setting}={name} cannot be used ({_first_line(error)}): check the name and the provider's key"
        )
        raise ChainRefused("rag", problem) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
