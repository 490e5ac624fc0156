"""The fast path from a payload to columns agrees with `ReadingBatch` for every payload, valid or damaged."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pulse_contracts.telemetry import ReadingBatch
from pulse_telemetry_gateway.model.ingest import batches
from pulse_telemetry_gateway.model.ingest.batches import Batch, read_batches

GOOD = ReadingBatch(
    device="press-1", epoch=2**63 - 1, ord=7, catalog=9, lo=40, lane="live", sent=-5, series=[0, 17, 2**31 - 1],
    t0=1_750_000_000_000_000, dt=[0, 10, 500], x=[0, 2, 1], value=[1.5, -0.0, 5e-324],
)  # fmt: skip


def text_of(batch: ReadingBatch) -> bytes:
    return batch.model_dump_json().encode()


def meant(payload: bytes) -> list[object] | None:
    """Everything that the contract reads in a payload, values with their types. None when the contract refuses it."""
    try:
        batch = ReadingBatch.model_validate_json(payload)
    except (ValidationError, RecursionError):
        return None
    return [*told(batch), batch.dt, batch.x, [repr(value) for value in batch.value]]


def told(batch: ReadingBatch | Batch) -> list[object]:
    names = ("device", "epoch", "ord", "catalog", "lo", "lane", "sent", "t0")
    return [*(getattr(batch, name) for name in names), list(batch.series)]


def understood(read: Batch | Exception) -> list[object] | None:
    if isinstance(read, Exception):
        assert isinstance(read, ValidationError | RecursionError)
        return None
    values = read.value.tolist() if isinstance(read.value, np.ndarray) else read.value
    return [*told(read), read.dt.tolist(), read.x.tolist(), [repr(value) for value in values]]


def check(payloads: list[bytes]) -> None:
    assert [understood(read) for read in read_batches(payloads)] == [meant(payload) for payload in payloads]


VALUES = st.one_of(
    st.floats(), st.integers(), st.booleans(), st.none(), st.text(max_size=3), st.just({"a": [1.5]}), st.just([2.5])
)


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    n = draw(st.integers(1, 4))
    columns = st.lists(st.integers(-3, 2**62 + 1) | st.integers(0, 30), min_size=n, max_size=n)
    kinds = st.floats(allow_nan=False) if draw(st.booleans()) else VALUES
    batch = GOOD.model_copy(
        update={
            "device": draw(st.sampled_from([None, "a", "UPPER", "x" * 33])),
            "epoch": draw(st.integers(0, 2**63)),
            "lo": draw(st.integers(0, 9) | st.integers(2**62 - 4, 2**62)),
            "sent": draw(st.integers(-(2**62) - 1, 2**62 + 1)),
            "series": draw(st.lists(st.integers(0, 2**31), min_size=1, max_size=3)),
            "dt": draw(columns),
            "x": draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)),
            "value": draw(st.lists(kinds, min_size=n, max_size=n)),
        }
    )
    return batch.model_dump_json(warnings=False).encode()


@given(st.lists(texts(), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_batches_parsed_together_equal_batches_parsed_alone(payloads: list[bytes]) -> None:
    check(payloads)


PIECES = [
    b"",
    b"0",
    b"1",
    b"9" * 19,
    b"-",
    b"+",
    b".",
    b",",
    b" ",
    b"]",
    b"[",
    b"e5",
    b"null",
    b'"',
    b"}",
    b"{",
    b"1.5",
]
PIECES += [b"true", b"NaN", b"Infinity", b"\xff", b"\0", b"00", b"-0", b'"x":[', b',"v":1', b"1e400"]


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_batch_is_accepted_or_refused_as_the_contract_does_and_so_are_its_neighbours(seed: int) -> None:
    rng = random.Random(seed)
    ints = GOOD.model_copy(update={"value": [1, 2, 3]})
    for _ in range(100):
        group = [text_of(GOOD), text_of(ints), text_of(GOOD)]
        for _ in range(rng.randint(1, 2)):
            place = rng.randrange(3)
            payload = group[place]
            start = rng.randrange(len(payload))
            group[place] = payload[:start] + rng.choice(PIECES) + payload[start + rng.randint(0, 2) :]
        check(group)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("dt", b"0,010,500"),
        ("dt", b"0,10,500,"),
        ("dt", b"0,,500"),
        ("dt", b"0,10"),
        ("dt", b"0, 10,500"),
        ("dt", b"0,-10,500"),
        ("dt", b"0,10,4611686018427387905"),
        ("dt", b"0,10,9223372036854775808"),
        ("dt", b"0,10,99999999999999999999"),
        ("dt", b"0,1.0,500"),
        ("x", b"0,3,1"),
        ("x", b"0,2,1,1"),
        ("x", b"0,true,1"),
        ("value", b"1.5,2.5"),
        ("value", b"1.5,2.5,"),
        ("value", b"1.5,2.5,3."),
        ("value", b"1.5,.5,3.5"),
        ("value", b"1.5,01.5,3.5"),
        ("value", b"1.5,1.5e400,3.5"),
        ("value", b'1.5,"..",3'),
        ("value", b'"1.5,2.5,3.5"'),
        ("value", b"1.5,[2.5,3.5"),
        ("value", b"NaN,2.5,.3.5"),
    ],
)
def test_a_column_with_an_unusual_form_is_left_to_the_contract(column: str, text: bytes) -> None:
    start = text_of(GOOD).index(b'"%b":[' % column.encode()) + len(column) + 4
    payload = text_of(GOOD)
    damaged = payload[:start] + text + payload[payload.index(b"]", start) :]
    check([damaged])
    check([payload, damaged, payload])


@pytest.mark.parametrize(
    ("column", "longer"), [(b"[0,10,500]", b",7]"), (b"[0,2,1]", b",1]"), (b"[1.5,-0.0,5e-324]", b",2.5]")]
)
def test_a_too_long_batch_does_not_compensate_for_a_too_short_one(column: bytes, longer: bytes) -> None:
    payload = text_of(GOOD)
    shorter = column[: column.rindex(b",")] + b"]"
    check([payload.replace(column, column[:-1] + longer), payload.replace(column, shorter)])


@pytest.mark.parametrize("column", ["sent", "t0"])
@pytest.mark.parametrize("number", [2**62 + 1, -(2**62) - 1, 2**64])
def test_a_time_out_of_bounds_is_refused(column: str, number: int) -> None:
    check([GOOD.model_copy(update={column: number}).model_dump_json().encode()])


def test_batches_of_a_collector_take_the_fast_path(monkeypatch: pytest.MonkeyPatch) -> None:
    def long_way(_: bytes) -> Batch | Exception:
        raise AssertionError("the long way")

    monkeypatch.setattr(batches, "_validated", long_way)
    rest = {"dt": [0], "x": [0], "value": [3]}
    check([text_of(GOOD), text_of(GOOD.model_copy(update={"device": None})), text_of(GOOD.model_copy(update=rest))])
