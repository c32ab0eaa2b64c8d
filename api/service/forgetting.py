"""Forgetting a user: all sessions, messages and feedback are gone, whoever is watching."""

from api.service.archive import Archive
from api.service.background import Background
from api.service.ports import Hints, SessionHint
from api.service.runner import Runner


class Forgetting:
    """What is begun is brought to its end: without the caller, at the next start, or by the sweep."""

    def __init__(self, *, archive: Archive, runner: Runner, hints: Hints) -> None:
        self._archive = archive
        self._runner = runner
        self._hints = hints
        self._background = Background()

    async def __call__(self, user_id: str) -> None:
        """Returns once nothing of the user's can be reached any more; it is erased soon after.

        The user is known as before, and has nothing. What is sent meanwhile goes as well.
        """
        await self._background.carried_through(self._forget(user_id))

    async def resume(self) -> None:
        """Goes on with what was broken off."""
        for user_id in await self._archive.half_forgotten():
            await self._forget(user_id)

    async def settled(self) -> None:
        """Waits for what callers who have left have begun."""
        await self._background.settled()

    async def _forget(self, user_id: str) -> None:
        done = False
        while not done:
            step = await self._archive.forget(user_id)
            for message_id in step.cancelled:
                self._runner.abandon(message_id)
            for session_id in step.sessions:
                self._hints.tell(user_id, SessionHint(session_id))
            done = step.done
