"""The place of a visit in the calendar: who and when, whether it is free, and taking it.

Shared by booking and moving, which hold the locks of doctor and patient when they ask (docs/decisions/0001).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lambda_function.db.models import ClaimKind
from lambda_function.db.repositories import claims
from lambda_function.db.repositories.claims import Claim, busy_error
from lambda_function.db.repositories.obstacles import Obstacles, obstacles
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import Duration, Policy
from lambda_function.domain.errors import DoctorBusyError, InvalidInputError, OutsideHoursError
from lambda_function.domain.intervals import Interval
from lambda_function.domain.slots import Timeline, working_starts
from lambda_function.domain.working_hours import WorkingTime


@dataclass(frozen=True, slots=True)
class Place:
    """`moved_id` is the appointment that is to be moved here, whose own time does not stand in the way."""

    doctor_id: int
    patient_id: int
    clinic_id: int
    time_zone: str
    start: datetime
    duration: Duration
    moved_id: int | None = None

    @property
    def visit(self) -> Interval:
        return self.duration.visit_from(self.start)

    @property
    def occupied(self) -> Interval:
        return self.duration.occupied_from(self.start)

    def claims(self, chair_id: int | None) -> Iterator[Claim]:
        yield Claim(ClaimKind.DOCTOR, self.doctor_id, self.occupied)
        yield Claim(ClaimKind.PATIENT, self.patient_id, self.visit)
        if chair_id is not None:
            yield Claim(ClaimKind.CHAIR, chair_id, self.occupied)


def obstacles_to(work: UnitOfWork, place: Place, chair_ids: Sequence[int]) -> Obstacles:
    """What stands in the way of the visit, whichever of the chairs it takes."""
    return obstacles(
        work.session,
        doctor_id=place.doctor_id,
        patient_id=place.patient_id,
        chair_ids=chair_ids,
        visit=place.visit,
        occupied=place.occupied,
        moved_id=place.moved_id,
    )


def check_working(place: Place, opening: WorkingTime, *, overridden: bool) -> None:
    """Raises OutsideHoursError unless the visit lies in working hours or these are overridden, and DoctorBusyError
    when the doctor is on leave, which nobody overrides.
    """
    zone = ZoneInfo(place.time_zone)
    hours, present = working_starts(Timeline.around(place.visit), opening, zone, place.duration.visit)
    if not present & 1:
        raise DoctorBusyError("The doctor is away at that time.", field="starts_at")
    if not hours & 1 and not overridden:
        raise OutsideHoursError("The doctor does not work at that time.", field="starts_at")


def lock_free_chair(
    work: UnitOfWork, place: Place, chair_ids: Sequence[int], wanted: int | None, *, taken: frozenset[tuple[int, int]]
) -> int | None:
    """The chair for the visit, locked and free: the one wanted, or the first of the clinic's `chair_ids`. None in a
    clinic without. `taken` as in Obstacles.

    Raises the error of the first of doctor, patient and chair that is busy.
    """
    if wanted is not None and wanted not in chair_ids:
        raise InvalidInputError("There is no such chair in that clinic.", field="chair_id")
    for kind, person in ((ClaimKind.DOCTOR, place.doctor_id), (ClaimKind.PATIENT, place.patient_id)):
        if (kind, person) in taken:
            raise busy_error(kind)
    if not chair_ids:
        return None
    for chair_id in chair_ids:
        if (ClaimKind.CHAIR, chair_id) in taken or wanted not in {None, chair_id}:
            continue
        claims.lock_chair(work.session, chair_id)
        if not claims.chair_is_claimed(work.session, chair_id, place.occupied, place.moved_id):
            return chair_id
    raise busy_error(ClaimKind.CHAIR)


def policy_of(row: Any) -> Policy:
    """From a row with lead_minutes, horizon_days and cutoff_minutes."""
    return Policy(
        lead=timedelta(minutes=row.lead_minutes),
        horizon=timedelta(days=row.horizon_days),
        cutoff=timedelta(minutes=row.cutoff_minutes),
    )


def duration_of(row: Any) -> Duration:
    """From a row with duration_minutes, buffer_before_minutes and buffer_after_minutes."""
    return Duration(
        visit=timedelta(minutes=row.duration_minutes),
        buffer_before=timedelta(minutes=row.buffer_before_minutes),
        buffer_after=timedelta(minutes=row.buffer_after_minutes),
    )
