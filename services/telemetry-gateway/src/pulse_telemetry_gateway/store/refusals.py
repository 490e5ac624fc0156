"""Refused readings: recorded once, and repeated until the collector has confirmed that its quarantine holds them. Every
function is part of the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, cast

from pulse_contracts.ranges import Range, normalized
from pulse_contracts.telemetry import RefusalCode, Refused
from pulse_postgres import Connection
from pulse_telemetry_gateway.model.ledger.arrivals import StreamKey
from pulse_telemetry_gateway.model.ledger.settling import Refusal

_ROW_SEQS: Final = 256
_ROW_SPAN: Final = 10_000
"""Limits of one row: few readings, to be searched quickly, and close together, to be found by the first number."""


class Unconfirmed(NamedTuple):
    """A refused reading that its collector has not confirmed."""

    epoch: int
    seq: int
    code: str

    @property
    def refused(self) -> Refused:
        """The refused reading as it is repeated to the collector."""
        return Refused(seq=self.seq, code=cast("RefusalCode", self.code))


async def record(connection: Connection, refusals: Sequence[Refusal]) -> None:
    """Stores refused readings as not confirmed."""
    for refusal in refusals:
        for seqs, codes, lo in _parts(refusal):
            await connection.execute(
                "INSERT INTO refusal (device_id, epoch, seqs, codes, lo, unconfirmed) VALUES ($1, $2, $3, $4, $5, $3)",
                *refusal.stream,
                seqs,
                codes,
                lo,
            )


def _parts(refusal: Refusal) -> list[tuple[list[int], list[str], int]]:
    parts: list[list[tuple[int, str]]] = []
    for pair in sorted(zip(refusal.seqs, refusal.codes, strict=True)):
        if not parts or len(parts[-1]) == _ROW_SEQS or pair[0] - parts[-1][0][0] >= _ROW_SPAN:
            parts.append([])
        parts[-1].append(pair)
    return [([seq for seq, _ in part], [code for _, code in part], part[0][0]) for part in parts]


async def unconfirmed(
    connection: Connection, wanted: Mapping[StreamKey, Iterable[Range]], most: int | None = None
) -> dict[StreamKey, list[Unconfirmed]]:
    """The unconfirmed readings within the wanted ranges, by stream and sequence number: at most `most`, counted from
    the lowest epoch."""
    parameters = [(*key, *part) for key, parts in wanted.items() for part in normalized(parts)]
    if not parameters:
        return {}
    rows = await connection.fetch(
        "SELECT r.device_id, r.epoch, u.seq, u.code "
        "FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[]) AS w (device_id, epoch, lo, hi) "
        "JOIN refusal r ON r.device_id = w.device_id AND r.epoch = w.epoch AND r.unconfirmed IS NOT NULL "
        "AND r.lo < w.hi AND r.lo > w.lo - $5::bigint "
        "CROSS JOIN LATERAL unnest(r.seqs, r.codes) AS u (seq, code) "
        "WHERE u.seq >= w.lo AND u.seq < w.hi AND u.seq = ANY(r.unconfirmed) ORDER BY 1, 2, 3 LIMIT $6::bigint",
        *map(list, zip(*parameters, strict=True)),
        _ROW_SPAN,
        most,
    )
    found: dict[StreamKey, list[Unconfirmed]] = {}
    for device_id, epoch, seq, code in rows:
        found.setdefault((device_id, epoch), []).append(Unconfirmed(epoch, seq, code))
    return found


async def confirm(connection: Connection, device_id: int, kept: Mapping[int, Iterable[Range]]) -> None:
    """Confirms these ranges of a device's epochs. The caller has locked the device."""
    parameters = [(epoch, *part) for epoch, parts in kept.items() for part in normalized(parts)]
    if not parameters:
        return
    await connection.execute(
        "WITH w AS (SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS w (epoch, lo, hi)), "
        "k AS (SELECT epoch, range_agg(int8range(lo, hi)) AS ranges FROM w GROUP BY epoch), "
        "touched AS (SELECT DISTINCT r.id, r.epoch FROM w JOIN refusal r ON r.device_id = $1 AND r.epoch = w.epoch "
        "AND r.unconfirmed IS NOT NULL AND r.lo < w.hi AND r.lo > w.lo - $5::bigint), "
        "less AS (SELECT t.id, t.epoch, cardinality(r.unconfirmed) AS had, "
        "ARRAY(SELECT s FROM unnest(r.unconfirmed) s WHERE NOT k.ranges @> s) AS rest "
        "FROM touched t JOIN refusal r USING (id) JOIN k ON k.epoch = t.epoch), "
        "done AS (UPDATE refusal r SET unconfirmed = nullif(less.rest, '{}') FROM less WHERE r.id = less.id) "
        "UPDATE stream s SET unconfirmed_n = s.unconfirmed_n - l.n FROM "
        "(SELECT epoch, sum(had - cardinality(rest))::bigint AS n FROM less GROUP BY epoch) l "
        "WHERE s.device_id = $1 AND s.epoch = l.epoch AND l.n > 0",
        device_id,
        *map(list, zip(*parameters, strict=True)),
        _ROW_SPAN,
    )
