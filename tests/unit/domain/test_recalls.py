"""When a patient is due again."""

import calendar
import json
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.domain.recalls import (
    DISMISSED,
    DONE,
    MAX_RECALL_MONTHS,
    OPENED,
    RecallState,
    RecallStatus,
    due_day,
    state_of,
)
from tests.zones import ZONES, change_days, minute_of_day, zone_named

CONTRACT = (Path(__file__).parents[3] / "docs" / "events.md").read_text()
days = st.dates(date(2000, 1, 1), date(2120, 12, 31))
months = st.integers(1, MAX_RECALL_MONTHS)


def _last(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


@pytest.mark.parametrize(
    ("visited", "after", "due"),
    [
        ("2030-08-31", 6, "2031-02-28"),
        ("2031-08-31", 6, "2032-02-29"),
        ("2032-02-29", 12, "2033-02-28"),
        ("2032-02-29", 48, "2036-02-29"),
        ("2030-01-31", 1, "2030-02-28"),
        ("2030-12-15", 1, "2031-01-15"),
        ("2030-06-30", 6, "2030-12-30"),
        ("9999-06-30", 6, "9999-12-30"),
        ("9999-07-01", 6, "9999-12-31"),
    ],
)
def test_due_is_the_same_day_or_the_last_of_its_month(visited: str, after: int, due: str) -> None:
    assert due_day(date.fromisoformat(visited), after) == date.fromisoformat(due)


@given(days, months)
def test_no_month_is_skipped_and_the_day_is_the_same_or_the_last(visited: date, after: int) -> None:
    due = due_day(visited, after)
    assert (due.year * 12 + due.month) - (visited.year * 12 + visited.month) == after
    assert due.day == min(visited.day, _last(due))


@given(days, days, months)
def test_who_was_there_later_is_not_due_earlier(one: date, other: date, after: int) -> None:
    first, second = sorted([one, other])
    assert due_day(first, after) <= due_day(second, after)


@given(days, months, months)
def test_more_months_are_a_later_day(visited: date, one: int, other: int) -> None:
    assert (one < other) == (due_day(visited, one) < due_day(visited, other))


@given(st.sampled_from(ZONES), st.data(), st.integers(-90, 90), months)
def test_a_visit_near_midnight_is_of_the_day_that_the_clinics_clocks_show(
    name: str, data: st.DataObject, minutes: int, after: int
) -> None:
    """Also on days on which the clocks change, at midnight in some zones."""
    day = data.draw(st.sampled_from(change_days(name))) + timedelta(days=data.draw(st.integers(-1, 1)))
    zone = zone_named(name)
    instant = datetime.combine(day, time(), zone).astimezone(UTC) + timedelta(minutes=minutes)
    shown, _ = minute_of_day(instant, name)
    due = due_day(instant.astimezone(zone).date(), after)
    assert due == due_day(shown, after)
    assert due.day == min(shown.day, _last(due))


@given(due_on=days, today=days, booked=st.booleans())
def test_an_open_recall_is_booked_or_due_from_its_day_on(*, due_on: date, today: date, booked: bool) -> None:
    state = state_of(RecallStatus.OPEN, due_on, booked=booked, today=today)
    assert (state is RecallState.BOOKED) == booked
    assert booked or (state is RecallState.DUE) == (today >= due_on)
    assert state in {RecallState.UPCOMING, RecallState.DUE, RecallState.BOOKED}


@given(
    status=st.sampled_from([RecallStatus.DONE, RecallStatus.DISMISSED]),
    due_on=days,
    today=days,
    booked=st.booleans(),
)
def test_what_has_ended_stays_what_it_is(*, status: RecallStatus, due_on: date, today: date, booked: bool) -> None:
    assert state_of(status, due_on, booked=booked, today=today) == status.value


@pytest.mark.parametrize("kind", [OPENED, DONE, DISMISSED])
def test_the_contract_of_events_names_each_kind(kind: str) -> None:
    assert f"`{kind}`" in CONTRACT


def test_the_example_in_the_contract_is_consistent() -> None:
    examples = map(json.loads, re.findall(r"```json\n(.+?)```", CONTRACT, re.DOTALL))
    [opened] = [example["detail"] for example in examples if example["detail-type"] == OPENED]
    visited = datetime.fromisoformat(opened["at"]).date()
    assert due_day(visited, 6) == date.fromisoformat(opened["due_on"])
