"""What must have become of each message: the judge reads it as the contract does, and looks where it has to be."""

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
"""Microseconds: what lies so close to the edge of the plausible may be judged either way."""


@dataclass(frozen=True)
class Sent:
    """One message as it was sent: `kind` is its topic without the device."""

    kind: str
    device: str
    payload: bytes

    @property
    def key(self) -> tuple[str, str]:
        """As it would lie in quarantine: several may be equal."""
        return f"{self.kind}/{self.device}", hashlib.sha256(self.payload[:_KEPT]).hexdigest()

    def read(self) -> Message | Document | None:
        """As the contract reads it. What a plain device sends has no form of its own."""
        if self.kind == _PLAIN:
            (document,) = read_documents([self.payload])
            return document if isinstance(document, Document) else None
        try:
            return _TOPICS[self.kind].message.model_validate_json(self.payload)
        except (ValidationError, RecursionError):
            return None


@dataclass
class Heard:
    """What the gateway said to the device since the last judgement."""

    declare: set[int] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)


@dataclass
class Judge:
    """`outcomes` counts what became of the messages; `problems` says what may not be."""

    connection: asyncpg.Connection
    clock: Callable[[], int]
    outcomes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    _plain: Counter[str] = field(default_factory=Counter)
    """Values of plain messages that are not in quarantine, by device: so many at least must be stored."""
    _seen: int = 0
    """The number of the last message in quarantine."""

    async def judge(self, sent: Sequence[Sent], heard: Heard) -> None:
        """Everything that was sent has been worked on."""
        away = await self._quarantined()
        streams = {
            (row["name"], row["epoch"]): [(int(part.lower), int(part.upper)) for part in row["settled"]]
            for row in await self.connection.fetch(
                "SELECT name, epoch, settled FROM telemetry.stream s JOIN telemetry.device d ON d.id = s.device_id"
            )
        }
        lives = {
            (row["name"], row["epoch"])
            for row in await self.connection.fetch(
                "SELECT d.name, c.epoch FROM telemetry.catalog c JOIN telemetry.device d ON d.id = c.device_id"
            )
        }
        for one in sent:
            codes = away.get(one.key, [])
            code = codes.pop() if codes else None
            if one.kind == "system/status/collector" and codes:
                codes.pop()  # two read it: the registry, and the board that tells browsers
            message = one.read()
            may, must = _codes(one, message, self.clock())
            if code is None and not must:
                outcome = _outcome(one, message, streams, lives, heard)
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
    """With which codes it may lie in quarantine, and whether it must lie there."""
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
    lives: set[tuple[str, int]],
    heard: Heard,
) -> str | None:
    def is_settled(epoch: int, parts: Iterable[tuple[int, int]]) -> bool:
        return not any(subtract((part,), streams.get((one.device, epoch), [])) for part in parts)

    found: str | None = None
    match message:
        case ReadingBatch():
            is_known = is_settled(message.epoch, [(message.lo, message.lo + len(message.value))])
            found = "settled" if is_known else "asked to declare" if message.epoch in heard.declare else None
        case Dropped():
            found = "settled" if is_settled(message.epoch, message.ranges) else None
        case Hello():
            newer = "left to a newer one" if heard.sessions else None  # of several, only the newest is answered
            found = "answered" if message.session in heard.sessions else newer
        case SeriesDeclared():
            found = "declared" if (one.device, message.catalog) in lives else None
        case Document():
            found = "stored"
        case _:
            found = "noted"
    return found
