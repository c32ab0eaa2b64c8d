"""The public keys of a token's issuer, fetched without making anybody wait who need not."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog
from anyio import CapacityLimiter, to_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jwt import PyJWK

FETCH_SECONDS = 5
FRESH_SECONDS = 300
COOL_DOWN_SECONDS = 30

log = structlog.get_logger()


class Jwks:
    """Keys by their id. They are asked for again when they are old, or when an unknown id is met.

    A fetch runs in a thread of its own and at most once in `COOL_DOWN_SECONDS`, whether it worked or not, so
    that made-up ids cannot turn this server against the issuer's. When it fails the known keys still count.
    """

    def __init__(
        self, fetch: Callable[[], Sequence[PyJWK]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, PyJWK] = {}
        self._asked: float | None = None
        self._asking = asyncio.Lock()
        self._thread = CapacityLimiter(1)

    @classmethod
    def at(cls, url: str) -> Jwks:
        """The keys that are published at `url`. Raises ValueError if it is no http(s) address."""
        from jwt import PyJWKClient, PyJWKClientError  # noqa: PLC0415 - an extra

        try:
            client = PyJWKClient(url, cache_jwk_set=False, timeout=FETCH_SECONDS)
        except PyJWKClientError as error:
            raise ValueError(f"JWKS_URL: {error}") from error
        return cls(client.get_signing_keys)

    async def find(self, key_id: str) -> PyJWK | None:
        """The key of this id, or None if the issuer has none such (or cannot be asked)."""
        known = self._keys.get(key_id)
        if known is None or self._older_than(FRESH_SECONDS):
            async with self._asking:
                await self._refresh(key_id)
        return self._keys.get(key_id)

    async def _refresh(self, key_id: str) -> None:
        due = FRESH_SECONDS if key_id in self._keys else COOL_DOWN_SECONDS
        if not self._older_than(due):
            return  # somebody has asked while we waited, or just before
        self._asked = self._clock()  # first of all: whoever has a known key goes on meanwhile
        try:
            keys = await to_thread.run_sync(self._fetch, limiter=self._thread, abandon_on_cancel=True)
        except Exception as error:  # noqa: BLE001 - the network, the issuer or what it sent: all the same here
            log.warning("the keys of JWKS_URL cannot be fetched", error=type(error).__name__)
        else:
            self._keys = {key.key_id: key for key in keys if key.key_id}

    def _older_than(self, seconds: float) -> bool:
        return self._asked is None or self._clock() - self._asked >= seconds
