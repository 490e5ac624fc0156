"""What a collector's report means. Every report passes `judge` before anything changes."""

from dataclasses import dataclass, replace
from typing import Literal

from pulse_contracts.mirror import MAX_JUMP, ReportContent, Tombstone
from pulse_sync_publisher.model.progress import MAX_NONCES, RETRY_CAP, RETRY_FLOOR, Flight, Progress
from pulse_sync_publisher.model.records import Entry

Refusal = Literal[
    "foreign_device",
    "foreign_generation",
    "unknown_key",
    "seal_refused",
    "unreadable",
    "number_jump",
    "replayed",
    "unmanaged",
    "too_many",
]
IncidentKind = Literal[
    "digest_differs",
    "collector_rolled_back",
    "publisher_restored",
    "revocation_restored",
    "unknown_key",
    "audit_chain_broken",
    "users_restored",
    "revocation_kept",
]
SNAPSHOT_TIME = 20_000_000
"""Microseconds in which a hello does not repeat a snapshot: its parts may still be on their way."""
KEY_GRACE = 5 * 60 * 1_000_000
"""Microseconds after a rekey in which a report under an older key is only late."""
MAX_KEY_JUMP = 500
"""A report may exceed the newest confirmed key number by less than this. A collector accepts a rekey that exceeds its
own number by at most 1,000, so reports that anybody could make never lead to a number that it refuses."""


