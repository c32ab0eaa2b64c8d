"""Whether the page that a browser shows may talk to this server."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

_DEFAULT_PORTS = {"http": 80, "https": 443}
_OF_SOCKETS = {"ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True)
class Origins:
    """An exact list of origins (`https://chat.example`); an empty one stands for the server's own origin.

    A listed origin replaces the server's own: who lists any lists all.
    """

    listed: AbstractSet[str] = frozenset()

    def permit(self, connection: HTTPConnection) -> bool:
        """Whether this request's Origin is allowed. An absent one counts as same-site, `null` does not.

        The scheme is the connection's; uvicorn sets it from forwarded headers where proxies are trusted.
        """
        found = connection.headers.getlist("origin")
        if not found:
            return True
        own = f"{connection.url.scheme}://{connection.headers.get('host', '')}"
        return len(found) == 1 and allowed(found[0], own, self.listed)


def allowed(origin: str, own: str, listed: AbstractSet[str] = frozenset()) -> bool:
    """Whether `origin` is one of `listed`, or `own` where nothing is listed."""
    wanted = normal(origin)
    return wanted is not None and wanted in {normal(each) for each in listed or {own}}


def normal(origin: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an origin, so that spelling makes no difference; None if it is none."""
    try:
        parts = urlsplit(origin)
        scheme, host, port = _OF_SOCKETS.get(parts.scheme, parts.scheme), parts.hostname, parts.port
    except ValueError:
        return None
    if scheme not in _DEFAULT_PORTS or not host or parts.username is not None:
        return None
    if parts.path or parts.query or parts.fragment:
        return None
    return scheme, host, port or _DEFAULT_PORTS[scheme]
