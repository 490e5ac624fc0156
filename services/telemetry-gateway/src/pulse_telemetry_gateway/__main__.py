"""`python -m pulse_telemetry_gateway serve | migrate | openapi | verify | retention | export | compact`."""

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pulse_chassis.process.commands import Command, Program
from pulse_chassis.process.commands import main as run
from pulse_postgres import Database
from pulse_postgres.database import PoolSettings
from pulse_telemetry_gateway.actions.export import ExportRequest
from pulse_telemetry_gateway.actions.export_files import to_csv, to_parquet
from pulse_telemetry_gateway.actions.verification import Verification
from pulse_telemetry_gateway.assembly import (
    IDENTITY,
    ROUTERS,
    audit_trail_of,
    compaction_of,
    export_of,
    retention_of,
    serve,
)
from pulse_telemetry_gateway.model.errors import UnknownDevice
from pulse_telemetry_gateway.settings import GatewaySettings
from pulse_telemetry_gateway.store.history import HistoryStore
from pulse_telemetry_gateway.store.registry import RegistryStore
from pulse_telemetry_gateway.store.verification import VerificationStore

_BAR = 30


class Progress:
    """A bar on stderr, when that is a terminal; `total` may be a guess."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._done, self._shown = what, max(1, total), 0, -1
        self._is_shown = sys.stderr.isatty()

    def __call__(self, n: int) -> None:
        """n more are done."""
        self._done += n
        part = min(_BAR, self._done * _BAR // self._total)
        if self._is_shown and part != self._shown:
            self._shown = part
            bar = "#" * part + "." * (_BAR - part)
            sys.stderr.write(f"\r{self._what} [{bar}] {self._done:,} of {self._total:,}")

    def end(self) -> None:
        """Leaves the line."""
        if self._is_shown:
            sys.stderr.write("\n")


@asynccontextmanager
async def _database(settings: GatewaySettings) -> AsyncIterator[Database]:
    password = settings.database_password.get_secret_value() if settings.database_password else None
    pool = PoolSettings(settings.database_url, password, 2, command_timeout=timedelta(hours=1))
    async with Database(pool) as database:
        yield database


async def verify(settings: GatewaySettings, given: argparse.Namespace) -> int:
    """0: everything agrees; 1: it says where not."""
    failed = 0
    async with _database(settings) as database:
        proof = Verification(VerificationStore(database))
        async for name, device_id in _devices(RegistryStore(database), given.device):
            counts = await proof.counts(device_id)
            progress = Progress(name, sum(one.in_log + one.in_chunks + one.refused for one in counts))
            found = await proof.verify(device_id, progress)
            progress.end()
            failed += len(found)
            stored = sum(one.stored for one in counts)
            missing = sum(hi - lo for one in counts for lo, hi in one.missing)
            says = "agrees" if not found else f"{len(found)} disagreements"
            sys.stdout.write(f"{name}: {says}; stored {stored:,}, to come {missing:,}, lives {len(counts)}\n")
            for one in found:
                at = "" if one.example is None else f", such as {one.example}"
                sys.stdout.write(f"  epoch {one.epoch}: {one.what}: {one.n:,}{at}\n")
    return 1 if failed else 0


async def _devices(registry: RegistryStore, only: str | None) -> AsyncIterator[tuple[str, int]]:
    if only is not None:
        found = await registry.find(only)
        if found is None:
            raise UnknownDevice(f"there is no device {only}")
        yield only, found
        return
    page = await registry.devices()
    while page:
        for device in page:
            yield device.name, device.id
        page = await registry.devices(page[-1].name)


async def retention(settings: GatewaySettings, given: argparse.Namespace) -> int:
    """What is old enough to go; with --apply it goes."""
    async with _database(settings) as database:
        old = retention_of(database, settings)
        due = await old.due()
        for one in due:
            kept = f"  kept: {one.needed:,} rows are not in chunks yet" if one.needed else ""
            sys.stdout.write(f"{one.partition.level:>4}  {one.partition.name}  {one.partition.size:,} bytes{kept}\n")
        if not due:
            sys.stdout.write("nothing is old enough\n")
        elif given.apply:
            removed = await old.apply(due)
            sys.stdout.write(f"removed {len(removed)} partitions, {sum(removed.values()):,} readings\n")
        else:
            sys.stdout.write("nothing was removed: --apply does it\n")
    return 0


async def compact(settings: GatewaySettings, _: argparse.Namespace) -> int:
    """Everything there is now, at once: after an import, or before an outage of the gateways."""
    async with _database(settings) as database:
        compaction = compaction_of(database, settings)
        rows = await compaction.catch_up()
        while await compaction.merge_some(quiet=timedelta(0)):
            continue
        sys.stdout.write(f"compacted {rows:,} rows of the log\n")
    return 0


async def export(settings: GatewaySettings, given: argparse.Namespace) -> int:
    """Into a CSV file, or a folder of Parquet files."""
    async with _database(settings) as database:
        series = given.series
        if given.device is not None:
            series = await HistoryStore(database).series_of(given.device)
            if not series:
                raise UnknownDevice(f"there is no device {given.device} with series")
        request = ExportRequest(tuple(series), given.start, given.end)
        source = export_of(database, settings)
        await source.names(request)  # what cannot be is refused before a file is made
        await audit_trail_of(database, settings).exported(request, given.format, actor="command-line")
        progress = Progress("export", await source.size(request))
        write = to_csv if given.format == "csv" else to_parquet
        n = await write(source, request, given.out, resume=given.resume, progress=progress)
        progress.end()
        sys.stdout.write(f"{given.out}: {n:,} readings\n")
    return 0


def _micros(text: str) -> int:
    """Microseconds since 1970, or a date and time of ISO 8601 (UTC when it names no zone)."""
    if text.lstrip("-").isdigit() and len(text) > 8:
        return int(text)
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _for_export(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--series", type=lambda text: [int(part) for part in text.split(",")], help="1,2,3")
    which.add_argument("--device", help="all series of a device")
    parser.add_argument("--from", dest="start", type=_micros, required=True, help="2026-01-01T00:00Z, or microseconds")
    parser.add_argument("--to", dest="end", type=_micros, required=True)
    parser.add_argument("--format", choices=["csv", "parquet"], default="csv")
    parser.add_argument("--out", type=Path, required=True, help="a file for CSV, a folder for Parquet")
    parser.add_argument("--resume", action="store_true", help="go on with what is there")


def _for_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", help="this one only")


def _for_apply(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--apply", action="store_true", help="remove it; else it is only told")


PROGRAM = Program(
    IDENTITY,
    GatewaySettings,
    serve,
    lambda: ROUTERS,
    {
        "verify": Command("count the ledger anew from the log and the chunks", verify, _for_device),
        "retention": Command("tell what is old enough to be removed, or remove it", retention, _for_apply),
        "export": Command("write readings to CSV or Parquet", export, _for_export),
        "compact": Command("make chunks of everything in the log now", compact),
    },
)


def main() -> int:
    """Returns the exit code."""
    return run(PROGRAM)


if __name__ == "__main__":
    sys.exit(main())
