"""Exports on real PostgreSQL: every reading once and exact, in bounded memory, and on from wherever it broke off; and
the gateway's command line."""

import argparse
import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter

from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway import __main__ as program
from pulse_telemetry_gateway.actions import export_files
from pulse_telemetry_gateway.actions.compaction import Compaction, CompactionPace
from pulse_telemetry_gateway.actions.export import Export, ExportPosition, ExportRequest
from pulse_telemetry_gateway.actions.export_files import to_csv, to_parquet
from pulse_telemetry_gateway.actions.history import History, HistoryLimits
from pulse_telemetry_gateway.actions.pages import Pages
from pulse_telemetry_gateway.model.errors import OutputConflict, UnknownDevice, UnknownPosition, UnknownSeries
from pulse_telemetry_gateway.model.history.calendar import zone_of
from pulse_telemetry_gateway.model.history.cursors import Key
from pulse_telemetry_gateway.model.history.export_formats import CsvForm, SeriesName, csv_rows
from pulse_telemetry_gateway.model.storage.chunks import Readings
from pulse_telemetry_gateway.model.storage.columns import FLOAT
from pulse_telemetry_gateway.settings import GatewaySettings
from pulse_telemetry_gateway.store.compaction import CompactionStore
from pulse_telemetry_gateway.store.history import HistoryStore
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.partitions import Partitions
from pulse_telemetry_gateway.store.registry import RegistryStore

from .conftest import NOW, PASSWORD, mixed, three_series
from .system import KEY_TEXT
from .test_compaction import logged

pytestmark = pytest.mark.servers

WANTED = ExportRequest((2, 1, 3), NOW, NOW + 3_600_000_000)
PACE = CompactionPace(timedelta(0), 1_000, 500_000, timedelta(0), timedelta(0))


def none(_: int) -> None:
    """Shows no progress."""


@pytest.fixture
async def ledger(database: Database) -> LedgerStore:
    ledger = await three_series(database)
    await ledger.commit([mixed(0, 1_000)])
    await Compaction(CompactionStore(database), Partitions(database), PACE).catch_up()
    await ledger.commit([mixed(1_000, 1_500)])
    return ledger


@pytest.fixture
def export(database: Database) -> Export:
    store = HistoryStore(database)
    history = History(store, RegistryStore(database), HistoryLimits(timedelta(seconds=20), 2, 0))
    return Export(Pages(history), store, page=70)


def lines(readings: Readings) -> list[tuple[str, ...]]:
    """The expected lines of a CSV: series, t, value, seq; series by series."""
    found: list[tuple[str, ...]] = []
    for series in WANTED.series:
        mine = readings.take(readings.series == series)
        for i in range(len(mine)):
            word = mine.word[i]
            value = (str(word), repr(float(word.view(np.float64))), "true" if word else "false")[(1, 0, 2)[series - 1]]
            found.append((str(series), str(mine.t[i]), value, str(mine.seq[i])))
    return found


def said(text: bytes) -> list[tuple[str, ...]]:
    """The content of a CSV."""
    rows = csv.DictReader(io.StringIO(text.decode()))
    return [(row["series"], row["t"], row["value"], row["seq"]) for row in rows]


async def test_a_csv_has_every_reading_exactly_once(
    ledger: LedgerStore, database: Database, export: Export, tmp_path: Path
) -> None:
    path = tmp_path / "all.csv"
    assert await to_csv(export, WANTED, path, resume=False, progress=none) == 1_500
    request = lines(await logged(database))
    found = said(path.read_bytes())
    assert [row[:2] for row in found] == [row[:2] for row in request]
    assert [float(r[2]) if r[0] == "1" else r[2] for r in found] == [
        float(r[2]) if r[0] == "1" else r[2] for r in request
    ]
    with pytest.raises(OutputConflict, match="--resume"):
        await to_csv(export, WANTED, path, resume=False, progress=none)


