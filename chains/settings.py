"""What an operator can set about the built-in chains."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ChainSettings(BaseSettings):
    """The settings of the chains, from the environment (prefix `STEADYCHAT_`) or a `.env` file."""

    model_config = SettingsConfigDict(
        env_prefix="STEADYCHAT_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        protected_namespaces=(),
    )

    data_dir: Path = Field(
        default=Path("./var"),
        description="The folder of the database, the document index and the generated secret; "
        "nothing is written elsewhere.",
    )
    model: str | None = Field(
        default=None,
        description="The chat model that writes the answers, as provider:model, for example "
        "openai:gpt-4o-mini, anthropic:claude-sonnet-4-5 or ollama:llama3.2. It needs "
        "steadychat[llm] and the provider's own "
        "key. Without it answers are quoted from the documents.",
    )
    model_base_url: str | None = Field(
        default=None,
        description="The address of an OpenAI-compatible server to ask instead of the provider's own.",
    )
    embeddings: str | None = Field(
        default=None,
        description="The embedding model of the document index, as provider:model, for example "
        "openai:text-embedding-3-small. It needs steadychat[llm], and documents must be ingested again after "
        "a change. Without it the built-in MiniLM runs on this machine.",
    )
    extractive_words_per_second: float = Field(
        default=60,
        ge=0,
        allow_inf_nan=False,
        description="How fast the built-in answerer speaks, in words per second; 0 is as fast as it can.",
    )
