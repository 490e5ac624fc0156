"""Readings as CSV and Parquet, one page at a time. Only this module imports pyarrow, and only at the first export
because it is large."""

import io
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pulse_contracts.times import from_micros
from pulse_telemetry_gateway.model.storage.chunks import Readings
from pulse_telemetry_gateway.model.storage.columns import BOOL, FLOAT, Ints

if TYPE_CHECKING:
    import pyarrow as pa

Format: TypeAlias = Literal["csv", "parquet"]
MEDIA_TYPES: Final[dict[Format, str]] = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_COLUMNS: Final = ("series", "device", "name", "unit", "time", "t", "value", "epoch", "seq")
_QUARTER: Final = 900_000_000
"""Microseconds: every change of a zone's offset falls on a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class SeriesName:
    """Names of a series and its device."""

    series: int
    device: str
    name: str
    kind: int
    unit: str = ""


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How numbers and times are written. `zone` applies to the column `time`; `t` is always microseconds since 1970."""

    zone: tzinfo = UTC
    separator: str = ","
    has_decimal_comma: bool = False

    @property
    def header(self) -> bytes:
        """The first line."""
        return self.separator.join(f'"{name}"' for name in _COLUMNS).encode() + b"\n"


CSV_HEADER: Final = CsvForm().header


def csv_rows(readings: Readings, names: SeriesName, form: CsvForm | None = None) -> bytes:
    """Lines without the header. Numbers are the shortest text that reads back exactly, booleans are true and false,
    times are RFC 3339 with microseconds."""
    import pyarrow as pa
    from pyarrow import compute, csv

    form = form or CsvForm()
    n = len(readings)
    values = _values(readings, names.kind)
    if form.has_decimal_comma and names.kind == FLOAT:
        values = compute.replace_substring(values.cast(pa.string()), ".", ",")
    table = pa.table(
        {
            "series": pa.repeat(pa.scalar(names.series), n),
            "device": pa.repeat(pa.scalar(names.device), n),
            "name": pa.repeat(pa.scalar(names.name), n),
            "unit": pa.repeat(pa.scalar(names.unit), n),
            "time": pa.array(_times(readings.t, form.zone)),
            "t": readings.t,
            "value": values,
            "epoch": readings.epoch,
            "seq": readings.seq,
        }
    )
    sink = io.BytesIO()
    csv.write_csv(table, sink, csv.WriteOptions(include_header=False, delimiter=form.separator))
    return sink.getvalue()


def _times(t: Ints, zone: tzinfo) -> NDArray[np.str_]:
    """RFC 3339, as JSON writes it: `2026-11-29T12:30:15.250000Z`, or with the offset of the zone."""
    if zone is UTC:
        return np.char.add(np.datetime_as_string(t.astype("datetime64[us]")), "Z")
    quarters, places = np.unique(t // _QUARTER, return_inverse=True)
    moments = [from_micros(int(q) * _QUARTER).astimezone(zone) for q in quarters]
    shifts = np.asarray([(moment.utcoffset() or timedelta(0)) // timedelta(microseconds=1) for moment in moments])
    offsets = np.asarray([moment.isoformat()[-6:] for moment in moments])
    local = np.datetime_as_string((t + shifts[places]).astype("datetime64[us]"))
    return np.char.add(local, offsets[places])


def _values(readings: Readings, kind: int) -> "pa.Array":
    import pyarrow as pa

    if kind == FLOAT:
        return pa.array(readings.word.view(np.float64))
    return pa.array(readings.word != 0) if kind == BOOL else pa.array(readings.word)


class ParquetStream:
    """A Parquet file that is sent while it is made. Columns: series, device, name, time, value (binary64), value_int
    (integers and booleans, exact), epoch, seq."""

    def __init__(self) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        text = pa.dictionary(pa.int32(), pa.string())
        self._schema = pa.schema(
            [
                ("series", pa.int32()),
                ("device", text),
                ("name", text),
                ("time", pa.timestamp("us", "UTC")),
                ("value", pa.float64()),
                ("value_int", pa.int64()),
                ("epoch", pa.int64()),
                ("seq", pa.int64()),
            ]
        )
        self._sink = _Sink()
        self._writer = parquet.ParquetWriter(self._sink, self._schema, compression="zstd")

    def add(self, readings: Readings, names: SeriesName) -> bytes:
        """Writes one row group. Returns the bytes that are complete."""
        import pyarrow as pa

        n = len(readings)
        is_float = names.kind == FLOAT
        reals = readings.word.view(np.float64) if is_float else readings.word.astype(np.float64)
        table = pa.table(
            [
                pa.repeat(pa.scalar(names.series, pa.int32()), n),
                pa.repeat(pa.scalar(names.device), n).dictionary_encode(),
                pa.repeat(pa.scalar(names.name), n).dictionary_encode(),
                pa.array(readings.t).cast(pa.timestamp("us", "UTC")),
                pa.array(reals),
                pa.nulls(n, pa.int64()) if is_float else pa.array(readings.word),
                pa.array(readings.epoch),
                pa.array(readings.seq),
            ],
            schema=self._schema,
        )
        self._writer.write_table(table)
        return self._sink.drain()

    def end(self, **metadata: str) -> bytes:
        """Writes the footer with metadata. Returns the rest of the bytes."""
        self._writer.add_key_value_metadata(dict(metadata))
        self._writer.close()
        return self._sink.drain()


class _Sink(io.RawIOBase):
    """Collects bytes until they are drained."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._at += len(part)
        return len(part)

    def drain(self) -> bytes:
        """The bytes since the last call."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def parquet_metadata(path: str) -> dict[str, str]:
    """The metadata of `ParquetStream.end`. Raises ValueError when the file is not a complete Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        found: dict[bytes, bytes] = parquet.read_metadata(path).metadata or {}
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"{path} is not a complete Parquet file: {error}") from error
    return {key.decode(): text.decode() for key, text in found.items() if not key.startswith(b"ARROW")}