@pytest.mark.parametrize("left", [0, 30, 58, 59, 20_000, 45_001, 90_000])
async def test_a_csv_is_continued_wherever_it_was_interrupted(
    ledger: LedgerStore, export: Export, tmp_path: Path, left: int
) -> None:
    path, broken = tmp_path / "all.csv", tmp_path / "broken.csv"
    await to_csv(export, WANTED, path, resume=False, progress=none)
    whole = path.read_bytes()
    assert len(whole) > 90_000
    broken.write_bytes(whole[:left])
    path.with_name("all.csv.question").rename(tmp_path / "broken.csv.question")
    await to_csv(export, WANTED, broken, resume=True, progress=none)
    assert broken.read_bytes() == whole


async def test_a_file_that_is_not_an_export_is_not_changed(ledger: LedgerStore, export: Export, tmp_path: Path) -> None:
    path = tmp_path / "letter.csv"
    path.write_text("Dear reader,\n")
    with pytest.raises(OutputConflict):
        await to_csv(export, WANTED, path, resume=True, progress=none)
    assert path.read_text() == "Dear reader,\n"


async def test_parquet_parts_are_whole_exact_and_continued(
    ledger: LedgerStore, database: Database, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_files, "ROWS_MAX", 200)
    await to_parquet(export, WANTED, tmp_path, resume=False, progress=none)
    parts = sorted(tmp_path.iterdir())
    assert [p.name for p in parts] == [f"part-{i:05d}.parquet" for i in range(len(parts))]
    assert len(parts) == 8
    for gone in parts[3:]:
        gone.unlink()
    (tmp_path / "unfinished").write_bytes(b"PAR1 half")
    await to_parquet(export, WANTED, tmp_path, resume=True, progress=none)
    table = ds.dataset(sorted(tmp_path.glob("*.parquet"))).to_table().to_pydict()
    readings = await logged(database)
    order = np.concatenate([np.flatnonzero(readings.series == s) for s in WANTED.series])
    assert table["seq"] == readings.seq[order].tolist()
    words = readings.word[order]
    for series, value, exact, word in zip(table["series"], table["value"], table["value_int"], words, strict=True):
        if series == 1:
            assert (int(np.float64(value).view(np.int64)), exact) == (word, None)
        else:
            assert exact == word
    assert not (tmp_path / "unfinished").exists()
    other = ExportRequest((1,), WANTED.start, WANTED.end)
    with pytest.raises(UnknownPosition):
        await to_parquet(export, other, tmp_path, resume=True, progress=none)


async def test_a_stream_is_continued_after_its_last_line(ledger: LedgerStore, export: Export) -> None:
    names = await export.names(WANTED)
    whole = b"".join([piece async for piece in export.stream(WANTED, names, CsvForm())])
    cells = whole.splitlines()[700].decode().split(",")
    after = ExportPosition.of(",".join((cells[0], cells[-4], cells[-2], cells[-1])))
    rest = ExportRequest(WANTED.series, WANTED.start, WANTED.end, after)
    pieces = [piece async for piece in export.stream(rest, await export.names(rest), CsvForm())]
    assert whole.endswith(b"".join(pieces))
    assert len(b"".join(pieces).splitlines()) == 800
    parquet = b"".join([piece async for piece in export.stream(WANTED, names, None)])
    assert pq.read_table(io.BytesIO(parquet)).num_rows == 1_500


async def test_a_position_or_a_series_of_another_export_is_refused(ledger: LedgerStore, export: Export) -> None:
    for text in ("", "1,2", "1,2,3,x", "1,2,3,99999999999999999999"):
        with pytest.raises(UnknownPosition):
            ExportPosition.of(text)
    with pytest.raises(UnknownPosition, match="not part of this export"):
        await export.names(ExportRequest((1,), 0, 1, ExportPosition(2, Key(0, 0, 0))))
    with pytest.raises(UnknownSeries):
        await export.names(ExportRequest((99,), 0, 1))


