"""How a delivery ends, whichever broker brought it: decode, handle, retry, quarantine. Returns when it may be acked."""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from pydantic import ValidationError

from pulse_bus.port import Delivery, GroupHandler, GroupReader, Handler, Quarantine, Quarantined, Reject
from pulse_contracts.backoff import retry_delay
from pulse_contracts.errors import Unavailable
from pulse_contracts.message import Message
from pulse_contracts.topics import Topic

log = logging.getLogger("pulse.bus")
M = TypeVar("M", bound=Message)
R = TypeVar("R")

QUARANTINED_BYTES = 64 * 1024
_RETRY_FLOOR, _RETRY_CAP = 0.05, 5.0
_BUG_RETRIES = 3


class Incoming(NamedTuple):
    """A message before anybody read it."""

    address: str
    levels: Mapping[str, str]
    payload: bytes
    received: int
    is_retained: bool


async def log_quarantine(item: Quarantined) -> None:
    """The default quarantine for processes that have no store: one warning, with the reason and no payload."""
    log.warning("message quarantined: %s %s %s", item.address, item.code, item.detail)


def read_each(message: type[M]) -> GroupReader[M]:
    """Reads every payload by itself."""

    def read(payloads: Sequence[bytes]) -> list[M | Exception]:
        return [_read(message, payload) for payload in payloads]

    return read


def _read(message: type[M], payload: bytes) -> M | Exception:
    try:
        return message.model_validate_json(payload)
    except (ValidationError, RecursionError) as error:
        return error


@dataclass(frozen=True)
class _Door(Generic[M]):
    """What is the same for one message and for many: reading, putting away, waiting."""

    topic: Topic[M]
    quarantine: Quarantine
    rng: random.Random

    async def put_unreadable(self, incoming: Incoming, error: Exception) -> None:
        """Returns when it lies in quarantine."""
        await self.put_away(incoming, "unreadable", _why_unreadable(error))

    def delivery(self, incoming: Incoming, read: R) -> Delivery[R]:
        """What was read, as a delivery."""
        size, is_retained = len(incoming.payload), incoming.is_retained
        return Delivery(self.topic, incoming.levels, read, incoming.received, size, is_retained)

    def note_wait(self, incoming: Incoming, waits: int, error: Unavailable) -> None:
        """Says the first time that something is away."""
        log.log(logging.INFO if waits == 1 else logging.DEBUG, "%s waits: %s", incoming.address, error)

    async def give_up(self, incoming: Incoming, error: Exception) -> None:
        """Our bug, tried often enough."""
        log.error("handler failed %d times: %s", _BUG_RETRIES + 1, incoming.address, exc_info=error)
        await self.put_away(incoming, "handler_failed", f"{type(error).__name__}: {error}"[:500])

    async def put_away(self, incoming: Incoming, code: str, detail: str) -> None:
        """Returns when the message lies in quarantine, or cannot even be put there."""
        payload = incoming.payload[:QUARANTINED_BYTES]
        item = Quarantined(incoming.address, payload, code, detail, incoming.received)
        bugs, waits = 0, 0
        while True:
            try:
                await self.quarantine(item)
            except Unavailable:
                waits += 1
                await self.pause(waits)
            except Exception:  # a message that cannot even be put away must not end the process each time it comes
                bugs += 1
                if bugs > _BUG_RETRIES:
                    log.exception("quarantine failed %d times: %s %s %s", bugs, incoming.address, code, detail)
                    return
                await self.pause(bugs)
            else:
                return

    async def pause(self, times: int) -> None:
        """Exponential back-off with jitter."""
        await asyncio.sleep(retry_delay(times + 1, _RETRY_FLOOR, _RETRY_CAP, self.rng))


