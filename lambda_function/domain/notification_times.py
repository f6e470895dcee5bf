"""When a message may go: reminders before a visit, and what quiet hours put off. Instants are aware UTC."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lambda_function.domain.notifications import CHANGES, NotificationKind
from lambda_function.domain.people import Channel
from lambda_function.domain.quiet_hours import QuietHours, quiet_period

# What goes just before quiet hours goes this long before them: the messenger runs every minute, and may be late.
MARGIN = timedelta(minutes=15)
# A message that comes when quiet hours end is of no use to somebody whose visit starts so soon after them.
TOO_SHORT = timedelta(hours=1)


class ReminderTime(NamedTuple):
    """A reminder `hours` before a visit. It may go `at` that time. None means that quiet hours leave no time for it."""

    hours: int
    at: datetime | None


def held_to_quiet_hours(kind: NotificationKind, channel: Channel) -> bool:
    """Whether quiet hours bind such a message: an e-mail about a change or an offer wakes nobody."""
    return channel is Channel.SMS or kind in {NotificationKind.REMINDER, NotificationKind.RECALL}


def send_time(
    wanted: datetime,
    *,
    kind: NotificationKind,
    channel: Channel,
    starts_at: datetime | None,
    quiet: QuietHours | None,
    zone: ZoneInfo | None,
    now: datetime,
) -> datetime | None:
    """Returns when a message that should go at `wanted` may go, which is not before `now`, or None if quiet hours leave
    no time for it.

    Outside quiet hours that is at once. Otherwise it is when they end, or, if the visit starts before that or within an
    hour of it, just before they begin. If they have begun by now, an SMS about a change still goes when they end,
    unless the visit has started by then.

    `starts_at` is None for what is about no visit or offer. The caller has checked that it is after `wanted` and `now`.
    A clinic without a zone has no local times, and so no quiet hours.
    """
    at = max(wanted, now)
    if quiet is None or zone is None or not held_to_quiet_hours(kind, channel):
        return at
    period = quiet_period(at, quiet, zone)
    if period is None:
        return at
    if starts_at is None or starts_at > period.end + TOO_SHORT:
        return period.end
    if now < period.start:
        return max(_just_before(period.start, quiet, zone), now)
    return period.end if kind in CHANGES and period.end < starts_at else None


def _just_before(begins: datetime, quiet: QuietHours, zone: ZoneInfo) -> datetime:
    """Returns the instant `MARGIN` before quiet hours, or when earlier ones end if they reach beyond it."""
    wanted = begins - MARGIN
    earlier = quiet_period(wanted, quiet, zone)
    return wanted if earlier is None else earlier.end


def reminder_times(
    starts_at: datetime,
    placed_at: datetime,
    hours: Iterable[int],
    *,
    quiet: QuietHours | None,
    zone: ZoneInfo | None,
    now: datetime,
) -> list[ReminderTime]:
    """Returns the reminders of a visit that got its time at `placed_at`, each elapsed `hours` before its start, the
    earliest first.

    Those whose time had come by then are left out, as is one that quiet hours would put on the very time of another:
    nobody is told the same thing twice at once. That is decided by what was planned, not by `now`, so that a reminder
    is on the list each time or never. The visit has not started.
    """
    times = []
    taken = set()
    for before in sorted(set(hours), reverse=True):
        wanted = starts_at - timedelta(hours=before)
        if wanted <= placed_at:
            continue
        planned = _reminder_time(wanted, starts_at, quiet, zone, placed_at)
        if planned not in taken:
            taken.add(planned)
            times.append(ReminderTime(before, _reminder_time(wanted, starts_at, quiet, zone, now)))
    return times


def _reminder_time(
    wanted: datetime, starts_at: datetime, quiet: QuietHours | None, zone: ZoneInfo | None, now: datetime
) -> datetime | None:
    # The channel makes no difference to a reminder.
    return send_time(
        wanted,
        kind=NotificationKind.REMINDER,
        channel=Channel.SMS,
        starts_at=starts_at,
        quiet=quiet,
        zone=zone,
        now=now,
    )
