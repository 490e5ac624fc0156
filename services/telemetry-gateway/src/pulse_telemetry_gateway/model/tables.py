"""Readings as CSV and Parquet, a page at a time. The one door to pyarrow, opened at the first export: it is large."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pulse_telemetry_gateway.model.chunks import Readings
from pulse_telemetry_gateway.model.columns import BOOL, FLOAT, Ints

if TYPE_CHECKING:
    import pyarrow as pa

Format: TypeAlias = Literal["csv", "parquet"]
MEDIA_TYPES: Final[dict[Format, str]] = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_COLUMNS: Final = ("series", "device", "name", "unit", "time", "t", "value", "epoch", "seq")
_1970: Final = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTER: Final = 900_000_000
"""Microseconds: no time zone changes its offset within a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class SeriesName:
    """Whose readings they are, and what."""

    series: int
    device: str
    name: str
    kind: int
    unit: str = ""


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How numbers and times are written. `zone` is that of the column `time`; `t` is always microseconds since 1970."""

    zone: tzinfo = UTC
    separator: str = ","
    has_decimal_comma: bool = False

    @property
    def header(self) -> bytes:
        """The first line."""
        return self.separator.join(f'"{name}"' for name in _COLUMNS).encode() + b"\n"


CSV_HEADER: Final = CsvForm().header


def csv_rows(readings: Readings, whose: SeriesName, form: CsvForm | None = None) -> bytes:
    """Lines without the header: numbers as short as they can be read back exactly, booleans as true and false, times as
    RFC 3339 with microseconds."""
    import pyarrow as pa
    from pyarrow import compute, csv

    form = form or CsvForm()
    n = len(readings)
    values = _values(readings, whose.kind)
    if form.has_decimal_comma and whose.kind == FLOAT:
        values = compute.replace_substring(values.cast(pa.string()), ".", ",")
    table = pa.table(
        {
            "series": pa.repeat(pa.scalar(whose.series), n),
            "device": pa.repeat(pa.scalar(whose.device), n),
            "name": pa.repeat(pa.scalar(whose.name), n),
            "unit": pa.repeat(pa.scalar(whose.unit), n),
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
    moments = [(_1970 + timedelta(microseconds=int(q) * _QUARTER)).astimezone(zone) for q in quarters]
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
    """A Parquet file that is given away while it is made. Columns: series, device, name, time, value (binary64),
    value_int (integers and booleans, exact), epoch, seq."""

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

    def add(self, readings: Readings, whose: SeriesName) -> bytes:
        """One row group; returns the bytes that are finished."""
        import pyarrow as pa

        n = len(readings)
        is_float = whose.kind == FLOAT
        reals = readings.word.view(np.float64) if is_float else readings.word.astype(np.float64)
        table = pa.table(
            [
                pa.repeat(pa.scalar(whose.series, pa.int32()), n),
                pa.repeat(pa.scalar(whose.device), n).dictionary_encode(),
                pa.repeat(pa.scalar(whose.name), n).dictionary_encode(),
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

    def end(self, **told: str) -> bytes:
        """The footer, with what is told as metadata."""
        self._writer.add_key_value_metadata(dict(told))
        self._writer.close()
        return self._sink.drain()


class _Sink(io.RawIOBase):
    """Takes bytes until they are fetched."""

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
        """What came since."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def parquet_metadata(path: str) -> dict[str, str]:
    """What `ParquetStream.end` was told. Raises ValueError for what is not a whole Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        found: dict[bytes, bytes] = parquet.read_metadata(path).metadata or {}
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"{path} is no whole Parquet file: {error}") from error
    return {key.decode(): text.decode() for key, text in found.items() if not key.startswith(b"ARROW")}
