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
from lambda_function.domain.errors import (
    DoctorBusyError,
    InvalidInputError,
    OffGridError,
    OutsideHoursError,
    UnknownZoneError,
)
from lambda_function.domain.intervals import Interval
from lambda_function.domain.slots import Timeline
from lambda_function.domain.time_zones import time_zone
from lambda_function.services.free_starts import BusyMasks, FreeStarts


@dataclass(frozen=True, slots=True)
class Placement:
    """The wanted place. `chair_ids` are the chairs of the clinic. `held_to_step` is whether only a start will do that
    is offered as well, as for patients. `moved_id` is the appointment that is to be moved here, whose own time is not
    in the way.
    """

    doctor_id: int
    patient_id: int
    clinic_id: int
    time_zone: str
    slot_step_minutes: int
    chair_ids: Sequence[int]
    start: datetime
    duration: Duration
    held_to_step: bool
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

    Raises OutsideHoursError, DoctorBusyError (also for time off, which nobody can override), OffGridError,
    InvalidInputError for a chair of another clinic, and the error of the first of doctor, patient and chair that is
    busy.
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
    if time_zone(placement.time_zone) is None:
        raise UnknownZoneError(field="starts_at")
    free = _free_starts(placement, found)
    starts = free.starts(placement, placement.duration, free.busy.patient)
    start = 1 << free.timeline.index(placement.start)
    if not starts.working.present & start:
        raise DoctorBusyError("The doctor is away at that time.", field="starts_at")
    if not starts.working.in_hours & start and not overridden:
        raise OutsideHoursError("The doctor does not work at that time.", field="starts_at")
    if not starts.working.on_step & start and placement.held_to_step:
        raise OffGridError(
            "The clinic does not offer this start. Choose one that GET /availability lists.", field="starts_at"
        )
    if chair_id is not None and chair_id not in placement.chair_ids:
        raise InvalidInputError("There is no such chair in that clinic.", field="chair_id")
    for kind, possible in ((ClaimKind.DOCTOR, starts.doctor), (ClaimKind.PATIENT, starts.patient)):
        if not possible & start:
            raise busy_error(kind)
    return Vacancy(_lock_free_chair(work, placement, chair_id, free.busy), found.awaited)


def _free_starts(placement: Placement, found: Obstacles) -> FreeStarts:
    """Returns the free starts on a timeline that is as long as the visit occupies: what is busy then is busy on all of
    it.
    """
    timeline = Timeline.around(placement.occupied)
    busy = BusyMasks()
    for kind, owner_id in found.taken:
        match kind:
            case ClaimKind.DOCTOR:
                busy.doctors[owner_id] = timeline.everything
            case ClaimKind.PATIENT:
                busy.patient = timeline.everything
            case ClaimKind.CHAIR:
                busy.chairs[owner_id] = timeline.everything
    return FreeStarts(
        timeline, {placement.doctor_id: found.working_time}, {placement.clinic_id: placement.chair_ids}, busy
    )


def _lock_free_chair(work: UnitOfWork, placement: Placement, wanted: int | None, busy: BusyMasks) -> int | None:
    if not placement.chair_ids:
        return None
    for chair_id in placement.chair_ids:
        if busy.chairs[chair_id] or wanted not in {None, chair_id}:
            continue
        lock_chair(work.session, chair_id)
        if not chair_is_claimed(work.session, chair_id, placement.occupied, placement.moved_id):
            return chair_id
    raise busy_error(ClaimKind.CHAIR)
