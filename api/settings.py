"""Every setting of the server, with its default and what it means. Read by `parts` and `main` alone."""

from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from chains.settings import ChainSettings


def is_loopback(host: str) -> bool:
    """Whether `host` is reachable from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Settings(ChainSettings):
    """Read from the environment (prefix `STEADYCHAT_`) or a `.env` file in the working directory."""

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="The port to listen on; 0 takes any free one.")
    database_url: str | None = Field(
        None,
        description="Where the history and the log live, as `sqlite:///path` or "
        "`postgresql+asyncpg://user:password@host/name`. Default: a file in the data folder.",
    )
    redis_url: SecretStr | None = Field(
        None,
        description="Where several servers that share a PostgreSQL tell each other what happens, as "
        "`redis://host:6379/0`. Redis or Valkey; nothing there has to last.",
    )
    secret: SecretStr | None = Field(
        None, description="Signs identities. Default: made once and kept, mode 600, in the data folder."
    )
    trusted_proxies: str = Field(
        "", description="Comma-separated addresses of proxies whose forwarded client address counts."
    )
    root_path: str = Field(
        "",
        pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        description="The path that this server is served under, such as `/ask`.",
    )
    chains: str = Field(
        "rag=chains.rag:build",
        description="Comma-separated `name=module:attribute`; the first is the default chain. "
        "An attribute is a Runnable or a function of no arguments that returns one.",
    )
    documents_write: Literal["everyone", "nobody"] | None = Field(
        None,
        description="Who may add and delete documents. Default: `everyone` on a loopback host, else "
        "`nobody`; with `AUTH=jwt` it is whoever has the scope `documents:write`.",
    )
    retention_pieces: int = Field(
        3600, gt=0, description="Seconds that the pieces of an ended answer can still be replayed."
    )
    auth: Literal["cookie", "jwt", "none"] = Field(
        "cookie",
        description="`cookie`: each browser is its own anonymous user; `jwt`: bearer tokens; "
        "`none`: a single trusted user.",
    )
    jwt_secret: SecretStr | None = Field(None, description="The shared secret of HS256 tokens.")
    jwks_url: str | None = Field(
        None, description="Where the public keys of RS256 or ES256 tokens are published."
    )
    jwt_audience: str | None = Field(None, description="The `aud` that tokens must carry.")
    jwt_issuer: str | None = Field(None, description="The `iss` that tokens must carry.")
    allowed_origins: str = Field(
        "", description="Comma-separated origins of pages that may use this server. Default: its own origin."
    )
    playground: bool | None = Field(
        None, description="Whether chains have a playground. Default: on for loopback hosts, else off."
    )
    limit_messages_per_minute: int = Field(100, ge=0, description="Messages a user may send in a minute.")
    limit_sockets_per_user: int = Field(8, ge=0, description="WebSockets a user may have open.")
    limit_sockets_per_address: int = Field(50, ge=0, description="WebSockets an address may have open.")
    limit_generations_per_user: int = Field(3, ge=0, description="Answers a user may have running at once.")
    limit_message_chars: int = Field(32_000, ge=0, description="Characters in one message.")
    limit_frame_bytes: int = Field(
        262_144, ge=1024, description="Bytes in one incoming frame or request body."
    )
    limit_output_bytes: int = Field(1_000_000, ge=0, description="Bytes of one answer.")
    history_messages: int = Field(40, ge=0, description="Earlier messages that a chain is given at most.")
    history_chars: int = Field(
        64_000, ge=0, description="Characters of earlier messages that a chain is given."
    )
    timeout_first_piece: float = Field(60, gt=0, description="Seconds until an answer must begin.")
    timeout_gap: float = Field(120, gt=0, description="Seconds between two pieces of an answer at most.")
    timeout_total: float = Field(900, gt=0, description="Seconds that one answer may take in all.")
    drain_seconds: float = Field(
        30, ge=0, description="Seconds that running answers get when the server stops."
    )

    @model_validator(mode="after")
    def _retention_outlives_answers(self) -> "Settings":
        if self.retention_pieces < self.timeout_total:
            raise ValueError(
                f"STEADYCHAT_RETENTION_PIECES ({self.retention_pieces}) must be at least "
                f"STEADYCHAT_TIMEOUT_TOTAL ({self.timeout_total:g})"
            )
        return self

    @property
    def local(self) -> bool:
        """Whether the server listens on a loopback address only."""
        return is_loopback(self.host)

    @property
    def database(self) -> str:
        """The URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'steadychat.db'}"

    @property
    def origins(self) -> frozenset[str]:
        return frozenset(
            origin.strip().rstrip("/") for origin in self.allowed_origins.split(",") if origin.strip()
        )

    @property
    def index_file(self) -> Path:
        return self.data_dir / "index.db"
