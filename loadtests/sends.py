"""Messages of the outbox on their way, by the socket or by REST."""

from typing import TYPE_CHECKING

from loadtests.errors import Refused, Unreached
from loadtests.protocol.effects import Transmit
from loadtests.protocol.outbox import Entry

if TYPE_CHECKING:
    from loadtests.driver import Driver


class Sends:
    def __init__(self, driver: "Driver") -> None:
        self._driver = driver

    def transmit(self, effect: Transmit) -> None:
        """Send what is to be sent by the door whose turn it is."""
        driver = self._driver
        entry = driver.core.outbox.started(effect.client_message_id, effect.tries)
        if entry is None:
            return
        # What brought no word by the socket goes by the other door, and so in turn.
        if driver.core.carrier == "http" or (driver.mode == "auto" and entry.tries % 2 == 0):
            driver.background.run(self._post(entry, entry.tries))
            return
        driver.say(entry.frame() | {"id": driver.request_id()})
        name, tries = entry.client_message_id, entry.tries
        driver.background.later(
            driver.pace.reply_s, lambda: driver.perform(driver.core.outbox.unanswered(name, tries, 0))
        )

    async def _post(self, entry: Entry, tries: int) -> None:
        driver = self._driver
        try:
            ack = await driver.rest.send(entry)
        except Unreached:
            driver.perform(driver.core.outbox.unanswered(entry.client_message_id, tries))
        except Refused as refused:
            body = refused.body | {"retryable": refused.passing}
            driver.perform(driver.core.outbox.refused(entry.client_message_id, body))
        else:
            driver.verifier.acked(ack)
            driver.measures.acked(ack)
            driver.perform(driver.core.accepted(ack, followed=False))
        driver.background.changed()
