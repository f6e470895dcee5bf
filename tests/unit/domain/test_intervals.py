"""Intervals and their grid slots. Claims can only prevent overlaps if slots meet exactly when intervals do."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lambda_function.domain.intervals import GRID, Interval, on_grid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)

# A narrow window in which intervals often meet, also before 1970, where some languages have negative remainders.
grid_steps = st.integers(-60, 60)
lengths = st.integers(1, 60)


@st.composite
def grid_intervals(draw: st.DrawFn) -> Interval:
    start = EPOCH + draw(grid_steps) * GRID
    return Interval(start, start + draw(lengths) * GRID)


@st.composite
def any_intervals(draw: st.DrawFn) -> Interval:
    start = EPOCH + timedelta(microseconds=draw(st.integers(-(10**10), 10**10)))
    return Interval(start, start + timedelta(microseconds=draw(st.integers(1, 10**10))))


@given(grid_intervals())
def test_the_slots_of_an_interval_on_the_grid_cover_exactly_it(interval: Interval) -> None:
    slots = list(interval.grid_slots())
    assert slots[0] == interval.start
    assert slots[-1] + GRID == interval.end
    assert all(later - earlier == GRID for earlier, later in pairwise(slots))


@given(any_intervals())
def test_the_slots_of_any_interval_cover_it_and_none_is_idle(interval: Interval) -> None:
    slots = list(interval.grid_slots())
    assert all(on_grid(slot) for slot in slots)
    assert slots[0] <= interval.start < slots[0] + GRID
    assert slots[-1] < interval.end <= slots[-1] + GRID
    assert len(slots) == (slots[-1] - slots[0]) // GRID + 1


@given(grid_intervals(), grid_intervals())
def test_two_intervals_on_the_grid_overlap_exactly_when_they_share_a_slot(one: Interval, other: Interval) -> None:
    assert one.overlaps(other) == bool(set(one.grid_slots()) & set(other.grid_slots()))


@given(any_intervals(), any_intervals())
def test_overlapping_is_mutual(one: Interval, other: Interval) -> None:
    assert one.overlaps(other) == other.overlaps(one)


@given(any_intervals(), any_intervals())
def test_intervals_that_overlap_share_a_slot_even_off_the_grid(one: Interval, other: Interval) -> None:
    assert not one.overlaps(other) or set(one.grid_slots()) & set(other.grid_slots())


def test_neighbours_do_not_overlap() -> None:
    morning = Interval(EPOCH, EPOCH + GRID)
    assert not morning.overlaps(Interval(morning.end, morning.end + GRID))


def test_a_microsecond_in_common_is_an_overlap() -> None:
    morning = Interval(EPOCH, EPOCH + GRID)
    assert morning.overlaps(Interval(morning.end - TICK, morning.end + GRID))


def test_an_empty_interval_on_the_grid_has_no_slots() -> None:
    assert list(Interval(EPOCH, EPOCH).grid_slots()) == []


def test_the_grid_is_whole_five_minutes_to_the_microsecond() -> None:
    assert on_grid(datetime(2030, 1, 7, 14, 55, tzinfo=UTC))
    assert not on_grid(datetime(2030, 1, 7, 14, 55, tzinfo=UTC) + TICK)
    assert not on_grid(datetime(2030, 1, 7, 14, 55, tzinfo=UTC) - TICK)
    assert not on_grid(datetime(2030, 1, 7, 14, 56, tzinfo=UTC))