@dataclass(frozen=True)
class Outcome:
    """What a report changes.

    progress: the new state.
    counter: sync-publisher's counter must be at least this.
    nonce: a heartbeat answers with this nonce. None: no heartbeat.
    incidents: kinds with a detail.
    tombstones: revocations to compare with the log (`forgotten`).
    refused: why nothing changed.
    vouches: the heartbeat echoes the nonce, so that offline sign-in goes on.
    """

    progress: Progress
    counter: int = 0
    nonce: str | None = None
    incidents: tuple[tuple[IncidentKind, str], ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    refused: Refusal | None = None
    vouches: bool = True


@dataclass(frozen=True)
class Known:
    """What sync-publisher has: its counter, the digest of the set at `Progress.seq`, and the newest audit entry of the
    collector that it has stored."""

    counter: int
    set: str
    audit: int


def which_key(progress: Progress, gen: int, key: int, now: int) -> Literal["current", "next", "rekey"] | Refusal:
    """Which key opens a report. `rekey`: none that is known; a new key repairs it (the database was restored, on one
    side or the other)."""
    if progress.gen == 0 or progress.state in {"lost", "deleted"}:
        return "unmanaged"
    if gen != progress.gen:
        return "foreign_generation"
    if key == progress.key:
        return "current"
    if key == progress.next_key:
        return "next"
    is_late = key < progress.key and now - progress.keyed_at < KEY_GRACE
    is_far = key >= progress.key + MAX_KEY_JUMP
    is_pending = progress.next_key is not None and progress.next_key > key
    if is_late or is_far or is_pending:
        return "unknown_key"
    return "rekey"


def wants_set(progress: Progress, report: ReportContent) -> bool:
    """Whether `judge` or the answer needs the digest of the set."""
    return report.nonce is not None or (report.set is not None and report.seq == progress.seq)


def judge(progress: Progress, report: ReportContent, known: Known, now: int) -> Outcome:
    """Decides about a report whose seal is valid. `progress` has the report's key as its current key."""
    refused = _refusal(progress, report, known, now)
    if refused == "replayed" and report.nonce is not None and report.nonce not in progress.nonces:
        # A restored keystore reports lower numbers, too. The heartbeat raises them, so its next hello counts.
        return Outcome(_with_nonce(progress, report.nonce), nonce=report.nonce, refused=refused)
    if refused is not None:
        return Outcome(progress, refused=refused)
    before, progress = (
        progress,
        replace(
            progress,
            seen=now,
            reported=report.state,
            beat=max(progress.beat, report.n),
            reported_n=max(progress.reported_n, report.n),
        ),
    )
    if report.nonce is not None:
        progress = _with_nonce(progress, report.nonce)
    if report.state == "wiped":
        return Outcome(replace(progress, flight=None), nonce=report.nonce)
    if report.kind != "hello" and (max(report.seq, report.max_seq) > progress.seq or report.top > known.counter):
        # This database was restored. Only a hello lists the revocations that it may have forgotten.
        return Outcome(replace(progress, seen=None, flight=None), nonce=report.nonce)
    if report.kind == "ack":
        return _acknowledged(progress, report, known)
    return _asked(progress, report, (known, before, now))


def _refusal(progress: Progress, report: ReportContent, known: Known, now: int) -> Refusal | None:
    limits = (
        (report.seq, progress.seq),
        (report.max_seq, progress.seq),
        (report.n, progress.beat),
        (report.audit, known.audit),
    )
    if any(value > bound + MAX_JUMP for value, bound in limits):
        return "number_jump"
    # All collectors share the counter. It takes less than one number in a microsecond, so it never exceeds the time;
    # and collectors accept every number up to the time. So no collector can raise it to a number that others refuse.
    counted = (report.top, report.floor, *(tombstone.ver for tombstone in report.revoked))
    if max(counted) > max(known.counter, min(known.counter + MAX_JUMP, now)):
        return "number_jump"
    if report.nonce is not None and report.nonce in progress.nonces:
        return "replayed"
    return "replayed" if report.n < progress.reported_n else None


def _with_nonce(progress: Progress, nonce: str) -> Progress:
    return replace(progress, nonces=(*progress.nonces, nonce)[-MAX_NONCES:])


def _acknowledged(progress: Progress, report: ReportContent, known: Known) -> Outcome:
    acked = max(progress.acked, min(report.seq, progress.seq))
    flight, needs = progress.flight, progress.needs_snapshot
    if flight is not None and flight.kind == "snapshot":
        if report.seq >= flight.seq and report.floor >= flight.asof:
            flight, needs = None, False
    elif flight is not None and flight.kind == "delta" and acked >= flight.seq:
        flight = None
    outcome = Outcome(replace(progress, acked=acked, flight=flight, needs_snapshot=needs), nonce=report.nonce)
    return _compared(outcome, report, known, progress)


def _asked(progress: Progress, report: ReportContent, context: tuple[Known, Progress, int]) -> Outcome:
    """A hello or a request for repair. `context`: what is known, the progress before the report, and the time."""
    known, before, now = context
    incidents = list[tuple[IncidentKind, str]]()
    top = max(report.seq, report.max_seq)
    needs, is_restored = before.needs_snapshot, top > before.seq or report.top > known.counter
    if is_restored:
        detail = f"position {before.seq}, counter {known.counter}; the collector has {top}, {report.top}"
        incidents.append(("publisher_restored", detail))
        needs = True
    if report.state == "rollback" and before.reported != "rollback":
        incidents.append(("collector_rolled_back", f"position {report.seq}, it had {report.max_seq}"))
    seq = max(before.seq, top)
    needs = needs or report.state in {"new", "rollback"} or report.reason in {"new", "rollback", "floor", "key"}
    needs = needs or (report.reason == "digest" and report.seq >= seq)
    flight = None if is_restored else _hastened(before.flight, report, now)
    progress = replace(progress, seq=seq, acked=min(report.seq, seq), needs_snapshot=needs, flight=flight)
    counter = max(report.top, report.floor, *(tombstone.ver for tombstone in report.revoked), 0)
    outcome = Outcome(progress, counter, report.nonce, tuple(incidents), tuple(report.revoked))
    return _compared(outcome, report, known, before)


def _hastened(flight: Flight | None, report: ReportContent, now: int) -> Flight | None:
    """The message in flight when the collector asks. It is connected, so there is no need to wait. A snapshot that is
    repeated keeps its id, and gets time for its transfer."""
    if flight is None or report.reason == "floor" or (flight.kind == "delta" and report.reason is not None):
        return None
    age = now - flight.at
    if flight.kind == "snapshot":
        return replace(flight, at=now - round(RETRY_CAP * 1_000_000)) if age >= SNAPSHOT_TIME else flight
    return None if age >= RETRY_FLOOR * 1_000_000 else flight


def _compared(outcome: Outcome, report: ReportContent, known: Known, before: Progress) -> Outcome:
    """Compares the digests of equal positions. After a difference the snapshot keeps the back-off of the previous
    one, so that a collector that always differs does not get one after the other."""
    is_comparable = report.state in {"synced", "resync"} and report.seq == before.seq == outcome.progress.seq
    if not is_comparable or report.set is None or report.set == known.set or outcome.progress.needs_snapshot:
        return outcome
    incident: tuple[IncidentKind, str] = (
        "digest_differs",
        f"position {report.seq}, {report.count} records at the collector",
    )
    is_repeat = before.flight is not None and before.flight.kind == "snapshot"
    progress = replace(outcome.progress, needs_snapshot=True, flight=before.flight if is_repeat else None)
    return replace(outcome, progress=progress, incidents=(*outcome.incidents, incident))


def forgotten(tombstones: tuple[Tombstone, ...], entries: dict[str, Entry]) -> list[Tombstone]:
    """The revocations of a collector that its log does not know: sync-publisher's database was restored. In a log that
    was not restored, every tombstone of the collector is in `revoked_ver`, also when the account was allowed again."""
    found = list[Tombstone]()
    for tombstone in tombstones:
        entry = entries.get(tombstone.account)
        if entry is None or (
            entry.revoked_ver < tombstone.ver and not (entry.state == "revoked" and entry.src >= tombstone.src)
        ):
            found.append(tombstone)
    return found
