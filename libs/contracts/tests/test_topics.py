"""Topics: addresses, filters, and properties of the catalogue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pulse_contracts.series_digest import series_digest
from pulse_contracts.telemetry import ReadingBatch, SeriesDeclaration
from pulse_contracts.topics import CATALOGUE, SYSTEM_STATUS, TELEMETRY_DATA

LEVEL = st.from_regex(r"\A[a-z0-9-]{1,32}\Z")


@given(LEVEL)
def test_an_address_matches_back_to_its_levels(device: str) -> None:
    assert TELEMETRY_DATA.match(TELEMETRY_DATA.address(device=device)) == {"device": device}


@pytest.mark.parametrize("device", ["", "a/b", "+", "#", "a b", "x" * 65, "$SYS", "é", "alpha\n"])
def test_an_invalid_level_is_rejected(device: str) -> None:
    with pytest.raises(ValueError, match="topic level"):
        TELEMETRY_DATA.address(device=device)


def test_missing_and_unknown_levels_are_rejected() -> None:
    with pytest.raises(ValueError, match="needs the levels"):
        TELEMETRY_DATA.address()
    with pytest.raises(ValueError, match="needs the levels"):
        TELEMETRY_DATA.address(device="a", other="b")


def test_a_filter_has_a_wildcard_for_each_missing_level() -> None:
    assert SYSTEM_STATUS.filter(kind="collector") == "system/status/collector/+"


def test_no_two_topics_share_an_address() -> None:
    patterns = [topic.filter() for topic in CATALOGUE]
    assert len(set(patterns)) == len(patterns)


def test_acks_and_live_are_not_retained_and_uplinks_are_confirmed() -> None:
    for topic in CATALOGUE:
        if "collector" in topic.publishers:
            assert topic.qos == 1
        if topic.template.startswith("telemetry/"):
            assert not topic.retain


@pytest.mark.parametrize(
    "columns",
    [
        {"dt": [0], "x": [0, 0], "value": [1, 2]},
        {"dt": [0, 1], "x": [0, 2], "value": [1, 2]},
        {"dt": [], "x": [], "value": []},
        {"dt": [0] * 1001, "x": [0] * 1001, "value": [1] * 1001},
        {"dt": [0.5], "x": [0], "value": [1]},
    ],
)
def test_inconsistent_columns_are_unreadable(columns: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ReadingBatch.model_validate(
            {
                "epoch": 1,
                "ord": 1,
                "catalog": 1,
                "lo": 0,
                "lane": "live",
                "sent": 0,
                "series": [1, 2],
                "t0": 0,
                **columns,
            }
        )


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1) | st.booleans())
def test_a_value_survives_serialisation_exactly(value: bool | float) -> None:
    batch = ReadingBatch(
        epoch=1, ord=1, catalog=1, lo=0, lane="live", sent=0, series=[1], t0=0, dt=[0], x=[0], value=[value]
    )
    back = ReadingBatch.model_validate_json(batch.model_dump_json()).value[0]
    assert type(back) is type(value)
    assert repr(back) == repr(value)


def test_the_digest_of_a_declaration_does_not_depend_on_the_order() -> None:
    a, b = (SeriesDeclaration(id=i, name=f"s{i}", type="float") for i in (1, 2))
    assert series_digest([a, b]) == series_digest([b, a])
    assert series_digest([a]) != series_digest([b])
