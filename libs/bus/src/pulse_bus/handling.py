"""Decodes, handles, retries and quarantines incoming messages, independent of the broker."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import structlog
from pydantic import ValidationError

from pulse_bus.port import Delivery, GroupHandler, GroupReader, Handler, Quarantine, Quarantined, Reject
from pulse_contracts.backoff import retry_delay
from pulse_contracts.errors import Unavailable
from pulse_contracts.message import Message
from pulse_contracts.topics import Topic

log = structlog.get_logger("pulse.bus")
M = TypeVar("M", bound=Message)
R = TypeVar("R")

QUARANTINED_BYTES = 64 * 1024
_RETRY_FLOOR, _RETRY_CAP = 0.05, 5.0
_BUG_RETRIES = 3


class Incoming(NamedTuple):
    """A message that is not decoded yet. `received` is in microseconds since 1970."""

    address: str
    levels: Mapping[str, str]
    payload: bytes
    received: int
    is_retained: bool


async def log_quarantine(item: Quarantined) -> None:
    """The quarantine of a process without a store: logs the reason as a warning, and drops the payload."""
    log.warning("message_quarantined", topic=item.address, code=item.code, detail=item.detail)


def read_each(message: type[M]) -> GroupReader[M]:
    """Returns a reader that decodes each payload on its own."""

    def read(payloads: Sequence[bytes]) -> list[M | Exception]:
        return [_read(message, payload) for payload in payloads]

    return read


def require_retained(topic: Topic[Message]) -> None:
    """Raises ValueError if the broker retains no message of the topic."""
    if not topic.retain:
        raise ValueError(f"{topic.template} retains no messages")


def _read(message: type[M], payload: bytes) -> M | Exception:
    try:
        return message.model_validate_json(payload)
    except (ValidationError, RecursionError) as error:
        return error


@dataclass(frozen=True)
class _Settling(Generic[M]):
    """The steps that single messages and groups share: quarantine, retries and log events."""

    topic: Topic[M]
    quarantine: Quarantine
    rng: random.Random

    def delivery(self, incoming: Incoming, decoded: R) -> Delivery[R]:
        """Returns the delivery of a decoded message."""
        size, is_retained = len(incoming.payload), incoming.is_retained
        return Delivery(self.topic, incoming.levels, decoded, incoming.received, size, is_retained)

    def log_retry(self, incoming: Incoming, failures: int, error: Unavailable) -> None:
        """Logs the first retry of a message at INFO, and further ones at DEBUG."""
        write = log.info if failures == 1 else log.debug
        write("handler_retry", topic=incoming.address, reason=str(error))

    async def quarantine_unreadable(self, incoming: Incoming, error: Exception) -> None:
        """Quarantines a message that could not be decoded."""
        await self.quarantine_message(incoming, "unreadable", _decoding_failure(error))

    async def quarantine_failed(self, incoming: Incoming, error: Exception) -> None:
        """Quarantines a message whose handler failed too often."""
        log.error("handler_failed", topic=incoming.address, attempts=_BUG_RETRIES + 1, exc_info=error)
        await self.quarantine_message(incoming, "handler_failed", f"{type(error).__name__}: {error}"[:500])

    async def quarantine_message(self, incoming: Incoming, code: str, detail: str) -> None:
        """Quarantines a message. Retries without limit during an outage. Any other failure of the quarantine is logged
        after a few attempts and drops the message, so that it cannot end the process each time it is delivered."""
        payload = incoming.payload[:QUARANTINED_BYTES]
        item = Quarantined(incoming.address, payload, code, detail, incoming.received)
        bugs, outages = 0, 0
        while True:
            try:
                await self.quarantine(item)
            except Unavailable:
                outages += 1
                await self.pause(outages)
            except Exception:
                bugs += 1
                if bugs > _BUG_RETRIES:
                    log.exception("quarantine_failed", topic=incoming.address, code=code, detail=detail, attempts=bugs)
                    return
                await self.pause(bugs)
            else:
                return

    async def pause(self, failures: int) -> None:
        """Sleeps for the back-off after this many failures in a row."""
        await asyncio.sleep(retry_delay(failures + 1, _RETRY_FLOOR, _RETRY_CAP, self.rng))


@dataclass(frozen=True)
class Handling(_Settling[M]):
    """Handles the messages of one subscription, one at a time."""

    handler: Handler[M]

    async def settle(self, incoming: Incoming) -> None:
        """Returns when the message may be acknowledged to the broker: it is handled or quarantined. The empty message
        that deletes a retained one is ignored."""
        if self.topic.retain and not incoming.payload:
            return
        decoded = _read(self.topic.message, incoming.payload)
        if isinstance(decoded, Exception):
            await self.quarantine_unreadable(incoming, decoded)
            return
        delivery = self.delivery(incoming, decoded)
        bugs, outages = 0, 0
        while True:
            try:
                await self.handler(delivery)
            except Reject as rejection:
                await self.quarantine_message(incoming, rejection.code, rejection.detail)
            except Unavailable as error:
                outages += 1
                self.log_retry(incoming, outages, error)
                await self.pause(outages)
                continue
            except Exception as error:  # noqa: BLE001  # a bug in one handler must not stop the others
                bugs += 1
                if bugs <= _BUG_RETRIES:
                    await self.pause(bugs)
                    continue
                await self.quarantine_failed(incoming, error)
            return


@dataclass(slots=True)
class _Pending(Generic[R]):
    """One message of a group. `settled` is called when it may be acknowledged. `bugs` counts its failures."""

    incoming: Incoming
    delivery: Delivery[R]
    settled: Callable[[], None]
    bugs: int = 0


@dataclass(frozen=True)
class GroupHandling(_Settling[M], Generic[M, R]):
    """Handles the messages of one subscription in groups of those that arrived together."""

    handler: GroupHandler[R]
    read: GroupReader[R]

    async def settle(self, group: Sequence[tuple[Incoming, Callable[[], None]]]) -> None:
        """Calls the callback of each message when it may be acknowledged to the broker. Returns after the last."""
        pending: list[_Pending[R]] = []
        results = self.read([incoming.payload for incoming, _ in group])
        async with asyncio.TaskGroup() as tasks:  # unreadable messages do not delay the others
            for (incoming, settled), decoded in zip(group, results, strict=True):
                if isinstance(decoded, Exception):
                    tasks.create_task(self._settle_unreadable(incoming, decoded, settled))
                else:
                    pending.append(_Pending(incoming, self.delivery(incoming, decoded), settled))
            await self._handle(pending)

    async def _settle_unreadable(self, incoming: Incoming, error: Exception, settled: Callable[[], None]) -> None:
        await self.quarantine_unreadable(incoming, error)
        settled()

    async def _handle(self, pending: list[_Pending[R]]) -> None:
        failures = 0
        while pending:
            pending = await self._attempt(pending, failures + 1)
            if pending:
                failures += 1
                await self.pause(failures)

    async def _attempt(self, members: list[_Pending[R]], attempt: int) -> list[_Pending[R]]:
        """Handles the messages once. Returns those that need a retry."""
        retries: list[_Pending[R]] = []
        for member, outcome in zip(members, await self._outcomes(members), strict=True):
            if isinstance(outcome, Unavailable):
                self.log_retry(member.incoming, attempt, outcome)
                retries.append(member)
                continue
            if isinstance(outcome, Reject):
                await self.quarantine_message(member.incoming, outcome.code, outcome.detail)
            elif outcome is not None:
                member.bugs += 1
                if member.bugs <= _BUG_RETRIES:
                    retries.append(member)
                    continue
                await self.quarantine_failed(member.incoming, outcome)
            member.settled()
        return retries

    async def _outcomes(self, members: list[_Pending[R]]) -> Sequence[Exception | None]:
        try:
            outcomes = await self.handler([member.delivery for member in members])
        except (Unavailable, Reject) as outcome:
            return [outcome] * len(members)
        except Exception as error:  # noqa: BLE001  # a bug in one handler must not stop the others
            if len(members) == 1:
                return [error]
            log.debug("group_handler_failed", messages=len(members), reason=f"{type(error).__name__}: {error}")
            return [(await self._outcomes([member]))[0] for member in members]
        if len(outcomes) != len(members):
            raise RuntimeError(f"the group handler returned {len(outcomes)} outcomes for {len(members)} messages")
        return outcomes


def _decoding_failure(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return _first_error(error) if isinstance(error, ValidationError) else f"not JSON: {error}"[:500]


def _first_error(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}"[:500] if where else str(first["msg"])[:500]
