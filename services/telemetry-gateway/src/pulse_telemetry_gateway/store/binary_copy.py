"""Rows as PostgreSQL's binary COPY takes them, made without an object per array element and off the event loop."""

import struct
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"
_SCALARS: Final = {
    "int4": struct.Struct(">ii"),
    "int8": struct.Struct(">iq"),
    "float8": struct.Struct(">id"),
}
_SIZES: Final = {"int4": 4, "int8": 8, "float8": 8}
_ELEMENTS: Final = {"int2": (21, "i2"), "int4": (23, "i4"), "int8": (20, "i8"), "float8": (701, "f8")}
_ARRAY: Final = struct.Struct(">iiiiii")


def encode(records: Iterable[Sequence[object]], types: Sequence[str]) -> bytes:
    """The whole stream. A type is `int4`, `int8` or `float8`, or an array of these or of `int2` (as in `int2[]`), whose
    value is a numpy array; None is NULL. Raises OverflowError or struct.error for what does not fit its type."""
    parts = [_SIGNATURE]
    count = struct.pack(">h", len(types))
    for record in records:
        parts.append(count)
        for value, kind in zip(record, types, strict=True):
            if value is None:
                parts.append(_NULL)
            elif isinstance(value, np.ndarray):
                parts.append(_array(value, kind.removesuffix("[]")))
            else:
                parts.append(_SCALARS[kind].pack(_SIZES[kind], value))
    parts.append(_END)
    return b"".join(parts)


def _array(values: NDArray[np.generic], kind: str) -> bytes:
    oid, code = _ELEMENTS[kind]
    fitting = values.astype(code, casting="same_kind", copy=False)
    if fitting.dtype.itemsize < values.dtype.itemsize and not np.array_equal(fitting, values):
        raise OverflowError(f"a value does not fit {kind}")
    pairs = np.empty(len(values), [("length", ">i4"), ("value", f">{code}")])
    pairs["length"], pairs["value"] = fitting.dtype.itemsize, fitting
    body = pairs.tobytes()
    return _ARRAY.pack(20 + len(body), 1, 0, oid, len(values), 1) + body
