"""When messages may go: never in quiet hours that bind them, never too late, and never twice."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.domain.notification_times import MARGIN, ReminderTime, reminder_times, send_time
from lambda_function.domain.notifications import CHANGES, NotificationKind
from lambda_function.domain.people import Channel
from lambda_function.domain.quiet_hours import QuietHours, is_quiet
from tests.unit.domain.test_quiet_hours import (
    CAIRO,
    LIMA,
    LORD_HOWE,
    MADRID,
    NEW_YORK,
    SANTIAGO,
    instants,
    quiet_hours,
    utc,
    zones,
)
from tests.zones import zone_named

NIGHT = QuietHours(21 * 60, 8 * 60)
SIESTA = QuietHours(13 * 60, 15 * 60)
LONG_AGO = utc("2026-01-01T00:00")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

MADE_IN_QUIET_HOURS = [
    (MADRID, "2027-03-28T05:59", "2027-03-28T07:30", "2027-03-28T06:00"),
    (MADRID, "2027-10-31T06:59", "2027-10-31T08:30", "2027-10-31T07:00"),
    (NEW_YORK, "2027-03-14T06:30", "2027-03-14T20:00", "2027-03-14T12:00"),
    (NEW_YORK, "2027-11-07T06:30", "2027-11-07T20:00", "2027-11-07T13:00"),
    (SANTIAGO, "2027-09-05T04:00", "2027-09-05T20:00", "2027-09-05T11:00"),
    (SANTIAGO, "2027-04-04T03:30", "2027-04-04T20:00", "2027-04-04T12:00"),
    (LORD_HOWE, "2027-10-02T15:30", "2027-10-03T03:00", "2027-10-02T21:00"),
    (LORD_HOWE, "2027-04-03T15:10", "2027-04-04T03:00", "2027-04-03T21:30"),
    (CAIRO, "2027-04-29T22:00", "2027-04-30T12:00", "2027-04-30T05:00"),
    (CAIRO, "2027-10-28T20:30", "2027-10-29T12:00", "2027-10-29T06:00"),
    (LIMA, "2027-03-14T02:00", "2027-03-15T02:00", "2027-03-14T13:00"),
]
# With two hours: the start, and when the reminder goes if there are quiet hours from 21:00 to 08:00.
TWO_HOURS_BEFORE = [
    (MADRID, "2027-03-28T08:30", "2027-03-28T06:30"),  # 10:30 on the wall
    (MADRID, "2027-03-28T07:30", "2027-03-28T06:00"),  # 09:30
    (MADRID, "2027-03-28T07:00", "2027-03-27T19:45"),  # 09:00 is within an hour of 08:00
    (MADRID, "2027-10-31T08:01", "2027-10-31T07:00"),  # 09:01 is not
    (NEW_YORK, "2027-03-14T12:30", "2027-03-14T01:45"),
    (NEW_YORK, "2027-11-07T13:30", "2027-11-07T00:45"),
    (SANTIAGO, "2027-09-05T11:30", "2027-09-05T00:45"),
    (SANTIAGO, "2027-04-04T04:30", "2027-04-03T23:45"),  # 00:30, after an hour that came twice
    (LORD_HOWE, "2027-10-02T21:30", "2027-10-02T10:15"),
    (LORD_HOWE, "2027-04-03T22:00", "2027-04-03T09:45"),
    (CAIRO, "2027-04-30T05:30", "2027-04-29T18:45"),
    (CAIRO, "2027-10-29T07:30", "2027-10-29T06:00"),
    (LIMA, "2027-03-14T13:30", "2027-03-14T01:45"),
    (LIMA, "2027-03-14T20:30", "2027-03-14T18:30"),
]


def sms(wanted: str, starts_at: str | None, name: str = LIMA, **changed: object) -> datetime | None:
    facts: dict[str, object] = {
        "kind": NotificationKind.MOVED,
        "channel": Channel.SMS,
        "starts_at": None if starts_at is None else utc(starts_at),
        "quiet": NIGHT,
        "zone": zone_named(name),
        "now": utc(wanted),
    }
    return send_time(utc(wanted), **{**facts, **changed})  # type: ignore[arg-type]


def reminders(starts_at: str, *hours: int, name: str = LIMA, **changed: object) -> list[ReminderTime]:
    facts = {"quiet": NIGHT, "zone": zone_named(name), "now": LONG_AGO, "placed_at": LONG_AGO}
    return reminder_times(utc(starts_at), hours=hours, **{**facts, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "made", "starts_at", "goes"), MADE_IN_QUIET_HOURS)
def test_an_sms_that_is_made_in_quiet_hours_goes_when_they_end(name: str, made: str, starts_at: str, goes: str) -> None:
    assert sms(made, starts_at, name) == utc(goes)


@pytest.mark.parametrize(("name", "starts_at", "goes"), TWO_HOURS_BEFORE)
def test_a_reminder_goes_outside_quiet_hours(name: str, starts_at: str, goes: str) -> None:
    assert reminders(starts_at, 2, name=name) == [ReminderTime(2, utc(goes))]


def test_outside_quiet_hours_a_message_goes_when_it_is_wanted() -> None:
    assert sms("2027-01-04T15:00", "2027-01-05T15:00") == utc("2027-01-04T15:00")


def test_without_quiet_hours_a_message_goes_at_any_hour() -> None:
    assert sms("2027-01-04T06:00", "2027-01-05T15:00", quiet=None) == utc("2027-01-04T06:00")


@pytest.mark.parametrize("kind", [*sorted(CHANGES), NotificationKind.OFFER])
def test_an_email_about_a_change_or_an_offer_goes_at_any_hour(kind: NotificationKind) -> None:
    goes = sms("2027-01-04T06:00", "2027-01-05T15:00", kind=kind, channel=Channel.EMAIL)
    assert goes == utc("2027-01-04T06:00")


@pytest.mark.parametrize("kind", [NotificationKind.REMINDER, NotificationKind.RECALL])
def test_an_email_that_reminds_waits_for_the_morning(kind: NotificationKind) -> None:
    goes = sms("2027-01-04T06:00", "2027-01-05T15:00", kind=kind, channel=Channel.EMAIL)
    assert goes == utc("2027-01-04T13:00")


def test_what_is_about_no_visit_waits_for_the_end_of_quiet_hours() -> None:
    assert sms("2027-01-04T06:00", None, kind=NotificationKind.RECALL) == utc("2027-01-04T13:00")


def test_quiet_hours_of_the_afternoon_put_a_reminder_before_them() -> None:
    assert reminders("2027-01-04T20:30", 2, quiet=SIESTA) == [ReminderTime(2, utc("2027-01-04T17:45"))]


def test_what_is_late_goes_at_once() -> None:
    assert sms("2027-01-04T15:00", "2027-01-05T15:00", now=utc("2027-01-04T18:00")) == utc("2027-01-04T18:00")


def test_what_should_have_gone_just_before_quiet_hours_still_goes_until_they_begin() -> None:
    late = utc("2027-01-04T01:59")
    assert reminders("2027-01-04T13:30", 2, now=late) == [ReminderTime(2, late)]


def test_a_reminder_for_which_quiet_hours_leave_no_time_does_not_go() -> None:
    assert reminders("2027-01-04T13:30", 2, now=utc("2027-01-04T02:00")) == [ReminderTime(2, None)]


@pytest.mark.parametrize("kind", sorted(CHANGES))
def test_a_change_in_quiet_hours_is_told_by_sms_when_they_end_if_the_visit_is_ahead_then(
    kind: NotificationKind,
) -> None:
    assert sms("2027-01-04T06:00", "2027-01-04T13:05", kind=kind) == utc("2027-01-04T13:00")
    assert sms("2027-01-04T06:00", "2027-01-04T13:00", kind=kind) is None


def test_an_offer_that_quiet_hours_leave_no_time_for_is_not_told() -> None:
    assert sms("2027-01-04T06:00", "2027-01-04T13:30", kind=NotificationKind.OFFER) is None


def test_between_quiet_hours_that_are_close_the_margin_is_shorter() -> None:
    """From 08:10 to 08:00: there are only ten minutes a day in which a message may go."""
    nearly_always = QuietHours(8 * 60 + 10, 8 * 60)
    found = reminders("2027-01-04T13:30", 2, quiet=nearly_always)
    assert found == [ReminderTime(2, utc("2027-01-03T13:00"))]


def test_reminders_are_told_the_earliest_first_and_each_offset_once() -> None:
    found = reminders("2027-01-06T20:00", 2, 48, 2)
    assert found == [ReminderTime(48, utc("2027-01-04T20:00")), ReminderTime(2, utc("2027-01-06T18:00"))]


@pytest.mark.parametrize(("placed_at", "left"), [("2027-01-04T19:59", [48, 2]), ("2027-01-04T20:00", [2])])
def test_reminders_whose_time_had_come_when_the_visit_got_its_time_are_left_out(
    placed_at: str, left: list[int]
) -> None:
    found = reminders("2027-01-06T20:00", 48, 2, placed_at=utc(placed_at))
    assert [each.hours for each in found] == left


def test_two_reminders_that_quiet_hours_would_put_together_are_one() -> None:
    """Ten hours and two hours before 08:30 are both in the night."""
    just_before = utc("2027-01-04T01:45")
    for now in (LONG_AGO, just_before + MINUTE):
        assert reminders("2027-01-04T13:30", 10, 2, now=now) == [ReminderTime(10, max(just_before, now))]


def test_two_reminders_that_a_delay_puts_together_stay_two() -> None:
    """Otherwise the second would be missing when its own time comes."""
    late = utc("2027-01-06T18:30")
    assert reminders("2027-01-06T20:00", 48, 2, now=late) == [ReminderTime(48, late), ReminderTime(2, late)]


@st.composite
def visits(draw: st.DrawFn, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Draws when a visit got its time, and its start."""
    starts_at = draw(instants(zone))
    return starts_at - timedelta(minutes=draw(st.integers(1, 5 * 24 * 60))), starts_at


