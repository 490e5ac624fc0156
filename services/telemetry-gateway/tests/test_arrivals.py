"""An arrival that was joined from several batches can be split into them again."""

from hypothesis import given
from hypothesis import strategies as st

from pulse_telemetry_gateway.model.storage.columns import concatenate

from .conftest import arrival


@given(st.sets(st.integers(1, 19), max_size=6), st.sets(st.integers(0, 19), max_size=20))
def test_the_parts_of_an_arrival_are_its_batches_and_hold_each_reading_once(
    joints: set[int], refused: set[int]
) -> None:
    whole = arrival(0, 20, refused=tuple(sorted(refused)))._replace(joints=tuple(sorted(joints)))
    parts = whole.split()
    assert len(parts) == whole.batches == len(joints) + 1
    assert [part.wanted for part in parts] == list(zip([0, *sorted(joints)], [*sorted(joints), 20], strict=True))
    assert all(part.batches == 1 for part in parts)
    assert [one.seq for part in parts for one in part.refused] == sorted(refused)
    columns = [part.columns for part in parts if part.columns is not None]
    if whole.columns is None:
        assert columns == []
    else:
        joined = concatenate(columns)
        assert (joined.seq.tolist(), joined.word.tolist()) == (whole.columns.seq.tolist(), whole.columns.word.tolist())
