"""The independent checker: it reads only the collectors' own journals and PostgreSQL. It shares no code with the
system. The layout of a stored batch comes from the gateway's README, and that of a chunk from its migration."""

import struct
from array import array
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import numpy as np
import zstandard
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass
class Verdict:
    """`problems` is empty when no reading was lost, duplicated, altered or invented. Counts are readings."""

    produced: int = 0
    stored: int = 0
    refused: int = 0
    dropped: int = 0
    in_chunks: int = 0
    lost: int = 0
    twice: int = 0
    altered: int = 0
    invented: int = 0
    epochs: int = 0
    problems: list[str] = field(default_factory=list)


class Columns:
    """Collects the readings of one epoch: sequence number, series, time, and the 64 bits of the value."""

    def __init__(self) -> None:
        self.seq, self.series, self.t, self.bits = array("q"), array("q"), array("q"), array("q")

    def arrays(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Returns the readings in the order of collection."""
        found = (np.asarray(part, np.int64) for part in (self.seq, self.series, self.t, self.bits))
        return tuple(found)  # type: ignore[return-value]  # four columns


class Journal:
    """Readings that a collector produced: the prepared ones by epoch, and those that it committed to its buffer."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, str], int] = {}
        self.prepared: dict[int, Columns] = defaultdict(Columns)
        self.committed: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def read(self, path: Path) -> None:
        """Adds one file. A last line without a newline was incomplete when the process was killed."""
        with path.open(encoding="ascii", newline="\n") as file:
            for line in file:
                if not line.endswith("\n"):
                    break
                parts = line.split()
                if len(parts) == 7 and parts[0] == "p":
                    _, epoch, seq, series, kind, t, value = parts
                    columns = self.prepared[int(epoch)]
                    columns.seq.append(int(seq))
                    columns.series.append(self.names.setdefault((series, kind), len(self.names)))
                    columns.t.append(int(t))
                    columns.bits.append(_bits(kind, value))
                elif len(parts) == 4 and parts[0] == "c":
                    self.committed[int(parts[3])].append((int(parts[1]), int(parts[2])))


def _bits(kind: str, text: str) -> int:
    if kind == "float":
        return int(struct.unpack("<q", struct.pack("<d", float.fromhex(text)))[0])
    return int(text == "true") if kind == "bool" else int(text)


def unpack(payload: bytes, lo: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Returns sequence numbers, series ids, times and bits of a stored batch."""
    form, flags, n, s = struct.unpack_from("<BBHH", payload)
    assert form == 1
    ids = np.asarray([struct.unpack_from("<iB", payload, 6 + 5 * i)[0] for i in range(s)], np.int64)
    body = zstandard.ZstdDecompressor().decompress(payload[6 + 5 * s :], max_output_size=4_000_000)

    def planes(at: int) -> Ints:
        return np.frombuffer(body, np.uint8, 8 * n, at).reshape(8, n).T.copy().view("<i8").ravel()

    times = planes(8) + struct.unpack_from("<q", body)[0]
    at = 8 + 8 * n
    width = 2 if flags & 2 else 1
    x = np.frombuffer(body, "<u2" if width == 2 else "u1", n, at).astype(np.int64)
    at += width * n
    bits = np.empty(n, np.int64)
    bits[np.argsort(x, kind="stable")] = planes(at)
    at += 8 * n
    seq = np.arange(lo, lo + n)
    if flags & 1:
        seq = lo + np.frombuffer(body, "<u4", n, at).astype(np.int64)
    return seq, ids[x], times, bits


async def judge(journals: Path | Iterable[Path], database_url: str, device: str) -> Verdict:
    """Compares the produced readings with the stored ones, and both with the ledger and the chunks."""
    journal, verdict = Journal(), Verdict()
    for path in [journals] if isinstance(journals, Path) else journals:
        journal.read(path)
    connection = await asyncpg.connect(database_url)
    try:
        # one snapshot: compaction may move readings between two queries. It ends with the connection.
        await connection.transaction(isolation="repeatable_read", readonly=True).start()
        rows = await connection.fetch("SELECT id, name, type FROM telemetry.series")
        series = {r["id"]: journal.names.get((r["name"], r["type"]), -1) for r in rows}
        number = await connection.fetchval("SELECT id FROM telemetry.device WHERE name = $1", device)
        streams = await connection.fetch("SELECT * FROM telemetry.stream WHERE device_id = $1", number)
        refused = await connection.fetch("SELECT epoch, seqs FROM telemetry.refusal WHERE device_id = $1", number)
        drops = await connection.fetch("SELECT epoch, ranges FROM telemetry.declared_drop WHERE device_id = $1", number)
        compacted = await connection.fetchval("SELECT pos FROM telemetry.compaction WHERE device_id = $1", number)
        removals = await connection.fetch("SELECT epoch, n FROM telemetry.removal WHERE device_id = $1", number)
        log, compact = await _log(connection, number, series, compacted or 0)
        kinds = {r["id"]: r["type"] for r in rows}
        chunks = await _chunks(connection, number, series, kinds)
    finally:
        await connection.close()
    other: dict[int, list[int]] = defaultdict(list)
    for row in refused:
        other[row["epoch"]] += row["seqs"]
        verdict.refused += len(row["seqs"])
    for row in drops:
        for part in row["ranges"]:
            other[row["epoch"]] += range(part.lower, part.upper)
            verdict.dropped += part.upper - part.lower
    nothing = (np.empty(0, np.int64),) * 4
    seen: dict[int, Ints] = {}
    for epoch in {*log, *journal.committed, *(e for e in other if other[e])}:
        stored = log.get(epoch, nothing)
        seen[epoch] = np.unique(stored[0])
        verdict.stored += len(stored[0])
        _check_life(epoch, stored, np.asarray(sorted(other[epoch]), np.int64), journal, verdict)
        removed = sum(row["n"] for row in removals if row["epoch"] == epoch)
        _check_chunks(epoch, compact.get(epoch, nothing), chunks.get(epoch, nothing), removed, verdict)
        verdict.in_chunks += len(chunks.get(epoch, nothing)[0])
    _check_ledger(streams, seen, other, verdict)
    verdict.epochs = len(streams)
    return verdict


Life = dict[int, tuple[Ints, Ints, Ints, Ints]]


async def _log(
    connection: "asyncpg.Connection[asyncpg.Record]", number: int, series: dict[int, int], compacted: int
) -> tuple[Life, Life]:
    """By epoch: everything in the log, and the part of it that compaction has processed."""
    whole: dict[int, list[tuple[Ints, ...]]] = defaultdict(list)
    part: dict[int, list[tuple[Ints, ...]]] = defaultdict(list)
    names = np.full(max(series, default=0) + 1, -1, np.int64)
    for key, name in series.items():
        names[key] = name
    async with connection.transaction():
        query = "SELECT epoch, pos, lo, payload FROM telemetry.batch WHERE device_id = $1 ORDER BY pos"
        async for row in connection.cursor(query, number):
            seq, ids, t, bits = unpack(row["payload"], row["lo"])
            found = (seq, names[ids], t, bits)
            whole[row["epoch"]].append(found)
            if row["pos"] <= compacted:
                part[row["epoch"]].append(found)
    return _joined(whole), _joined(part)


def _joined(pieces: dict[int, list[tuple[Ints, ...]]]) -> Life:
    return {epoch: tuple(map(np.concatenate, zip(*found, strict=True))) for epoch, found in pieces.items()}  # type: ignore[misc]


async def _chunks(
    connection: "asyncpg.Connection[asyncpg.Record]", number: int, series: dict[int, int], kinds: dict[int, str]
) -> Life:
    pieces: dict[int, list[tuple[Ints, ...]]] = defaultdict(list)
    async with connection.transaction():
        async for row in connection.cursor("SELECT * FROM telemetry.chunk WHERE device_id = $1", number):
            n = row["n"]

            def line(name: str, at: str, step: str, row: asyncpg.Record = row, n: int = n) -> Ints:
                offsets = row[f"{name}2"] or row[f"{name}4"] or row[f"{name}8"] or [0] * n
                slope = np.rint(row[step] * np.arange(n)).astype(np.int64)
                found: Ints = row[at] + slope + np.asarray(offsets, np.int64)
                return found

            if row["vf"] is not None:
                bits = np.asarray(row["vf"], np.float64).view(np.int64)
            else:
                bits = line("v", "v0", "v_step")
                if kinds[row["series_id"]] == "float":
                    bits = (bits.astype(np.float64) / row["divisor"]).view(np.int64)
            names = np.full(n, series[row["series_id"]], np.int64)
            pieces[row["epoch"]].append((line("q", "q0", "q_step"), names, line("t", "t0", "t_step"), bits))
    return _joined(pieces)


def _check_life(
    epoch: int, stored: tuple[Ints, Ints, Ints, Ints], other: Ints, journal: Journal, verdict: Verdict
) -> None:
    seq = stored[0]
    numbers, counts = np.unique(seq, return_counts=True)
    twice = np.concatenate((numbers[counts > 1], np.intersect1d(numbers, other)))
    if len(twice):
        verdict.twice += len(twice)
        verdict.problems.append(f"twice: epoch {epoch}: {len(twice)} numbers, first {twice.min()}")
    _check_values(epoch, stored, journal, verdict)
    committed = _numbers(journal.committed.get(epoch, []))
    verdict.produced += len(committed)
    lost = np.setdiff1d(committed, np.concatenate((numbers, other)))
    if len(lost):
        verdict.lost += len(lost)
        verdict.problems.append(f"lost: epoch {epoch}: {len(lost)} numbers, first {lost[0]}")


def _check_values(epoch: int, stored: tuple[Ints, Ints, Ints, Ints], journal: Journal, verdict: Verdict) -> None:
    seq, *values = stored
    produced = journal.prepared.get(epoch, Columns()).arrays()
    keys, last = np.unique(produced[0][::-1], return_index=True)  # prepared again: the last one counts
    last = len(produced[0]) - 1 - last
    at = np.searchsorted(keys, seq)
    at[at == len(keys)] = 0
    is_known = keys[at] == seq if len(keys) else np.zeros(len(seq), np.bool_)
    if not is_known.all():
        verdict.invented += int((~is_known).sum())
        verdict.problems.append(f"invented: epoch {epoch} seq {seq[~is_known][:5].tolist()}")
    if not is_known.any():
        return
    mine = last[at[is_known]]
    differs = np.zeros(len(mine), np.bool_)
    for column, value in zip(produced[1:], values, strict=True):
        differs |= column[mine] != value[is_known]
    if differs.any():
        verdict.altered += int(differs.sum())
        verdict.problems.append(f"altered: epoch {epoch} seq {seq[is_known][differs][:5].tolist()}")


def _numbers(ranges: list[tuple[int, int]]) -> Ints:
    if not ranges:
        return np.empty(0, np.int64)
    return np.unique(np.concatenate([np.arange(lo, hi) for lo, hi in ranges]))


def _check_chunks(epoch: int, log: tuple[Ints, ...], chunks: tuple[Ints, ...], removed: int, verdict: Verdict) -> None:
    """Compacted readings must be in the chunks exactly once and unaltered, except for those that retention removed."""
    mine, theirs = (tuple(column[np.argsort(part[0])] for column in part) for part in (log, chunks))
    at = np.searchsorted(mine[0], theirs[0])
    at[at == len(mine[0])] = 0
    is_right = len(theirs[0]) == len(np.unique(theirs[0])) and all(
        np.array_equal(column[at] if len(column) else column, found) for column, found in zip(mine, theirs, strict=True)
    )
    if not is_right or len(theirs[0]) + removed != len(mine[0]):
        verdict.problems.append(
            f"chunks: epoch {epoch}: {len(theirs[0])} readings, {removed} removed, {len(mine[0])} in the compacted log"
        )


def _check_ledger(
    streams: list[asyncpg.Record], seen: dict[int, Ints], other: dict[int, list[int]], verdict: Verdict
) -> None:
    if {stream["epoch"] for stream in streams} != {epoch for epoch in seen if len(seen[epoch]) or other[epoch]}:
        verdict.problems.append("the ledger's epochs are not those of the log")
    for stream in streams:
        epoch, next_seq = stream["epoch"], stream["next"]
        settled = [(part.lower, part.upper) for part in stream["settled"]]
        if settled != [(0, next_seq)]:
            verdict.problems.append(f"ledger: epoch {epoch} settled {settled[:5]}, next {next_seq}")
        total = stream["stored_n"] + stream["refused_n"] + stream["dropped_n"]
        counted = len(seen.get(epoch, ())) + len(other[epoch])
        if not total == counted == next_seq:
            verdict.problems.append(f"ledger: epoch {epoch} counts {total}, the tables {counted}, next {next_seq}")
