"""Readings as CSV and Parquet, a page at a time. The one door to pyarrow, opened at the first export: it is large."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np

from pulse_telemetry_gateway.model.chunks import Readings
from pulse_telemetry_gateway.model.columns import BOOL, FLOAT

if TYPE_CHECKING:
    import pyarrow as pa

Format: TypeAlias = Literal["csv", "parquet"]
MEDIA_TYPES: Final[dict[Format, str]] = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
CSV_HEADER: Final = b'"series","device","name","time","t","value","epoch","seq"\n'


@dataclass(frozen=True, slots=True)
class SeriesName:
    """Whose readings they are, and what."""

    series: int
    device: str
    name: str
    kind: int


def csv_rows(readings: Readings, whose: SeriesName) -> bytes:
    """Lines without the header: numbers as short as they can be read back exactly, booleans as true and false."""
    import pyarrow as pa
    from pyarrow import csv

    n = len(readings)
    table = pa.table(
        {
            "series": pa.repeat(pa.scalar(whose.series), n),
            "device": pa.repeat(pa.scalar(whose.device), n),
            "name": pa.repeat(pa.scalar(whose.name), n),
            "time": pa.array(readings.t).cast(pa.timestamp("us", "UTC")),
            "t": readings.t,
            "value": _values(readings, whose.kind),
            "epoch": readings.epoch,
            "seq": readings.seq,
        }
    )
    sink = io.BytesIO()
    csv.write_csv(table, sink, csv.WriteOptions(include_header=False))
    return sink.getvalue()


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
