"""`recalls backfill`: recalls for patients who were treated before their treatment had any.

It goes through the patients by their ids, and one call handles some thousands of them and says where the next one
begins. Everything is decided again under the locks of the patients, so it can run beside the service, and
whatever ends it, the same command continues.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from lambda_function.db.repositories import claims, recall_backfill
from lambda_function.db.repositories.recall_backfill import LastVisit, RecalledTreatment
from lambda_function.db.repositories.recalls import NewRecall
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.recalls import due_day, notice_time
from lambda_function.domain.time_zones import time_zone
from lambda_function.services.operators.arguments import RecallBackfill
from lambda_function.services.operators.clinics import no_treatment
from lambda_function.services.operators.recall_report import month_text
from lambda_function.services.recalls import open_many

Document = dict[str, Any]
# Patients of one transaction, and transactions of one call.
BATCH = 500
BATCHES = 10
# Notices are counted for so many weeks from now.
WEEKS = 8
_WEEK = timedelta(days=7)


class _Planned(NamedTuple):
    """A recall to open, and when its notices could go, the past ones included."""

    recall: NewRecall
    clinic: str
    overdue: bool
    notices: Sequence[datetime]


@dataclass(slots=True)
class Tally:
    """What is or would be opened: recalls by clinic and month; how many of them are overdue already; how many notices
    go in each of the next weeks, and how many do not go because their time has passed; and how many patients are left
    out, because the time zone of their clinic is not known. `after` is where to go on, and None at the end.
    """

    after: int | None
    months: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    overdue: int = 0
    weeks: list[int] = field(default_factory=lambda: [0] * WEEKS)
    past: int = 0
    without_time_zone: int = 0

    @property
    def recalls(self) -> int:
        return self.months.total()

    def add(self, planned: Iterable[_Planned], now: datetime) -> None:
        for each in planned:
            self.months[each.recall.clinic_id, each.clinic, month_text(each.recall.due_on)] += 1
            self.overdue += each.overdue
            for at in each.notices:
                week = (at - now) // _WEEK
                if at <= now:
                    self.past += 1
                elif week < WEEKS:
                    self.weeks[week] += 1

    def add_part(self, part: Mapping[str, Any]) -> None:
        """Adds the answer of a call."""
        self.after = part["after"]
        for row in part["months"]:
            self.months[row["clinic_id"], row["clinic"], row["month"]] += row["recalls"]
        self.overdue += part["overdue"]
        self.weeks = [mine + more for mine, more in zip(self.weeks, part["notices_by_week"], strict=True)]
        self.past += part["notices_past"]
        self.without_time_zone += part["without_time_zone"]

    def document(self, *, plan: bool) -> Document:
        return {
            "plan": plan,
            "recalls": self.recalls,
            "overdue": self.overdue,
            "months": [
                {"clinic_id": clinic_id, "clinic": clinic, "month": month, "recalls": number}
                for (clinic_id, clinic, month), number in sorted(self.months.items())
            ],
            "notices_by_week": self.weeks,
            "notices_past": self.past,
            "without_time_zone": self.without_time_zone,
            "after": self.after,
        }


def backfill(database: Database, wanted: RecallBackfill) -> Document:
    """Opens, or with `plan` only counts, the recalls of the next patients, whose ids are above `after`.

    Raises InvalidInputError for a treatment that does not exist, or has no `recall_months`.
    """
    treatment = database.transact(lambda work: _treatment(work.session, wanted.treatment), commit=False)
    tally = Tally(wanted.after)
    for _ in range(BATCHES):
        run = partial(_batch, treatment=treatment, tally_after=tally.after or 0, plan=wanted.plan)
        found = database.transact(run, commit=not wanted.plan)
        tally.add(found.planned, found.now)
        tally.without_time_zone += found.without_time_zone
        tally.after = found.after
        if tally.after is None:
            break
    return tally.document(plan=wanted.plan)


def _treatment(session: Session, code: str) -> RecalledTreatment:
    treatments = recall_backfill.treatments(session)
    found = next((each for each in treatments if each.code == code), None)
    if found is None:
        raise InvalidInputError(no_treatment([each.code for each in treatments]), field="treatment")
    if found.recall_months is None:
        raise InvalidInputError(
            "This treatment has no `recall_months`. Set it in the practice file first.",
            field="treatment",
        )
    return found


class _Found(NamedTuple):
    planned: Sequence[_Planned]
    without_time_zone: int
    now: datetime
    after: int | None


def _batch(work: UnitOfWork, treatment: RecalledTreatment, tally_after: int, *, plan: bool) -> _Found:
    ids = recall_backfill.patient_ids(work.session, tally_after, BATCH)
    visits = recall_backfill.last_visits(work.session, treatment.treatment_id, ids) if ids else []
    if visits and not plan:
        locked = claims.lock_patients(work.session, {visit.patient_id for visit in visits})
        visits = recall_backfill.last_visits(work.session, treatment.treatment_id, locked) if locked else []
    planned = list(_planned(visits, treatment, work.now))
    if not plan:
        open_many(work, [each.recall for each in planned])
    after = ids[-1] if len(ids) == BATCH else None
    return _Found(planned, len(visits) - len(planned), work.now, after)


def _planned(visits: Iterable[LastVisit], treatment: RecalledTreatment, now: datetime) -> Iterator[_Planned]:
    for visit in visits:
        zone = time_zone(visit.time_zone)
        if zone is None or treatment.recall_months is None:
            continue
        due_on = due_day(visit.starts_at.astimezone(zone).date(), treatment.recall_months)
        days: Iterable[date] = (due_on + timedelta(days=days) for days in sorted(set(visit.recall_notice_days)))
        yield _Planned(
            NewRecall(visit.patient_id, treatment.treatment_id, visit.clinic_id, visit.doctor_id, due_on),
            visit.clinic_name,
            due_on <= now.astimezone(zone).date(),
            [notice_time(day, quiet=visit.quiet, zone=zone) for day in days],
        )
