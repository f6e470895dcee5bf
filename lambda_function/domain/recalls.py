"""When a patient is due for a treatment again, and when to say so. Days are days of the clinic's calendar, and instants
are aware UTC.
"""

import calendar
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.quiet_hours import QuietHours, quiet_end
from lambda_function.domain.time_zones import first_and_last

# The most months after which a treatment can be due again.
MAX_RECALL_MONTHS = 120
# Patients can be due between this day and so many years after today.
FIRST_DUE_DAY = date(2000, 1, 1)
MAX_DUE_YEARS = 10
# How many days before or after the due day a clinic can tell somebody, and how often.
MAX_NOTICE_DAYS = 366
MAX_NOTICES = 10
# Notices that did not go out because the service stood still go this much later at most.
CATCH_UP = timedelta(days=7)
# A visit that has begun and is neither completed, cancelled nor missed holds notices back for so long: nobody in the
# chair is told to come, and doctors may complete a visit after the weekend. One that everybody has forgotten must not
# silence the notices for ever.
UNDER_WAY = timedelta(days=7)
# A day is looked at again for so long after its notices could first go, because a recall that was set before that may
# be committed after a sweep. No transaction lasts longer: those of an operator's command, such as an import, end with
# its function after 15 minutes, and all others much sooner.
SETTLED_AFTER = timedelta(minutes=20)
# When notices go out in a clinic without quiet hours.
_MORNING = time(8)

OPENED = "recall.opened"
DONE = "recall.done"
DISMISSED = "recall.dismissed"


class RecallStatus(StrEnum):
    """What is stored of a recall. DONE means that the patient came, and DISMISSED that it ended without a visit."""

    OPEN = "OPEN"
    DONE = "DONE"
    DISMISSED = "DISMISSED"


class RecallState(StrEnum):
    """What a recall is to people. An open one is BOOKED while a visit of its treatment is ahead. The names are
    published.
    """

    UPCOMING = "UPCOMING"
    DUE = "DUE"
    BOOKED = "BOOKED"
    DONE = "DONE"
    DISMISSED = "DISMISSED"


class RecallAction(StrEnum):
    """What somebody did about a recall, other than coming to a visit. The names are published."""

    OPEN = "OPEN"
    CHANGE = "CHANGE"
    DISMISS = "DISMISS"


class Notice(NamedTuple):
    """A notice `days` after the patient is due, or before it if negative. It may go `at` that time."""

    days: int
    at: datetime


def due_day(visited_on: date, months: int) -> date:
    """Returns the same day of the month so many months later, or the last day of that month if it has no such day.
    Never returns a day after the calendar's last.
    """
    number = visited_on.year * 12 + visited_on.month - 1 + months
    year, month = number // 12, number % 12 + 1
    if year > date.max.year:
        return date.max
    return date(year, month, min(visited_on.day, calendar.monthrange(year, month)[1]))


def check_due_on(due_on: date, today: date) -> None:
    """Raises InvalidInputError if nobody would write down by hand that a patient is due on that day."""
    if due_on < FIRST_DUE_DAY:
        raise InvalidInputError(f"Choose a day from {FIRST_DUE_DAY.isoformat()} on.", field="due_on")
    if due_on > due_day(today, MAX_DUE_YEARS * 12):
        raise InvalidInputError(f"Choose a day that is at most {MAX_DUE_YEARS} years ahead.", field="due_on")


def state_of(status: RecallStatus, due_on: date, *, booked: bool, today: date) -> RecallState:
    """Returns what a recall is on that day of the clinic's calendar. `booked` is whether a visit of its treatment is
    ahead.
    """
    if status is not RecallStatus.OPEN:
        return RecallState(status)
    if booked:
        return RecallState.BOOKED
    return RecallState.DUE if due_on <= today else RecallState.UPCOMING


# A sweep asks for the same few days again for each recall.
@lru_cache(maxsize=1024)
def notice_time(day: date, *, quiet: QuietHours | None, zone: ZoneInfo) -> datetime:
    """Returns when notices go out on that day: when the quiet hours of the night end, or at eight in the morning if
    there are none. A local time that clocks skip stands for the instant after it.
    """
    minutes = _MORNING.hour * 60 if quiet is None else quiet.to_minute
    local = datetime.combine(day, time()) + timedelta(minutes=minutes)
    _, wanted = first_and_last(local, zone)
    return wanted if quiet is None else quiet_end(wanted, quiet, zone)


def notices(
    due_on: date, due_set_at: datetime, notice_days: Iterable[int], *, quiet: QuietHours | None, zone: ZoneInfo
) -> list[Notice]:
    """Returns the notices of a recall, the earliest first, without those whose time had come when the day was set."""
    found = [
        Notice(days, notice_time(due_on + timedelta(days=days), quiet=quiet, zone=zone))
        for days in sorted(set(notice_days))
    ]
    return [notice for notice in found if notice.at > due_set_at]


def days_to_tell(swept_on: date | None, now: datetime, *, quiet: QuietHours | None, zone: ZoneInfo) -> list[date]:
    """Returns the days of the clinic's calendar, within the last CATCH_UP, whose notices may go by now and have not
    been planned. `swept_on` is the last day whose notices have been. It is ignored if it is still ahead, because a
    clock was set back or the clinic has another zone.
    """
    today = now.astimezone(zone).date()
    since = date.min if swept_on is None or swept_on > today else swept_on
    days = (today - timedelta(days=number) for number in range(CATCH_UP.days + 1, -1, -1))
    return [day for day in days if day > since and now - CATCH_UP <= notice_time(day, quiet=quiet, zone=zone) <= now]


def settled_day(days: Iterable[date], now: datetime, *, quiet: QuietHours | None, zone: ZoneInfo) -> date | None:
    """Returns the last of these days to which no notice can be added any more, or None if there is none yet."""
    settled = (day for day in days if notice_time(day, quiet=quiet, zone=zone) <= now - SETTLED_AFTER)
    return max(settled, default=None)


def recall_subject(recall_id: int, days: int, due_on: date) -> str:
    """Returns the subject of the messages that are one notice. Another due day makes it another notice."""
    return f"recall:{recall_id}:{days}:{due_on.isoformat()}"


def is_about_day(subject: str, due_on: date) -> bool:
    """Returns whether messages on this subject are notices of that day."""
    return subject.rpartition(":")[2] == due_on.isoformat()
