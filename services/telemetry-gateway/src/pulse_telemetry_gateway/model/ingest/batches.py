"""Parses the JSON of several batches into numpy columns at once. At a million readings a second, one Python object per
number would cost too much.

A payload in the form that `ReadingBatch.model_dump_json` writes is split as text, and its columns are parsed together
with those of the other batches. Every other payload goes to `ReadingBatch`, which alone decides what is refused. The
fast path accepts nothing that `ReadingBatch` would refuse, and reads the same values.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from pydantic_core import from_json

from pulse_contracts.message import MAX_SEQ, Lane
from pulse_contracts.telemetry import MAX_BATCH, ReadingBatch
from pulse_telemetry_gateway.model.storage.columns import Ints

_COUNT, _WHOLE = rb"(0|[1-9][0-9]{0,18})", rb"(0|-?[1-9][0-9]{0,18})"
_HEAD: Final = re.compile(
    rb'\{"v":1,"device":(?:null|"([a-z0-9-]{1,32})"),"epoch":%b,"ord":%b,"catalog":%b,"lo":%b,'
    rb'"lane":"(live|backlog)","sent":%b,"series":\[([0-9,]+)\],"t0":%b,"dt":\['
    % (_COUNT, _COUNT, _COUNT, _COUNT, _WHOLE, _WHOLE)
)
_DT_TO_X, _X_TO_VALUE, _END = b'],"x":[', b'],"value":[', b"]}"
_LANES: Final[dict[bytes, Lane]] = {b"live": "live", b"backlog": "backlog"}
_LOCAL_ID = re.compile(rb"0|[1-9][0-9]{0,9}")
_SPAN: Final = 2**62
"""Limit of `Micros` and `ord`."""


class Batch(NamedTuple):
    """A `ReadingBatch` whose columns are arrays. `value` is an array when every value was written with a decimal point,
    else the list that JSON gave."""

    device: str | None
    epoch: int
    ord: int
    catalog: int
    lo: int
    lane: Lane
    sent: int
    series: tuple[int, ...]
    t0: int
    dt: Ints
    x: Ints
    value: NDArray[np.float64] | list[object]

    @property
    def n(self) -> int:
        """How many readings."""
        return len(self.dt)

    @classmethod
    def of(cls, batch: ReadingBatch) -> "Batch":
        """Converts a validated batch."""
        return cls(
            *(batch.device, batch.epoch, batch.ord, batch.catalog, batch.lo, batch.lane, batch.sent),
            *(tuple(batch.series), batch.t0, np.asarray(batch.dt, np.int64), np.asarray(batch.x, np.int64)),
            batch.value,
        )


class _Texts(NamedTuple):
    """A batch whose columns are still text: the fields before `dt`, the number of readings, and the three columns."""

    head: tuple[str | None, int, int, int, int, Lane, int, tuple[int, ...], int]
    n: int
    dt: bytes
    x: bytes
    value: bytes


def read_batches(payloads: Sequence[bytes]) -> list[Batch | Exception]:
    """Returns one result for each payload, in order: the batch, or the ValidationError or RecursionError that says why
    it is invalid."""
    texts = [_taken_apart(payload) for payload in payloads]
    canonical = [text for text in texts if text is not None]
    together = iter(_together(canonical) if canonical else [])
    found: list[Batch | Exception] = []
    for payload, text in zip(payloads, texts, strict=True):
        batch = None if text is None else next(together)
        found.append(_validated(payload) if batch is None else batch)
    return found


def _validated(payload: bytes) -> Batch | Exception:
    try:
        return Batch.of(ReadingBatch.model_validate_json(payload))
    except (ValidationError, RecursionError) as error:
        return error


def _taken_apart(payload: bytes) -> _Texts | None:
    head = _HEAD.match(payload)
    columns = None if head is None else _columns(payload, head.end())
    if head is None or columns is None:
        return None
    dt, x, value = columns
    n = dt.count(b",") + 1
    if n > MAX_BATCH or x.count(b",") + 1 != n or value.count(b",") + 1 != n:
        return None
    device, lane, ids = head[1], head[6], head[8]
    series = _series(ids)
    epoch, number, catalog, lo, sent, t0 = map(int, head.group(2, 3, 4, 5, 7, 9))
    is_fit = max(epoch, catalog) < 2**63 and number <= _SPAN and lo + n <= MAX_SEQ and max(abs(sent), abs(t0)) <= _SPAN
    if series is None or not is_fit:
        return None
    name = None if device is None else device.decode()
    return _Texts((name, epoch, number, catalog, lo, _LANES[lane], sent, series, t0), n, dt, x, value)


def _columns(payload: bytes, at: int) -> tuple[bytes, bytes, bytes] | None:
    """The text of the three columns, the first of which starts at `at`. None when anything else follows."""
    first = payload.find(b"]", at)
    second = payload.find(b"]", first + 1)
    third = payload.find(b"]", second + 1)
    if (
        not payload.startswith(_DT_TO_X, first)
        or not payload.startswith(_X_TO_VALUE, second)
        or third != len(payload) - len(_END)
        or payload[third:] != _END
    ):
        return None
    return payload[at:first], payload[first + len(_DT_TO_X) : second], payload[second + len(_X_TO_VALUE) : third]


@lru_cache(maxsize=4_096)
def _series(text: bytes) -> tuple[int, ...] | None:
    """Cached, because a device sends the same few lists of series."""
    parts = text.split(b",")
    if len(parts) > MAX_BATCH or not all(map(_LOCAL_ID.fullmatch, parts)):
        return None
    ids = tuple(map(int, parts))
    return ids if max(ids) < 2**31 else None


def _together(texts: Sequence[_Texts]) -> list[Batch | None]:
    """Parses the columns of all batches as one. Returns None for each batch that needs `ReadingBatch`. When the parse
    fails, each batch is parsed alone, so that one invalid batch does not slow down the others."""
    counts = [text.n for text in texts]
    n = sum(counts)
    dt, x = _whole([text.dt for text in texts], n), _whole([text.x for text in texts], n)
    if dt is None or x is None:
        return [None] * len(texts) if len(texts) == 1 else [one for text in texts for one in _together([text])]
    ends = list(accumulate(counts))
    starts = [0, *ends[:-1]]
    highest = np.maximum.reduceat(x, starts).tolist()
    values = _values(texts)
    return [
        None if value is None or most >= len(text.head[7]) else Batch(*text.head, dt[start:end], x[start:end], value)
        for text, start, end, most, value in zip(texts, starts, ends, highest, values, strict=True)
    ]


def _whole(parts: Sequence[bytes], n: int) -> Ints | None:
    """Parses `n` integers in [0, 2^62]. None when the text is anything but canonical JSON integers separated by single
    commas."""
    text = b",".join(parts)
    if text.translate(None, b"0123456789,") or text[:1] in b"," or text[-1:] == b"," or b",," in text:
        return None
    found = np.fromstring(text, np.int64, sep=",")
    most = int(found.max())
    if len(found) != n or most > _SPAN:  # numbers beyond 64 bits are read as the largest int64
        return None
    length, power = 2 * n - 1, 10
    while power <= most:
        length += int(np.count_nonzero(found >= power))
        power *= 10
    return found if length == len(text) else None  # a shorter length means leading zeros


def _values(texts: Sequence[_Texts]) -> list[NDArray[np.float64] | list[object] | None]:
    """The values of each batch. Batches whose values all have a decimal point are parsed as one."""
    pointed = [text.value.count(b".") == text.n for text in texts]
    floats = _floats([text.value for text, is_pointed in zip(texts, pointed, strict=True) if is_pointed])
    found: list[NDArray[np.float64] | list[object] | None] = []
    at = 0
    for text, is_pointed in zip(texts, pointed, strict=True):
        if is_pointed and floats is not None and at + text.n <= len(floats):
            found.append(floats[at : at + text.n])
            at += text.n
        else:
            found.append(_listed(text))
    return found


def _floats(parts: Sequence[bytes]) -> NDArray[np.float64] | None:
    """Parses one number per decimal point. A text, a list or an object would give another dtype than float64, and a
    number has one point at most."""
    if not parts:
        return None
    text = b"[" + b",".join(parts) + b"]"
    try:
        found = np.asarray(from_json(text, allow_inf_nan=False))
    except ValueError:
        return None
    is_flat = found.dtype == np.float64 and found.ndim == 1
    return found if is_flat and len(found) == text.count(b".") else None


def _listed(text: _Texts) -> list[object] | None:
    try:
        found = cast("list[object]", from_json(b"[" + text.value + b"]", allow_inf_nan=False))
    except ValueError:
        return None
    return found if len(found) == text.n else None