@dataclass(frozen=True)
class Handling(_Door[M]):
    """One subscription's way of dealing with what comes, a message at a time."""

    handler: Handler[M]

    async def settle(self, incoming: Incoming) -> None:
        """Returns when the message may be acknowledged to the broker: it was handled, or it lies in quarantine."""
        read = _read(self.topic.message, incoming.payload)
        if isinstance(read, Exception):
            await self.put_unreadable(incoming, read)
            return
        delivery = self.delivery(incoming, read)
        bugs, waits = 0, 0
        while True:
            try:
                await self.handler(delivery)
            except Reject as refusal:
                await self.put_away(incoming, refusal.code, refusal.detail)
            except Unavailable as error:
                waits += 1
                self.note_wait(incoming, waits, error)
                await self.pause(waits)
                continue
            except Exception as error:  # noqa: BLE001  # the bus's door: our bug must not stop the rest
                bugs += 1
                if bugs <= _BUG_RETRIES:
                    await self.pause(bugs)
                    continue
                await self.give_up(incoming, error)
            return


@dataclass(slots=True)
class _Waiting(Generic[R]):
    """One message of a group: how often it failed, and whom to tell when it is settled."""

    incoming: Incoming
    delivery: Delivery[R]
    settled: Callable[[], None]
    bugs: int = 0


@dataclass(frozen=True)
class GroupHandling(_Door[M], Generic[M, R]):
    """One subscription's way of dealing with what comes, as many messages at a time as have arrived together."""

    handler: GroupHandler[R]
    read: GroupReader[R]

    async def settle(self, group: Sequence[tuple[Incoming, Callable[[], None]]]) -> None:
        """Calls back for each message when it may be acknowledged to the broker; returns after the last."""
        left: list[_Waiting[R]] = []
        found = self.read([incoming.payload for incoming, _ in group])
        async with asyncio.TaskGroup() as tasks:  # what cannot be read keeps nothing else waiting
            for (incoming, settled), read in zip(group, found, strict=True):
                if isinstance(read, Exception):
                    tasks.create_task(self._put_away(incoming, read, settled))
                else:
                    left.append(_Waiting(incoming, self.delivery(incoming, read), settled))
            await self._handle(left)

    async def _put_away(self, incoming: Incoming, error: Exception, settled: Callable[[], None]) -> None:
        await self.put_unreadable(incoming, error)
        settled()

    async def _handle(self, left: list[_Waiting[R]]) -> None:
        times = 0
        while left:
            left = await self._round(left, times + 1)
            if left:
                times += 1
                await self.pause(times)

    async def _round(self, members: list[_Waiting[R]], waits: int) -> list[_Waiting[R]]:
        """Those that have to be tried again."""
        again: list[_Waiting[R]] = []
        for member, outcome in zip(members, await self._outcomes(members), strict=True):
            if isinstance(outcome, Unavailable):
                self.note_wait(member.incoming, waits, outcome)
                again.append(member)
                continue
            if isinstance(outcome, Reject):
                await self.put_away(member.incoming, outcome.code, outcome.detail)
            elif outcome is not None:
                member.bugs += 1
                if member.bugs <= _BUG_RETRIES:
                    again.append(member)
                    continue
                await self.give_up(member.incoming, outcome)
            member.settled()
        return again

    async def _outcomes(self, members: list[_Waiting[R]]) -> Sequence[Exception | None]:
        try:
            outcomes = await self.handler([member.delivery for member in members])
        except (Unavailable, Reject) as outcome:
            return [outcome] * len(members)
        except Exception as error:  # noqa: BLE001  # the bus's door: our bug must not stop the rest
            if len(members) == 1:
                return [error]
            log.debug("a group failed, each alone: %s", error)
            return [(await self._outcomes([member]))[0] for member in members]
        if len(outcomes) != len(members):
            raise RuntimeError(f"{len(members)} messages, {len(outcomes)} outcomes")
        return outcomes


def _why_unreadable(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return _first_error(error) if isinstance(error, ValidationError) else f"no JSON: {error}"[:500]


def _first_error(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}"[:500] if where else str(first["msg"])[:500]
