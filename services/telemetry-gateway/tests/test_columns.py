"""A stored batch is restored bit for bit."""

import random
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_telemetry_gateway.model.storage.columns import (
    BOOL,
    FLOAT,
    INT,
    Columns,
    concatenate,
    decode,
    encode,
    series_of,
)

INT64 = st.integers(-(2**63), 2**63 - 1)
TIMES = st.integers(-(2**61), 2**61)


@st.composite
def columns(draw: st.DrawFn) -> Columns:
    kinds = draw(st.lists(st.sampled_from([INT, FLOAT, BOOL]), min_size=1, max_size=300))
    n = draw(st.integers(1, 200))
    steps = draw(st.lists(st.integers(1, 1000) if draw(st.booleans()) else st.just(1), min_size=n, max_size=n))
    lo = draw(st.integers(0, 2**61))
    return Columns(
        np.asarray(draw(st.lists(st.integers(0, 2**31 - 1), min_size=len(kinds), max_size=len(kinds))), np.int64),
        np.asarray(kinds, np.uint8),
        np.cumsum([0, *steps[1:]]).astype(np.int64) + lo,
        np.asarray(draw(st.lists(TIMES, min_size=n, max_size=n)), np.int64),
        np.asarray(draw(st.lists(st.integers(0, len(kinds) - 1), min_size=n, max_size=n)), np.int64),
        np.asarray(draw(st.lists(INT64, min_size=n, max_size=n)), np.int64),
    )


@given(columns())
def test_what_is_stored_comes_back_bit_for_bit(given_columns: Columns) -> None:
    payload = encode(given_columns)
    back = decode(payload, int(given_columns.seq[0]))
    for name in ("series", "types", "seq", "t", "x", "word"):
        assert np.array_equal(getattr(back, name), getattr(given_columns, name)), name
    assert np.array_equal(series_of(payload), given_columns.series)


@given(st.floats())
def test_a_float_keeps_all_its_bits(value: float) -> None:
    word = np.asarray([struct.unpack("<q", struct.pack("<d", value))[0]], np.int64)
    one = np.zeros(1, np.int64)
    stored = encode(Columns(one + 1, np.asarray([FLOAT], np.uint8), one, one, one, word))
    back = decode(stored, 0).values()[0]
    assert struct.pack("<d", float(back)) == struct.pack("<d", value)


def test_values_come_back_as_the_type_of_their_series() -> None:
    made = Columns(
        np.asarray([1, 2, 3], np.int64),
        np.asarray([INT, FLOAT, BOOL], np.uint8),
        np.arange(3),
        np.zeros(3, np.int64),
        np.arange(3),
        np.asarray([-(2**63), struct.unpack("<q", struct.pack("<d", -0.0))[0], 1], np.int64),
    )
    assert [repr(v) for v in decode(encode(made), 0).values()] == [repr(-(2**63)), "-0.0", "True"]


def test_a_stored_batch_of_an_unknown_format_is_refused() -> None:
    one = np.zeros(1, np.int64)
    payload = bytearray(encode(Columns(one, np.asarray([INT], np.uint8), one, one, one, one)))
    payload[0] = 9
    with pytest.raises(ValueError, match="format 9"):
        decode(bytes(payload), 0)


def test_a_stored_batch_that_claims_a_terabyte_is_damaged() -> None:
    one = np.zeros(1, np.int64)
    payload = encode(Columns(one, np.asarray([INT], np.uint8), one, one, one, one))
    sized_by_8_bytes = bytes.fromhex("28b52ffd") + b"\xe0" + (1 << 40).to_bytes(8, "little") + b"\x01\0\0"
    with pytest.raises(ValueError, match="1099511627776 bytes for 1 readings, which take 25"):
        decode(payload[: payload.index(bytes.fromhex("28b52ffd"))] + sized_by_8_bytes, 0)


@given(columns(), st.data())
def test_a_damaged_stored_batch_is_refused(made: Columns, data: st.DataObject) -> None:
    payload = bytearray(encode(made))
    if data.draw(st.booleans()):
        payload = payload[: data.draw(st.integers(0, len(payload) - 1))]
    else:
        payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        decode(bytes(payload), 0)
        series_of(bytes(payload))
    except ValueError:
        return  # any other exception would end the reader


def test_a_smooth_signal_takes_a_fraction_of_its_rows() -> None:
    n, s = 1000, 20
    t = np.arange(n) * 1000 + 1_750_000_000_000_000
    x = np.arange(n) % s
    word = (20 + np.sin(np.arange(n) / 300) * 3).round(2).view(np.int64)
    made = Columns(np.arange(s), np.full(s, FLOAT, np.uint8), np.arange(n), t, x, word)
    assert len(encode(made)) / n < 10


def test_many_threads_unpack_at_once_without_disturbing_each_other() -> None:
    n = 60_000  # long enough for two threads to meet inside zstd
    batches = []
    for seed in range(8):
        word = np.random.default_rng(seed).integers(-(2**62), 2**62, n)
        made = Columns(
            np.asarray([seed]),
            np.asarray([INT], np.uint8),
            np.arange(n),
            np.arange(n) * seed,
            np.zeros(n, np.int64),
            word,
        )
        batches.append((encode(made), word))

    def unpack(k: int) -> bool:
        payload, word = batches[k % 8]
        return np.array_equal(decode(payload, 0).word, word)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(unpack, range(600)))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=5), st.randoms(use_true_random=False), st.booleans())
def test_concatenated_pieces_hold_the_same_readings_in_order(sizes: list[int], rng: random.Random, share: bool) -> None:
    numbers = rng.sample(range(1_000), sum(sizes) + len(sizes))
    common = np.asarray([5, 9, 7]), np.asarray([INT, FLOAT, INT], np.uint8)
    pieces, expected = [], {}
    for size in sizes:
        mine = np.sort(np.asarray([numbers.pop() for _ in range(size + 1)]))
        series, types = common if share else (np.asarray([9, 11]), np.asarray([FLOAT, INT], np.uint8))
        x = np.asarray([rng.randrange(len(series)) for _ in mine])
        word = np.asarray([rng.randrange(2**40) for _ in mine])
        pieces.append(Columns(series, types, mine, mine * 3, x, word))
        for i, number in enumerate(mine.tolist()):
            expected[number] = (int(series[x[i]]), int(types[x[i]]), number * 3, int(word[i]))
        share = rng.random() < 0.5
    found = concatenate(pieces)
    assert found.seq.tolist() == sorted(expected)
    assert sorted(set(found.x.tolist())) == list(range(len(found.series)))
    rows = zip(
        found.seq.tolist(), found.series[found.x].tolist(), found.types[found.x].tolist(), found.t.tolist(),
        found.word.tolist(), strict=True,
    )  # fmt: skip
    assert {number: tuple(rest) for number, *rest in rows} == expected
