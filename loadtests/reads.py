"""What a client asks of REST: pages and single messages, each judged before it counts."""

import asyncio
from typing import TYPE_CHECKING

from loadtests.errors import Refused, Unreached
from loadtests.protocol.effects import LoadMessage, LoadNewest
from loadtests.protocol.frames import Frame

if TYPE_CHECKING:
    from loadtests.driver import Driver

NOT_FOUND = 404


class Reads:
    def __init__(self, driver: "Driver") -> None:
        self._driver = driver

    async def newest(self, effect: LoadNewest) -> None:
        """Load the newest page, until it is here or no longer wanted."""
        driver = self._driver
        while driver.core.wanted(effect):
            mark = driver.verifier.reading(effect.session_id)
            try:
                page = await driver.rest.page(effect.session_id, limit=driver.page_limit)
            except (Unreached, Refused) as error:
                if isinstance(error, Refused) and error.status == NOT_FOUND:
                    driver.lose(effect.session_id, error)
                    return
                await asyncio.sleep(driver.pace.read_again_s)
                continue
            if driver.verifier.page(page, mark):
                driver.perform(driver.core.newest_page(effect.session_id, page, effect.ticket))
                driver.background.changed()
            return

    async def message(self, effect: LoadMessage) -> None:
        """Read one message, until it is here, gone or no longer wanted."""
        driver = self._driver
        while driver.core.wanted(effect):
            try:
                await self.one(effect.session_id, effect.message_id)
            except (Unreached, Refused) as error:
                if isinstance(error, Refused) and error.status == NOT_FOUND:
                    return
                await asyncio.sleep(driver.pace.read_again_s)
            else:
                return

    async def one(self, session_id: str, message_id: str) -> Frame:
        """Read one message by REST and tell everybody."""
        driver = self._driver
        mark = driver.verifier.reading(session_id)
        state = driver.core.conversations.get(session_id)
        era = 0 if state is None else state.era
        message = await driver.rest.message(session_id, message_id)
        driver.verifier.read(message, mark)
        driver.perform(driver.core.message_read(session_id, message, era))
        driver.background.changed()
        return message

    async def older(self, session_id: str) -> bool:
        """Load one page of older messages; say whether there was one to load."""
        driver = self._driver
        state = driver.core.conversations[session_id]
        before, era = state.older_than(), state.era
        if before is None:
            return False
        mark = driver.verifier.reading(session_id)
        page = await driver.rest.patiently(
            lambda: driver.rest.page(session_id, before=before, limit=driver.page_limit)
        )
        if driver.verifier.page(page, mark):
            driver.perform(driver.core.older_page(session_id, page, before, era))
            driver.background.changed()
        return True
