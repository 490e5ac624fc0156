"""How a delivery ends, whichever broker brought it: decode, handle, retry, quarantine. Returns when it may be acked."""

import asyncio
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import ValidationError

from pulse_bus.port import Delivery, Handler, Quarantine, Quarantined, Reject
from pulse_contracts.errors import Unavailable
from pulse_contracts.message import Message
from pulse_contracts.topics import Topic

log = logging.getLogger("pulse.bus")
M = TypeVar("M", bound=Message)

QUARANTINED_BYTES = 64 * 1024
_RETRY_FLOOR, _RETRY_CAP = 0.05, 5.0
_BUG_RETRIES = 3


@dataclass(frozen=True)
class Incoming:
    """A message before anybody read it."""

    address: str
    levels: Mapping[str, str]
    payload: bytes
    received: int
    is_retained: bool


async def log_quarantine(item: Quarantined) -> None:
    """The default quarantine for processes that have no store: one warning, with the reason and no payload."""
    log.warning("message quarantined: %s %s %s", item.address, item.code, item.detail)


@dataclass(frozen=True)
class Handling(Generic[M]):
    """One subscription's way of dealing with what comes."""

    topic: Topic[M]
    handler: Handler[M]
    quarantine: Quarantine
    rng: random.Random

    async def settle(self, incoming: Incoming) -> None:
        """Returns when the message may be acknowledged to the broker: it was handled, or it lies in quarantine."""
        try:
            message = self.topic.message.model_validate_json(incoming.payload)
        except ValidationError as error:
            await self._put_away(incoming, "unreadable", _first_error(error))
            return
        except RecursionError:
            await self._put_away(incoming, "unreadable", "nested too deeply")
            return
        delivery = Delivery(
            self.topic, incoming.levels, message, incoming.received, len(incoming.payload), incoming.is_retained
        )
        bugs, waits = 0, 0
        while True:
            try:
                await self.handler(delivery)
            except Reject as refusal:
                await self._put_away(incoming, refusal.code, refusal.detail)
            except Unavailable as error:
                waits += 1
                log.log(logging.INFO if waits == 1 else logging.DEBUG, "%s waits: %s", incoming.address, error)
                await self._pause(waits)
                continue
            except Exception as error:  # the bus's door: our bug must not stop the rest
                bugs += 1
                if bugs <= _BUG_RETRIES:
                    await self._pause(bugs)
                    continue
                log.exception("handler failed %d times: %s", bugs, incoming.address)
                await self._put_away(incoming, "handler_failed", f"{type(error).__name__}: {error}"[:500])
            return

    async def _put_away(self, incoming: Incoming, code: str, detail: str) -> None:
        payload = incoming.payload[:QUARANTINED_BYTES]
        item = Quarantined(incoming.address, payload, code, detail, incoming.received)
        bugs, waits = 0, 0
        while True:
            try:
                await self.quarantine(item)
            except Unavailable:
                waits += 1
                await self._pause(waits)
            except Exception:  # a message that cannot even be put away must not end the process each time it comes
                bugs += 1
                if bugs > _BUG_RETRIES:
                    log.exception("quarantine failed %d times: %s %s %s", bugs, incoming.address, code, detail)
                    return
                await self._pause(bugs)
            else:
                return

    async def _pause(self, times: int) -> None:
        ceiling = min(_RETRY_CAP, _RETRY_FLOOR * 2 ** min(times, 10))
        await asyncio.sleep(ceiling * self.rng.uniform(0.5, 1.0))


def _first_error(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}"[:500] if where else str(first["msg"])[:500]
