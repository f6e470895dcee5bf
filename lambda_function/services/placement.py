"""The place of a visit: with whom and when, whether that is free, and in which chair.

Shared by booking and moving, which hold the locks of doctor and patient when they call it (docs/decisions/0001).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from lambda_function.db.models import ClaimKind
from lambda_function.db.repositories.busy import Obstacles, obstacles
from lambda_function.db.repositories.claims import Claim, busy_error, chair_is_claimed, lock_chair
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import Duration
from lambda_function.domain.errors import DoctorBusyError, InvalidInputError, OutsideHoursError, UnknownZoneError
from lambda_function.domain.intervals import Interval
from lambda_function.domain.slots import Timeline, working_starts
from lambda_function.domain.time_zones import time_zone


@dataclass(frozen=True, slots=True)
class Placement:
    """The wanted place. `chair_ids` are the chairs of the clinic. `moved_id` is the appointment that is to be moved
    here, whose own time is not in the way.
    """

    doctor_id: int
    patient_id: int
    time_zone: str
    chair_ids: Sequence[int]
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


@dataclass(frozen=True, slots=True)
class Vacancy:
    """The chair for a visit, or None in a clinic without chairs. `awaited` is whether anybody waits for the time that a
    move leaves.
    """

    chair_id: int | None
    awaited: bool


def find_vacancy(work: UnitOfWork, placement: Placement, *, chair_id: int | None, overridden: bool) -> Vacancy:
    """Finds a chair for the visit. The doctor works then, or the hours are overridden; doctor and patient are free; and
    the chair is locked and free: the one with that id, or the first free one of the clinic.

    Raises OutsideHoursError, DoctorBusyError (also for time off, which nobody can override), InvalidInputError for a
    chair of another clinic, and the error of the first of doctor, patient and chair that is busy.
    """
    found = obstacles(
        work.session,
        doctor_id=placement.doctor_id,
        patient_id=placement.patient_id,
        chair_ids=placement.chair_ids,
        visit=placement.visit,
        occupied=placement.occupied,
        moved_id=placement.moved_id,
    )
    _check_working(placement, found, overridden=overridden)
    return Vacancy(_lock_free_chair(work, placement, chair_id, found.taken), found.awaited)


def _check_working(placement: Placement, found: Obstacles, *, overridden: bool) -> None:
    zone = time_zone(placement.time_zone)
    if zone is None:
        raise UnknownZoneError(field="starts_at")
    hours, present = working_starts(
        Timeline.around(placement.visit), found.working_time, zone, placement.duration.visit
    )
    if not present & 1:
        raise DoctorBusyError("The doctor is away at that time.", field="starts_at")
    if not hours & 1 and not overridden:
        raise OutsideHoursError("The doctor does not work at that time.", field="starts_at")


def _lock_free_chair(
    work: UnitOfWork, placement: Placement, wanted: int | None, taken: frozenset[tuple[int, int]]
) -> int | None:
    chair_ids = placement.chair_ids
    if wanted is not None and wanted not in chair_ids:
        raise InvalidInputError("There is no such chair in that clinic.", field="chair_id")
    for kind, person in ((ClaimKind.DOCTOR, placement.doctor_id), (ClaimKind.PATIENT, placement.patient_id)):
        if (kind, person) in taken:
            raise busy_error(kind)
    if not chair_ids:
        return None
    for chair_id in chair_ids:
        if (ClaimKind.CHAIR, chair_id) in taken or wanted not in {None, chair_id}:
            continue
        lock_chair(work.session, chair_id)
        if not chair_is_claimed(work.session, chair_id, placement.occupied, placement.moved_id):
            return chair_id
    raise busy_error(ClaimKind.CHAIR)