offsets = st.lists(st.integers(1, 96), max_size=5)
some_quiet_hours = st.none() | quiet_hours


@given(st.data(), zones, offsets, some_quiet_hours)
def test_reminders_go_in_the_allowed_hours_before_the_start_and_once_each(
    data: st.DataObject, zone: ZoneInfo, hours: list[int], quiet: QuietHours | None
) -> None:
    placed_at, starts_at = data.draw(visits(zone))
    delay = data.draw(st.integers(0, int((starts_at - placed_at) / MINUTE) - 1))
    now = placed_at + delay * MINUTE
    found = reminder_times(starts_at, placed_at, hours, quiet=quiet, zone=zone, now=now)
    assert len({each.hours for each in found}) == len(found)
    for each in found:
        assert starts_at - each.hours * HOUR > placed_at
        if each.at is not None:
            assert now <= each.at < starts_at
            assert quiet is None or not is_quiet(each.at, quiet, zone)


@given(st.data(), zones, offsets, some_quiet_hours, st.lists(st.integers(1, 600), min_size=1, max_size=30))
def test_a_sweep_that_looks_now_and_then_sends_each_reminder_at_most_once_and_never_loses_one(
    data: st.DataObject, zone: ZoneInfo, hours: list[int], quiet: QuietHours | None, gaps: list[int]
) -> None:
    """Plays the sweep: it remembers which offsets it has planned, and plans those that fall due within ten minutes."""
    placed_at, starts_at = data.draw(visits(zone))
    planned: dict[int, datetime | None] = {}
    seen, now, number = set(), placed_at, 0
    while now < starts_at:
        found = reminder_times(starts_at, placed_at, hours, quiet=quiet, zone=zone, now=now)
        seen.add(tuple(each.hours for each in found))
        for each in found:
            if each.hours not in planned and (each.at is None or each.at <= now + 10 * MINUTE):
                planned[each.hours] = each.at
        now, number = now + gaps[number % len(gaps)] * MINUTE, number + 1
    assert len(seen) == 1
    last = now - gaps[(number - 1) % len(gaps)] * MINUTE
    for each in reminder_times(starts_at, placed_at, hours, quiet=quiet, zone=zone, now=last):
        due = each.at is None or each.at <= last + 10 * MINUTE
        assert not due or each.hours in planned


@given(st.data(), zones, quiet_hours, st.sampled_from(NotificationKind), st.sampled_from(Channel))
def test_a_message_that_waits_may_go_when_its_time_has_come(
    data: st.DataObject, zone: ZoneInfo, quiet: QuietHours, kind: NotificationKind, channel: Channel
) -> None:
    """It is planned with this function, and asked about again when it is claimed, up to a margin later."""
    wanted, starts_at = data.draw(visits(zone))
    facts = {"kind": kind, "channel": channel, "starts_at": starts_at, "quiet": quiet, "zone": zone}
    at = send_time(wanted, **facts, now=wanted)  # type: ignore[arg-type]
    if at is not None:
        assert wanted <= at < starts_at
        assert send_time(at, **facts, now=at) == at  # type: ignore[arg-type]
        later = min(at + MARGIN, starts_at) - timedelta.resolution
        again = send_time(later, **facts, now=later)  # type: ignore[arg-type]
        assert again is None or again >= later
