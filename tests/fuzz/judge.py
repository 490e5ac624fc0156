"""Checks the outcome of each message: the judge reads it like the contract, and looks for it where it must be
stored."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import asyncpg
from pydantic import ValidationError

from pulse_contracts.message import Message
from pulse_contracts.ranges import subtract
from pulse_contracts.telemetry import (
    ORD_JUMP,
    PLAIN_EPOCH,
    Dropped,
    Hello,
    ReadingBatch,
    SeriesDeclared,
    Uplink,
)
from pulse_contracts.topics import (
    SYSTEM_STATUS,
    TELEMETRY_DATA,
    TELEMETRY_DROP,
    TELEMETRY_HELLO,
    TELEMETRY_SERIES,
    Topic,
)
from pulse_telemetry_gateway.model.plain.documents import Document, read_documents
from pulse_telemetry_gateway.model.plain.normalizer import normalize

_TOPICS: dict[str, Topic[Message]] = {
    topic.template.rsplit("/", 1)[0].replace("{kind}", "collector"): topic
    for topic in (TELEMETRY_DATA, TELEMETRY_SERIES, TELEMETRY_HELLO, TELEMETRY_DROP, SYSTEM_STATUS)
}
_PLAIN = "telemetry/plain"
_KEPT = 64 * 1024
_SPAN = 3653 * 86_400_000_000
_MARGIN = 3_600_000_000
"""Microseconds. Times so close to the limit of plausible times may have either outcome."""


@dataclass(frozen=True)
class Sent:
    """One message as it was sent. `kind` is its topic without the device."""

    kind: str
    device: str
    payload: bytes

    @property
    def key(self) -> tuple[str, str]:
        """The identity of a message in quarantine. Several messages may be equal."""
        return f"{self.kind}/{self.device}", hashlib.sha256(self.payload[:_KEPT]).hexdigest()

    def read(self) -> Message | Document | None:
        """The message decoded by its contract. A plain device's message has no contract."""
        if self.kind == _PLAIN:
            (document,) = read_documents([self.payload])
            return document if isinstance(document, Document) else None
        try:
            return _TOPICS[self.kind].message.model_validate_json(self.payload)
        except (ValidationError, RecursionError):
            return None


@dataclass
class Replies:
    """The gateway's messages to the device since the last check."""

    declare: set[int] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)


@dataclass
class Judge:
    """`outcomes` counts the outcomes of messages. `problems` lists violations."""

    connection: asyncpg.Connection
    clock: Callable[[], int]
    outcomes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    _plain: Counter[str] = field(default_factory=Counter)
    """Number of values in plain messages that are not in quarantine, by device. At least these must be stored."""
    _seen: int = 0
    """The number of the last message in quarantine."""

    async def judge(self, sent: Sequence[Sent], replies: Replies) -> None:
        """Returns when everything that was sent has been processed."""
        away = await self._quarantined()
        streams = {
            (row["name"], row["epoch"]): [(int(part.lower), int(part.upper)) for part in row["settled"]]
            for row in await self.connection.fetch(
                "SELECT name, epoch, settled FROM telemetry.stream s JOIN telemetry.device d ON d.id = s.device_id"
            )
        }
        declared = {
            (row["name"], row["epoch"])
            for row in await self.connection.fetch(
                "SELECT d.name, c.epoch FROM telemetry.catalog c JOIN telemetry.device d ON d.id = c.device_id"
            )
        }
        for one in sent:
            codes = away.get(one.key, [])
            code = codes.pop() if codes else None
            if one.kind == "system/status/collector" and codes:
                codes.pop()  # two consumers read it: the registry, and the board for browsers
            message = one.read()
            may, must = _codes(one, message, self.clock())
            if not one.payload and one.kind == "system/status/collector":  # deletes the retained message
                outcome = "ignored" if code is None else None
            elif code is None and not must:
                outcome = _outcome(one, message, streams, declared, replies)
            else:
                outcome = f"quarantined, {code}" if code in may else None
            if outcome is None:
                may_be = sorted(may) if may else "nowhere"
                self.problems.append(
                    f"{one.kind}/{one.device}: quarantine: {code}, may be {may_be}: {one.payload[:600]!r}"
                )
            self.outcomes[f"{one.kind}: {outcome or 'WRONG'}"] += 1
            if isinstance(message, Document) and code is None:
                self._plain[one.device] += len(normalize(message, self.clock(), _SPAN - _MARGIN).values)
        await self._count_plain()
        for (address, _), left in away.items():
            if left:
                self.problems.append(f"{address}: {len(left)} more in quarantine than were sent: {left[:3]}")

    async def _count_plain(self) -> None:
        for device, n in self._plain.items():
            stored = await self.connection.fetchval(
                "SELECT stored_n FROM telemetry.stream s JOIN telemetry.device d ON d.id = s.device_id "
                "WHERE name = $1 AND epoch = $2",
                device,
                PLAIN_EPOCH,
            )
            if (stored or 0) < n:
                self.problems.append(f"{device}: {stored} plain values are stored, {n} must be")

    async def _quarantined(self) -> dict[tuple[str, str], list[str]]:
        rows = await self.connection.fetch(
            "SELECT id, address, encode(sha256(payload), 'hex') AS hash, code, detail FROM telemetry.quarantine "
            "WHERE id > $1 ORDER BY id",
            self._seen,
        )
        found: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            self._seen = row["id"]
            found.setdefault((row["address"], row["hash"]), []).append(row["code"])
            if not row["detail"]:
                self.problems.append(f"{row['address']}: {row['code']} without a word")
            if row["code"] == "handler_failed":
                self.problems.append(f"{row['address']}: {row['code']}: {row['detail']}")
        return found


def _codes(one: Sent, message: Message | Document | None, now: int) -> tuple[set[str], bool]:
    """Returns the codes that it may have in quarantine, and whether it must be there."""
    match message:
        case None:
            return {"unreadable"}, True
        case Uplink(device=str(device)) if device != one.device:
            return {"foreign_device"}, True
        case ReadingBatch() | Dropped():
            may = {"plain_epoch"} if message.epoch == 0 else {"implausible_ord"} if message.ord > ORD_JUMP else set()
            return may, message.epoch == 0
        case SeriesDeclared():
            return {"series_redeclared", "wrong_digest"}, False
        case Document():
            refused = [normalize(message, now + shift, _SPAN).refused for shift in (-_MARGIN, _MARGIN)]
            return {"refused_values"}, all(refused)
    return set(), False


def _outcome(
    one: Sent,
    message: Message | Document | None,
    streams: dict[tuple[str, int], list[tuple[int, int]]],
    declared: set[tuple[str, int]],
    replies: Replies,
) -> str | None:
    def is_settled(epoch: int, parts: Iterable[tuple[int, int]]) -> bool:
        return not any(subtract((part,), streams.get((one.device, epoch), [])) for part in parts)

    found: str | None = None
    match message:
        case ReadingBatch():
            is_known = is_settled(message.epoch, [(message.lo, message.lo + len(message.value))])
            found = "settled" if is_known else "requested to declare" if message.epoch in replies.declare else None
        case Dropped():
            found = "settled" if is_settled(message.epoch, message.ranges) else None
        case Hello():
            newer = (
                "left to a newer one" if replies.sessions else None
            )  # of several, the gateway answers only the newest
            found = "answered" if message.session in replies.sessions else newer
        case SeriesDeclared():
            found = "declared" if (one.device, message.catalog) in declared else None
        case Document():
            found = "stored"
        case _:
            found = "noted"
    return found
