"""The independent judge: reads only the collector's own journal of what it produced, and PostgreSQL. It shares no code
with the system; the layout of a stored batch is taken from the gateway's README."""

import struct
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import zstandard

Reading = tuple[str, str, int, int]
"""(series name, type, t in microseconds, the value's 64 bits)."""


@dataclass
class Verdict:
    """`problems` is empty when nothing was lost, doubled, altered or invented."""

    produced: int = 0
    stored: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Journal:
    """What the collector produced: prepared readings, and which of them it committed to its buffer."""

    prepared: dict[int, dict[int, Reading]] = field(default_factory=lambda: defaultdict(dict))
    committed: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))


def read_journal(path: Path) -> Journal:
    """A last line without its newline was being written when the process was killed."""
    journal = Journal()
    for line in path.read_text("ascii").split("\n")[:-1]:
        parts = line.split(" ")
        if parts[0] == "p":
            _, epoch, seq, series, kind, t, value = parts
            journal.prepared[int(epoch)][int(seq)] = (series, kind, int(t), _bits(kind, value))
        elif parts[0] == "c":
            journal.committed[int(parts[3])].update(range(int(parts[1]), int(parts[2])))
    return journal


def _bits(kind: str, text: str) -> int:
    if kind == "float":
        return int(struct.unpack("<q", struct.pack("<d", float.fromhex(text)))[0])
    return int(text == "true") if kind == "bool" else int(text)


def unpack(payload: bytes, lo: int) -> list[tuple[int, int, int, int]]:
    """(seq, series id, t, bits) of each reading of a stored batch."""
    form, flags, n, s = struct.unpack_from("<BBHH", payload)
    assert form == 1
    ids = [struct.unpack_from("<iB", payload, 6 + 5 * i)[0] for i in range(s)]
    body = zstandard.ZstdDecompressor().decompress(payload[6 + 5 * s :], max_output_size=4_000_000)
    t0 = struct.unpack_from("<q", body)[0]

    def planes(at: int) -> list[int]:
        return [struct.unpack("<q", bytes(body[at + k * n + i] for k in range(8)))[0] for i in range(n)]

    times = planes(8)
    at = 8 + 8 * n
    width = 2 if flags & 2 else 1
    x = [int.from_bytes(body[at + i * width : at + (i + 1) * width], "little") for i in range(n)]
    at += width * n
    grouped = planes(at)
    at += 8 * n
    order = sorted(range(n), key=lambda i: x[i])
    words = [0] * n
    for place, word in zip(order, grouped, strict=True):
        words[place] = word
    seqs = [lo + i for i in range(n)]
    if flags & 1:
        seqs = [lo + struct.unpack_from("<I", body, at + 4 * i)[0] for i in range(n)]
    return [(seqs[i], ids[x[i]], t0 + times[i], words[i]) for i in range(n)]


async def judge(journal_file: Path, database_url: str, device: str) -> Verdict:
    """Compares what was produced with what is stored, and the ledger with both."""
    journal, verdict = read_journal(journal_file), Verdict()
    connection = await asyncpg.connect(database_url)
    try:
        series = {r["id"]: (r["name"], r["type"]) for r in await connection.fetch("SELECT * FROM telemetry.series")}
        number = await connection.fetchval("SELECT id FROM telemetry.device WHERE name = $1", device)
        rows = await connection.fetch(
            "SELECT epoch, lo, payload FROM telemetry.batch WHERE device_id = $1 ORDER BY pos", number
        )
        streams = await connection.fetch("SELECT * FROM telemetry.stream WHERE device_id = $1", number)
        refused = await connection.fetch("SELECT epoch, seqs FROM telemetry.refusal WHERE device_id = $1", number)
        drops = await connection.fetch("SELECT epoch, ranges FROM telemetry.declared_drop WHERE device_id = $1", number)
    finally:
        await connection.close()
    seen: dict[int, Counter[int]] = defaultdict(Counter)
    for row in rows:
        for seq, series_id, t, bits in unpack(row["payload"], row["lo"]):
            seen[row["epoch"]][seq] += 1
            verdict.stored += 1
            stored = (*series[series_id], t, bits)
            produced = journal.prepared.get(row["epoch"], {}).get(seq)
            if produced is None:
                verdict.problems.append(f"invented: epoch {row['epoch']} seq {seq} {stored}")
            elif produced != stored:
                verdict.problems.append(f"altered: epoch {row['epoch']} seq {seq}: {produced} became {stored}")
    other: dict[int, set[int]] = defaultdict(set)
    for row in refused:
        other[row["epoch"]].update(row["seqs"])
    for row in drops:
        for part in row["ranges"]:
            other[row["epoch"]].update(range(part.lower, part.upper))
    for epoch, counts in seen.items():
        twice = [seq for seq, n in counts.items() if n > 1 or seq in other[epoch]]
        if twice:
            verdict.problems.append(f"twice: epoch {epoch}: {len(twice)} numbers, first {min(twice)}")
    for epoch, committed in journal.committed.items():
        verdict.produced += len(committed)
        lost = committed - seen[epoch].keys() - other[epoch]
        if lost:
            verdict.problems.append(f"lost: epoch {epoch}: {len(lost)} numbers, first {min(lost)}")
    _check_ledger(streams, seen, other, verdict)
    return verdict


def _check_ledger(
    streams: list[asyncpg.Record], seen: dict[int, Counter[int]], other: dict[int, set[int]], verdict: Verdict
) -> None:
    if {stream["epoch"] for stream in streams} != {*seen, *(e for e in other if other[e])}:
        verdict.problems.append("the ledger's epochs are not those of the log")
    for stream in streams:
        epoch, next_seq = stream["epoch"], stream["next"]
        settled = [(part.lower, part.upper) for part in stream["settled"]]
        if settled != [(0, next_seq)]:
            verdict.problems.append(f"ledger: epoch {epoch} settled {settled[:5]}, next {next_seq}")
        total = stream["stored_n"] + stream["refused_n"] + stream["dropped_n"]
        counted = len(seen[epoch]) + len(other[epoch])
        if not total == counted == next_seq:
            verdict.problems.append(f"ledger: epoch {epoch} counts {total}, the tables {counted}, next {next_seq}")
