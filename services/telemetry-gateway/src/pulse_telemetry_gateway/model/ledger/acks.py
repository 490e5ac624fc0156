"""The content of acknowledgements: settled ranges, and with them every refused reading that is not confirmed."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from pulse_contracts.ranges import Range, intersect, normalized
from pulse_contracts.telemetry import Refused
from pulse_telemetry_gateway.model.ledger.arrivals import AckPart


def settled_within(ranges: Iterable[Range], settled: Sequence[Range]) -> list[Range]:
    """The settled part of the ranges."""
    return list(intersect(normalized(ranges), settled))


def split_ack(part: AckPart, most_ranges: int, most_refused: int) -> list[tuple[list[Range], list[Refused]]]:
    """Splits an acknowledgement into messages. Each message names every refused reading that its ranges cover. Returns
    at least one message."""
    messages: list[tuple[list[Range], list[Refused]]] = [([], [])]
    parts, refused = part
    seqs = [one.seq for one in refused]
    for start, hi in parts:
        lo, at, end = start, bisect_left(seqs, start), bisect_left(seqs, hi)
        while lo < hi:
            ranges, named = messages[-1]
            if len(ranges) == most_ranges or (len(named) == most_refused and at < end):
                messages.append(([], []))
                continue
            n = min(end - at, most_refused - len(named))
            upto = hi if at + n == end else seqs[at + n]
            ranges.append((lo, upto))
            named += refused[at : at + n]
            at, lo = at + n, upto
    return messages
