"""A single trusted user: whoever reaches the server."""

from starlette.requests import HTTPConnection

from api.auth.identity import Identity, Issued

USER_ID = "local"


class NoAuth:
    bearer_only = False

    async def identify(self, connection: HTTPConnection) -> Identity:  # noqa: ARG002 - it makes no difference
        return Identity(USER_ID)

    async def check(self, token: str) -> Identity:  # noqa: ARG002 - it makes no difference
        return Identity(USER_ID)

    def issue(self) -> Issued:
        return Issued(USER_ID, USER_ID)

    def vouch(self, user_id: str) -> None:  # noqa: ARG002 - everybody is the same already
        return None
