"""The block codec: exact round trips, and damaged bytes are detected."""

import struct

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from pulse_desktop.core.model import INT_MAX, INT_MIN, Reading, UnfitValueError, check_value
from pulse_desktop.core.storage import codec

floats = st.floats(allow_nan=True, allow_infinity=True, allow_subnormal=True, width=64)
values = st.one_of(floats, st.integers(INT_MIN, INT_MAX), st.booleans())
readings = st.builds(Reading, st.integers(0, 2**31 - 1), st.integers(-(2**61), 2**61), values)


def bits(reading: Reading) -> tuple[object, ...]:
    value = reading.value
    raw = struct.pack("<d", value) if isinstance(value, float) else value
    return reading.series, reading.t, type(value), raw


@given(st.lists(readings, min_size=1, max_size=60))
@example([Reading(1, 0, v) for v in (0.0, -0.0, float("inf"), float("-inf"), float("nan"), 5e-324, 1.0, 1, True)])
@example([Reading(1, 0, struct.unpack("<d", b"\x01\0\0\0\0\0\xf8\x7f")[0])])
@example([Reading(2**31 - 1, t, v) for t, v in ((-(2**61), INT_MIN), (2**61, INT_MAX), (0, False))])
def test_a_block_is_decoded_bit_for_bit(block: list[Reading]) -> None:
    assert [bits(r) for r in codec.decode(codec.encode(block))] == [bits(r) for r in block]


@given(st.lists(readings, min_size=1, max_size=30), st.data())
def test_a_damaged_byte_never_changes_a_value(block: list[Reading], data: st.DataObject) -> None:
    stored = bytearray(codec.encode(block))
    place = data.draw(st.integers(0, len(stored) - 1))
    stored[place] ^= data.draw(st.integers(1, 255))
    try:
        got = codec.decode(bytes(stored))
    except codec.UnreadableBlockError:
        return
    assert [bits(r) for r in got] == [bits(r) for r in block]


def test_a_block_that_claims_a_terabyte_is_unreadable() -> None:
    magic, sized_by_8_bytes = bytes.fromhex("28b52ffd"), b"\xe0"
    with pytest.raises(codec.UnreadableBlockError, match="1099511627776 bytes"):
        codec.decode(magic + sized_by_8_bytes + (1 << 40).to_bytes(8, "little") + b"\x01\0\0")


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_unreadable(junk: bytes) -> None:
    with pytest.raises(codec.UnreadableBlockError):
        codec.decode(junk)


@pytest.mark.parametrize("n", [0, 1_001])
def test_a_block_has_1_to_1000_readings(n: int) -> None:
    with pytest.raises(ValueError, match="readings in one block"):
        codec.encode([Reading(1, 0, 1)] * n)


@pytest.mark.parametrize(
    ("kind", "value"), [("int", True), ("int", 1.0), ("float", 1), ("bool", 1), ("int", 2**63), ("int", -(2**63) - 1)]
)
def test_a_value_of_another_type_is_rejected(kind: str, value: object) -> None:
    with pytest.raises(UnfitValueError):
        check_value(kind, value)  # type: ignore[arg-type]
