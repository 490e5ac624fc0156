"""The gateway's commands: serve, migrate, openapi, verify, close-lost, retention, export, compact."""

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pulse_chassis.process.commands import Command, Program
from pulse_chassis.process.commands import main as run
from pulse_contracts.ranges import count
from pulse_contracts.times import to_micros
from pulse_postgres import Database
from pulse_postgres.database import PoolSettings
from pulse_telemetry_gateway.actions.export import ExportRequest
from pulse_telemetry_gateway.actions.export_files import to_csv, to_parquet
from pulse_telemetry_gateway.actions.lost_ranges import LostRanges
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
from pulse_telemetry_gateway.model.errors import HeldReadingsUnknown, UnknownDevice
from pulse_telemetry_gateway.settings import GatewaySettings
from pulse_telemetry_gateway.store.history import HistoryStore
from pulse_telemetry_gateway.store.lost_ranges import LostRangeStore
from pulse_telemetry_gateway.store.registry import RegistryStore
from pulse_telemetry_gateway.store.verification import VerificationStore

_BAR = 30
_SHOWN = 5


class Progress:
    """A progress bar on stderr if that is a terminal. `total` may be an estimate."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._done, self._shown = what, max(1, total), 0, -1
        self._is_shown = sys.stderr.isatty()

    def __call__(self, n: int) -> None:
        """Adds n to the progress."""
        self._done += n
        part = min(_BAR, self._done * _BAR // self._total)
        if self._is_shown and part != self._shown:
            self._shown = part
            bar = "#" * part + "." * (_BAR - part)
            sys.stderr.write(f"\r{self._what} [{bar}] {self._done:,} of {self._total:,}")

    def end(self) -> None:
        """Ends the line."""
        if self._is_shown:
            sys.stderr.write("\n")


@asynccontextmanager
async def _database(settings: GatewaySettings) -> AsyncIterator[Database]:
    password = settings.database_password.get_secret_value() if settings.database_password else None
    pool = PoolSettings(settings.database_url, password, 2, command_timeout=timedelta(hours=1))
    async with Database(pool) as database:
        yield database


async def verify(settings: GatewaySettings, options: argparse.Namespace) -> int:
    """Returns 0 when everything agrees. Returns 1 and prints the differences otherwise."""
    failed = 0
    async with _database(settings) as database:
        proof = Verification(VerificationStore(database))
        async for name, device_id in _devices(RegistryStore(database), options.device):
            counts = await proof.counts(device_id)
            progress = Progress(name, sum(one.in_log + one.in_chunks + one.refused for one in counts))
            found = await proof.verify(device_id, progress)
            progress.end()
            failed += len(found)
            stored = sum(one.stored for one in counts)
            missing = sum(hi - lo for one in counts for lo, hi in one.missing)
            says = "agrees" if not found else f"{len(found)} disagreements"
            sys.stdout.write(f"{name}: {says}; stored {stored:,}, missing {missing:,}, epochs {len(counts)}\n")
            for one in found:
                at = "" if one.example is None else f", such as {one.example}"
                sys.stdout.write(f"  epoch {one.epoch}: {one.what}: {one.n:,}{at}\n")
    return 1 if failed else 0


async def _devices(registry: RegistryStore, only: str | None) -> AsyncIterator[tuple[str, int]]:
    if only is not None:
        found = await registry.find(only)
        if found is None:
            raise UnknownDevice(f"unknown device {only}")
        yield only, found
        return
    page = await registry.devices()
    while page:
        for device in page:
            yield device.name, device.id
        page = await registry.devices(page[-1].name)


async def close_lost(settings: GatewaySettings, options: argparse.Namespace) -> int:
    """Lists missing readings that can never arrive, and records them as lost by a restore with --apply."""
    n = 0
    async with _database(settings) as database:
        closing = LostRanges(LostRangeStore(database), audit_trail_of(database, settings))
        async for name, device_id in _devices(RegistryStore(database), options.device):
            try:
                found = await closing.close((device_id, name), "command-line", is_dry_run=not options.apply)
            except HeldReadingsUnknown as error:
                if options.device is not None:
                    raise
                sys.stdout.write(f"{name}: skipped: {error}\n")
                continue
            for epoch, parts in found.items():
                shown = ", ".join(f"{lo}-{hi - 1}" for lo, hi in parts[:_SHOWN])
                more = f" and {len(parts) - _SHOWN} more ranges" if len(parts) > _SHOWN else ""
                sys.stdout.write(f"{name}: epoch {epoch}: {count(parts):,} readings: {shown}{more}\n")
                n += count(parts)
    if not n:
        sys.stdout.write("nothing is lost\n")
    elif options.apply:
        sys.stdout.write(f"recorded {n:,} readings as lost by a restore\n")
    else:
        sys.stdout.write(f"{n:,} readings can never arrive: add --apply to record them as lost by a restore\n")
    return 0


async def retention(settings: GatewaySettings, options: argparse.Namespace) -> int:
    """Lists partitions that are old enough to be removed, and removes them with --apply."""
    async with _database(settings) as database:
        old = retention_of(database, settings)
        due = await old.due()
        for one in due:
            kept = f"  kept: {one.needed:,} rows are not compacted yet" if one.needed else ""
            sys.stdout.write(f"{one.partition.level:>4}  {one.partition.name}  {one.partition.size:,} bytes{kept}\n")
        if not due:
            sys.stdout.write("nothing is old enough\n")
        elif options.apply:
            removed = await old.apply(due)
            sys.stdout.write(f"removed {len(removed)} partitions, {sum(removed.values()):,} readings\n")
        else:
            sys.stdout.write("nothing was removed: add --apply to remove them\n")
    return 0


async def compact(settings: GatewaySettings, _: argparse.Namespace) -> int:
    """Compacts and merges everything that is in the log: after an import, or before the gateways are stopped."""
    async with _database(settings) as database:
        compaction = compaction_of(database, settings)
        rows = await compaction.catch_up()
        while await compaction.merge_some(quiet=timedelta(0)):
            continue
        sys.stdout.write(f"compacted {rows:,} rows of the log\n")
    return 0


async def export(settings: GatewaySettings, options: argparse.Namespace) -> int:
    """Exports to a CSV file or a folder of Parquet files."""
    async with _database(settings) as database:
        series = options.series
        if options.device is not None:
            series = await HistoryStore(database).series_of(options.device)
            if not series:
                raise UnknownDevice(f"device {options.device} is unknown or has no series")
        request = ExportRequest(tuple(series), options.start, options.end)
        source = export_of(database, settings)
        await source.names(request)  # an invalid request is refused before a file is made
        await audit_trail_of(database, settings).exported(request, options.format, actor="command-line")
        progress = Progress("export", await source.size(request))
        write = to_csv if options.format == "csv" else to_parquet
        n = await write(source, request, options.out, resume=options.resume, progress=progress)
        progress.end()
        sys.stdout.write(f"{options.out}: {n:,} readings\n")
    return 0


def _micros(text: str) -> int:
    """Microseconds since 1970, or an ISO 8601 date and time (UTC without a zone)."""
    if text.lstrip("-").isdigit() and len(text) > 8:
        return int(text)
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return to_micros(moment)


def _for_export(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--series", type=lambda text: [int(part) for part in text.split(",")], help="1,2,3")
    which.add_argument("--device", help="all series of a device")
    parser.add_argument("--from", dest="start", type=_micros, required=True, help="2026-01-01T00:00Z, or microseconds")
    parser.add_argument("--to", dest="end", type=_micros, required=True)
    parser.add_argument("--format", choices=["csv", "parquet"], default="csv")
    parser.add_argument("--out", type=Path, required=True, help="a file for CSV, a folder for Parquet")
    parser.add_argument("--resume", action="store_true", help="continue an interrupted export")


def _for_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", help="only this device")


def _for_closing(parser: argparse.ArgumentParser) -> None:
    _for_device(parser)
    parser.add_argument("--apply", action="store_true", help="record them; without it they are only listed")


def _for_apply(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--apply", action="store_true", help="remove the partitions; without it they are only listed")


PROGRAM = Program(
    IDENTITY,
    GatewaySettings,
    serve,
    lambda: ROUTERS,
    {
        "verify": Command("verify the ledger against the log and the chunks", verify, _for_device),
        "close-lost": Command(
            "list missing readings that can never arrive after a restore, or record them as lost",
            close_lost,
            _for_closing,
        ),
        "retention": Command(
            "list partitions that are old enough to be removed, or remove them", retention, _for_apply
        ),
        "export": Command("export readings to CSV or Parquet", export, _for_export),
        "compact": Command("compact everything in the log now", compact),
    },
)


def main() -> int:
    """Returns the exit code."""
    return run(PROGRAM)


if __name__ == "__main__":
    sys.exit(main())
