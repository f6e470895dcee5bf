"""When patients are due again, and when that is told, on all days of the calendar and all nights on which clocks
change.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lambda_function.domain.quiet_hours import QuietHours, is_quiet
from lambda_function.domain.recalls import (
    CATCH_UP,
    MAX_NOTICE_DAYS,
    SETTLED_AFTER,
    days_to_tell,
    is_about_day,
    notice_time,
    notices,
    recall_subject,
    settled_day,
)
from tests.unit.domain.test_quiet_hours import ZONES, instants, quiet, quiet_hours, zones
from tests.zones import zone_named

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
NIGHT = quiet("21:00-08:00")

days = st.dates(date(2026, 1, 1), date(2030, 1, 1))
offsets = st.lists(st.integers(-MAX_NOTICE_DAYS, MAX_NOTICE_DAYS), max_size=10)
maybe_quiet = st.none() | quiet_hours


@pytest.mark.parametrize(
    ("zone", "day", "hours", "at"),
    [
        ("America/Lima", "2030-01-21", "21:00-08:00", "2030-01-21T13:00"),
        ("America/Lima", "2030-01-21", None, "2030-01-21T13:00"),
        ("Europe/Madrid", "2027-03-28", "21:00-08:00", "2027-03-28T06:00"),
        ("Europe/Madrid", "2027-03-28", "21:00-02:30", "2027-03-28T01:00"),
        ("Europe/Madrid", "2027-10-31", "21:00-02:30", "2027-10-31T01:30"),
        ("Africa/Cairo", "2027-04-30", "13:00-00:30", "2027-04-29T22:00"),
    ],
)
def test_notices_go_when_quiet_hours_end_or_at_eight(zone: str, day: str, hours: str | None, at: str) -> None:
    hushed = None if hours is None else quiet(hours)
    found = notice_time(date.fromisoformat(day), quiet=hushed, zone=zone_named(zone))

    assert found == datetime.fromisoformat(at).replace(tzinfo=UTC)


@given(days, maybe_quiet, zones)
def test_a_notice_never_goes_in_quiet_hours_and_goes_on_its_day(
    day: date, hushed: QuietHours | None, zone: ZoneInfo
) -> None:
    at = notice_time(day, quiet=hushed, zone=zone)

    assert at.astimezone(zone).date() == day
    assert hushed is None or not is_quiet(at, hushed, zone)
    assert hushed is not None or at.astimezone(zone).time() == time(8)


@given(days, maybe_quiet, zones)
def test_the_notices_of_a_day_go_after_those_of_the_day_before(
    day: date, hushed: QuietHours | None, zone: ZoneInfo
) -> None:
    assert notice_time(day, quiet=hushed, zone=zone) < notice_time(day + DAY, quiet=hushed, zone=zone)


@given(days, offsets, maybe_quiet, zones, st.data())
def test_notices_are_all_that_had_not_come_when_the_day_was_set(
    due_on: date, notice_days: list[int], hushed: QuietHours | None, zone: ZoneInfo, data: st.DataObject
) -> None:
    set_at = data.draw(instants(zone))
    found = notices(due_on, set_at, notice_days, quiet=hushed, zone=zone)
    times = {days: notice_time(due_on + days * DAY, quiet=hushed, zone=zone) for days in notice_days}

    assert [(notice.days, notice.at) for notice in found] == sorted(
        (days, at) for days, at in times.items() if at > set_at
    )
    assert [notice.at for notice in found] == sorted(notice.at for notice in found)


@given(maybe_quiet, zones, st.data())
def test_a_sweep_every_few_hours_tells_each_day_once(
    hushed: QuietHours | None, zone: ZoneInfo, data: st.DataObject
) -> None:
    now = data.draw(instants(zone))
    first = now.astimezone(zone).date()
    swept_on = first - DAY
    told: list[date] = []
    pauses = data.draw(st.lists(st.timedeltas(timedelta(minutes=5), CATCH_UP - DAY), min_size=1, max_size=10))
    for pause in pauses:
        found = days_to_tell(swept_on, now, quiet=hushed, zone=zone)
        assert all(notice_time(day, quiet=hushed, zone=zone) <= now for day in found)
        told += found
        swept_on = found[-1] if found else swept_on
        now += pause

    assert told == [first + number * DAY for number in range(len(told))]


@given(maybe_quiet, zones, st.data())
def test_a_sweep_makes_up_for_a_week_and_no_more(
    hushed: QuietHours | None, zone: ZoneInfo, data: st.DataObject
) -> None:
    now = data.draw(instants(zone))
    swept_on = data.draw(st.none() | days)
    today = now.astimezone(zone).date()
    assume(swept_on is None or swept_on > today or swept_on < today - CATCH_UP - DAY)

    found = days_to_tell(swept_on, now, quiet=hushed, zone=zone)

    around = [today + number * DAY for number in range(-10, 3)]
    assert found == [day for day in around if now - CATCH_UP <= notice_time(day, quiet=hushed, zone=zone) <= now]


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_may_be_told_from_its_notice_time_on(zone: str) -> None:
    day = date(2027, 3, 28)
    at = notice_time(day, quiet=NIGHT, zone=zone_named(zone))

    assert days_to_tell(day - DAY, at - TICK, quiet=NIGHT, zone=zone_named(zone)) == []
    assert days_to_tell(day - DAY, at, quiet=NIGHT, zone=zone_named(zone)) == [day]
    assert days_to_tell(day, at, quiet=NIGHT, zone=zone_named(zone)) == []


@given(maybe_quiet, zones, st.data())
def test_a_day_has_settled_once_its_notices_could_go_for_longer_than_any_transaction_lasts(
    hushed: QuietHours | None, zone: ZoneInfo, data: st.DataObject
) -> None:
    day = data.draw(days)
    at = notice_time(day, quiet=hushed, zone=zone)
    found = [day - DAY, day]

    assert settled_day(found, at + SETTLED_AFTER - TICK, quiet=hushed, zone=zone) == day - DAY
    assert settled_day(found, at + SETTLED_AFTER, quiet=hushed, zone=zone) == day
    assert settled_day([day], at, quiet=hushed, zone=zone) is None


@given(st.integers(1), st.integers(-MAX_NOTICE_DAYS, MAX_NOTICE_DAYS), st.dates(), st.dates())
def test_a_subject_is_about_its_day_only(recall_id: int, number: int, due_on: date, other: date) -> None:
    subject = recall_subject(recall_id, number, due_on)

    assert is_about_day(subject, due_on)
    assert is_about_day(subject, other) == (other == due_on)
