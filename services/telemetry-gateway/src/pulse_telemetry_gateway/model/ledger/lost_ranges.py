"""Which missing readings can never arrive. After a restore of the database from a backup, the ledger no longer has what
it acknowledged since, and a collector without a backup interval has deleted it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulse_contracts.ranges import EMPTY, Range, Ranges, intersect, normalized, subtract
from pulse_contracts.telemetry import summary_epoch


@dataclass(frozen=True)
class HeldReadings:
    """What the collector held at its last hello: by epoch, a range that contains everything. epoch, next: its running
    epoch, and the first number in it that was assigned later."""

    epoch: int
    next: int
    ranges: Mapping[int, Range]


@dataclass(frozen=True)
class Stream:
    """One epoch of the ledger."""

    epoch: int
    ord: int
    next: int
    settled: Sequence[Range]


def lost_ranges(streams: Sequence[Stream], held: HeldReadings) -> dict[int, Ranges]:
    """The missing ranges by epoch that the collector did not hold at its last hello, although it had assigned their
    numbers. It never holds them again, so they are lost."""
    ords = {one.epoch: one.ord for one in streams}
    newest = ords.get(held.epoch)
    found: dict[int, Ranges] = {}
    for one in streams:
        if one.epoch == summary_epoch(held.epoch):  # its next number is not in the hello
            continue
        if one.epoch != held.epoch and newest is not None and one.ord > newest:  # of a process after the hello
            continue
        end = min(one.next, held.next) if one.epoch == held.epoch else one.next
        missing = subtract(((0, end),) if end else EMPTY, normalized(one.settled))
        if one.epoch in held.ranges:
            missing = subtract(missing, (held.ranges[one.epoch],))
        if missing := intersect(missing, ((0, end),)):
            found[one.epoch] = missing
    return found
