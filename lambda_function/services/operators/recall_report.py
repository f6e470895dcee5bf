"""`recalls report`: how many patients were due in each month, and how many of them booked. The days of a clinic are
those of its own calendar.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from lambda_function.db.repositories import recall_report
from lambda_function.db.repositories.recall_report import ClinicOfReport
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.recalls import due_day
from lambda_function.domain.time_zones import day_end, time_zone
from lambda_function.services.operators.arguments import RecallReport

Document = dict[str, Any]
# A visit counts as booked in time if it starts at most this long after the day on which the patient was due.
IN_TIME = timedelta(days=30)
OVERDUE_MONTHS = (3, 6, 12)
MOST_MONTHS = 36
_USUAL_MONTHS = 12


class Part(NamedTuple):
    """What one statement counts: a month, given by its first day, of the clinics that share a time zone."""

    month: date
    zone: ZoneInfo
    clinic_ids: Sequence[int]


def unwatched(parts: Iterable[Part]) -> Iterator[Part]:
    return iter(parts)


def report(
    database: Database, wanted: RecallReport, watch: Callable[[Iterable[Part]], Iterator[Part]] = unwatched
) -> Document:
    """Returns the `months` of the clinics, without those in which nobody is due. Clinics whose time zone nobody knows
    have no days, and are named in `without_time_zone`.

    Raises InvalidInputError for months that end before they begin, or are too many.
    """
    today, clinics = database.transact(lambda work: (work.today, recall_report.clinics(work.session)), commit=False)
    months = _months(wanted, today)
    counts: dict[tuple[int, date], Counter[str]] = defaultdict(Counter)
    for part in watch(list(_parts(months, clinics))):
        for clinic_id, found in database.transact(partial(_counts, part=part), commit=False):
            counts[clinic_id, part.month].update(found)
    rows = ((clinic, month, counts.get((clinic.clinic_id, month))) for clinic in clinics for month in months)
    return {
        "from": month_text(months[0]),
        "to": month_text(months[-1]),
        "months": [_row(clinic, month, found) for clinic, month, found in rows if found],
        "without_time_zone": [clinic.name for clinic in clinics if time_zone(clinic.time_zone) is None],
    }


def month_text(day: date) -> str:
    return f"{day:%Y-%m}"


def _months(wanted: RecallReport, today: date) -> list[date]:
    """Returns the first days of the months. The last is by default the present one, and the first eleven before it."""
    last = wanted.to or today.replace(day=1)
    first = wanted.first or due_day(last, 1 - _USUAL_MONTHS)
    number = (last.year - first.year) * 12 + last.month - first.month + 1
    if number < 1:
        raise InvalidInputError("The last month is before the first. Give them in order.", field="to")
    if number > MOST_MONTHS:
        raise InvalidInputError(f"Ask for at most {MOST_MONTHS} months at a time.", field="to")
    return [due_day(first, months) for months in range(number)]


def _parts(months: Sequence[date], clinics: Sequence[ClinicOfReport]) -> Iterator[Part]:
    by_zone: dict[ZoneInfo, list[int]] = defaultdict(list)
    for clinic in clinics:
        if (zone := time_zone(clinic.time_zone)) is not None:
            by_zone[zone].append(clinic.clinic_id)
    for month in months:
        for zone, clinic_ids in by_zone.items():
            yield Part(month, zone, clinic_ids)


def _counts(work: UnitOfWork, part: Part) -> list[tuple[int, dict[str, int]]]:
    """Returns the counts of each clinic and day."""
    after = due_day(part.month, 1)
    days = [part.month + timedelta(days=number) for number in range((after - part.month).days)]
    today = work.now.astimezone(part.zone).date()
    ends = {day: day_end(day + IN_TIME, part.zone) for day in days}
    return [
        (
            day.clinic_id,
            {
                "due": day.due,
                "booked": day.booked,
                **{_overdue(months): day.waiting for months in OVERDUE_MONTHS if due_day(day.due_on, months) <= today},
            },
        )
        for day in recall_report.recalls_by_day(work.session, part.clinic_ids, ends, work.now)
    ]


def _overdue(months: int) -> str:
    return f"overdue_{months}_months"


def _row(clinic: ClinicOfReport, month: date, found: Counter[str]) -> Document:
    return {
        "clinic_id": clinic.clinic_id,
        "clinic": clinic.name,
        "month": month_text(month),
        "due": found["due"],
        "booked_within_30_days": found["booked"],
        **{_overdue(months): found[_overdue(months)] for months in OVERDUE_MONTHS},
    }
