"""Encodes rows for PostgreSQL's binary COPY, a whole table at a time: no work per element, and none per row where rows
have equal sizes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse_telemetry_gateway.model.storage.columns import Ints

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_CODES: Final = {"int2": "i2", "int4": "i4", "int8": "i8", "float8": "f8"}
_OIDS: Final = {"int2": 21, "int4": 23, "int8": 20, "float8": 701}
_ARRAY_HEAD: Final = 20
"""Bytes before the elements of a one-dimensional array."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows with NULL in the same columns. A column is None (NULL in every row), one element per row, or for an array
    type the elements of all rows: row i has `sizes[i]` of them, starting at `starts[i]`."""

    columns: Sequence[NDArray[Any] | None]
    starts: Ints
    sizes: Ints


def encode(blocks: Iterable[Block], types: Sequence[str]) -> bytes:
    """The whole stream. A type is `int2`, `int4`, `int8` or `float8`, or an array of these (such as `int2[]`). Raises
    OverflowError when a value does not fit its type, TypeError for another kind of number."""
    return b"".join((_SIGNATURE, *(rows for block in blocks for rows in _rows(block, tuple(types))), _END))


def _rows(block: Block, types: tuple[str, ...]) -> Iterator[bytes]:
    columns = [None if c is None else _fitting(c, kind) for c, kind in zip(block.columns, types, strict=True)]
    is_present = tuple(column is not None for column in columns)
    order = np.argsort(block.sizes, kind="stable")
    sizes, first = np.unique(block.sizes[order], return_index=True)
    for size, rows in zip(sizes.tolist(), np.split(order, first[1:]), strict=True):
        table = np.full(len(rows), _blank(types, is_present, size))
        which = block.starts[rows, np.newaxis] + np.arange(size)
        for i, column in enumerate(columns):
            if column is None:
                continue
            if types[i].endswith("[]"):
                table[f"v{i}"]["value"] = column[which]
            else:
                table[f"v{i}"] = column[rows]
        yield table.tobytes()


def _fitting(values: NDArray[Any], kind: str) -> NDArray[Any]:
    fitting = values.astype(_CODES[kind.removesuffix("[]")], casting="same_kind", copy=False)
    if fitting.dtype.itemsize < values.dtype.itemsize and not np.array_equal(fitting, values):
        raise OverflowError(f"a value does not fit {kind}")
    return fitting


@lru_cache(512)
def _blank(types: tuple[str, ...], is_present: tuple[bool, ...], size: int) -> NDArray[np.void]:
    """A row as it is in the stream, without its values (fields named `v` and the number of the column)."""
    fields: list[tuple[Any, ...]] = [("columns", ">i2")]
    heads: dict[str, int | tuple[int, ...]] = {"columns": len(types)}
    arrays: dict[str, int] = {}
    for i, (kind, has_value) in enumerate(zip(types, is_present, strict=True)):
        head, values = f"n{i}", f"v{i}"
        single = kind.removesuffix("[]")
        code = f">{_CODES[single]}"
        width = np.dtype(code).itemsize
        if not has_value:
            fields.append((head, ">i4"))
            heads[head] = -1
        elif single == kind:
            fields += [(head, ">i4"), (values, code)]
            heads[head] = width
        else:
            fields += [(head, ">i4", (6,)), (values, [("length", ">i4"), ("value", code)], (size,))]
            heads[head] = (_ARRAY_HEAD + size * (4 + width), 1, 0, _OIDS[single], size, 1)
            arrays[values] = width
    row = np.zeros((), fields)
    for name, value in heads.items():
        row[name] = value
    for name, width in arrays.items():
        row[name]["length"] = width
    return row