async def test_the_commands_do_what_they_say(
    ledger: LedgerStore, database: Database, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    settings = GatewaySettings(database_url=url, mqtt_url="mqtt://127.0.0.1:1", mqtt_password="-", audit_key=KEY_TEXT)
    out = tmp_path / "x.csv"
    given = argparse.Namespace(
        series=None, device="alpha", start=NOW, end=NOW + 10**9, format="csv", out=out, resume=False
    )
    assert await program.export(settings, given) == 0
    assert len(out.read_bytes().splitlines()) == 1_001
    assert await program.compact(settings, argparse.Namespace()) == 0
    assert await program.verify(settings, argparse.Namespace(device=None)) == 0
    assert "alpha: agrees; stored 1,500" in capsys.readouterr().out
    async with database.connection() as connection:
        await connection.execute("DELETE FROM chunk WHERE series_id = 1")
    assert await program.verify(settings, argparse.Namespace(device="alpha")) == 1
    assert "stored: the ledger says 1500" in capsys.readouterr().out
    with pytest.raises(UnknownDevice):
        await program.verify(settings, argparse.Namespace(device="nobody"))
    assert await program.retention(settings, argparse.Namespace(apply=False)) == 0
    assert "nothing is old enough" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "micros"), [("1767225600000000", NOW), ("2026-01-01", NOW), ("2026-01-01T01:00+01:00", NOW)]
)
def test_times_are_given_as_people_write_them(text: str, micros: int) -> None:
    assert program._micros(text) == micros


async def test_a_csv_is_not_continued_by_another_request(ledger: LedgerStore, export: Export, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    first = replace(WANTED, end=NOW + 100_000_000)
    await to_csv(export, first, path, resume=False, progress=none)
    before = path.read_bytes()
    for other in (WANTED, replace(first, series=(1, 2, 3)), replace(first, start=NOW + 1)):
        with pytest.raises(UnknownPosition, match="another request"):
            await to_csv(export, other, path, resume=True, progress=none)
    (tmp_path / "x.csv.question").unlink()
    with pytest.raises(OutputConflict, match="beside"):
        await to_csv(export, first, path, resume=True, progress=none)
    assert path.read_bytes() == before


async def test_a_missing_part_does_not_affect_the_others(
    ledger: LedgerStore, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_files, "ROWS_MAX", 200)
    await to_parquet(export, WANTED, tmp_path, resume=False, progress=none)
    parts = sorted(tmp_path.glob("*.parquet"))
    parts[0].unlink()
    parts[-1].unlink()
    whole = {path: path.read_bytes() for path in parts[1:-1]}
    await to_parquet(export, WANTED, tmp_path, resume=True, progress=none)
    assert {path: path.read_bytes() for path in parts[1:-1]} == whole
    assert parts[-1].exists()


@pytest.mark.parametrize(
    ("form", "header", "row"),
    [
        (CsvForm(), b'"series","device",', '7,"alpha","flow","m³/h","2026-03-29T00:59:59.250000Z",{t},1.5,1,0'),
        (
            CsvForm(zone_of("Europe/Berlin"), ";", has_decimal_comma=True),
            b'"series";"device";',
            '7;"alpha";"flow";"m³/h";"2026-03-29T01:59:59.250000+01:00";{t};"1,5";1;0',
        ),
    ],
)
def test_a_csv_has_the_number_format_of_the_requested_country(form: CsvForm, header: bytes, row: str) -> None:
    start = 1_774_745_999_250_000
    t = np.asarray([start, start + 1_000_000], np.int64)
    ones = np.ones(2, np.int64)
    words = np.asarray([1.5, -2e300]).view(np.int64)
    readings = Readings(7 * ones, np.full(2, FLOAT, np.uint8), ones, np.arange(2), t, words, ones == 0)
    found = csv_rows(readings, SeriesName(7, "alpha", "flow", FLOAT, "m³/h"), form).decode().splitlines()
    assert form.header.startswith(header)
    assert found[0] == row.format(t=start)
    if form.has_decimal_comma:
        assert "2026-03-29T03:00:00.250000+02:00" in found[1], "summer time began"


def test_the_default_time_is_spelled_as_in_json() -> None:
    ones = np.ones(1, np.int64)
    readings = Readings(ones, np.full(1, FLOAT, np.uint8), ones, ones, ones * 1_774_745_999_250_000, ones, ones == 0)
    row = csv_rows(readings, SeriesName(1, "a", "b", FLOAT)).decode()
    adapter = TypeAdapter(datetime)
    assert adapter.dump_json(datetime.fromtimestamp(1_774_745_999.25, UTC)).decode() in row
