"""Who is asking, as dependencies of the doors."""

from starlette.requests import HTTPConnection

from api.auth.identity import Authenticator, Identity, bearer
from api.auth.origins import Origins
from api.core.errors import ChatError, Code

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Who:
    """`Depends(who.identity)` in a door; each raises a ChatError that the door passes on."""

    def __init__(self, auth: Authenticator, origins: Origins) -> None:
        self._auth = auth
        self._origins = origins

    async def same_site(self, connection: HTTPConnection) -> None:
        """Refuse with `forbidden` what a foreign page makes a browser send.

        A bearer token is no matter of a browser's habit, and reading changes nothing: both pass. With
        AUTH=none the check holds as well, since there being reachable is all that it takes.
        """
        if connection.scope.get("method") in SAFE_METHODS or bearer(connection) is not None:
            return
        if not self._origins.permit(connection):
            raise ChatError(Code.FORBIDDEN, "This page may not use this server. Open the server's own page.")

    async def caller(self, connection: HTTPConnection) -> Identity | None:
        """Who asks, or None. Raises `forbidden`, and `unauthorized` or `token_expired` for a bad token."""
        await self.same_site(connection)
        return await self._auth.identify(connection)

    async def identity(self, connection: HTTPConnection) -> Identity:
        """Who asks. Raises as `caller` does, and `unauthorized` where nobody is known."""
        found = await self.caller(connection)
        if found is None:
            raise ChatError(Code.UNAUTHORIZED)
        return found
