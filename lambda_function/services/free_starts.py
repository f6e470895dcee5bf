"""What a visit of a given length, buffers and patient can take, computed on masks (domain/slots.py).

A search for free time, booking, moving and the waitlist all ask here, so that what is offered can be booked.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple, Protocol

from lambda_function.db.repositories.busy import taken_time
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import Duration
from lambda_function.domain.slots import (
    Timeline,
    WorkingStarts,
    chair_starts,
    occupied_starts,
    visit_starts,
    working_starts,
)
from lambda_function.domain.time_zones import time_zone
from lambda_function.domain.waitlist import SOME_CHAIR
from lambda_function.domain.working_hours import WorkingTime


@dataclass(slots=True)
class BusyMasks:
    """Masks of the taken time, by doctor and chair, and for one patient."""

    doctors: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    chairs: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    patient: int = 0


def busy_masks(
    work: UnitOfWork,
    timeline: Timeline,
    *,
    doctor_ids: Collection[int],
    clinic_ids: Collection[int],
    patient_id: int | None = None,
    exclude_id: int | None = None,
) -> BusyMasks:
    """Reads the taken time in one statement: doctors and chairs of the clinics, and what the doctors and the patient
    have elsewhere.
    """
    rows = taken_time(
        work.session,
        timeline.span,
        doctor_ids=doctor_ids,
        clinic_ids=clinic_ids,
        patient_id=patient_id,
        exclude_id=exclude_id,
    )
    busy = BusyMasks()
    for row in rows:
        occupied = timeline.minutes(row.start - row.before, row.end + row.after)
        busy.doctors[row.doctor_id] |= occupied
        if row.chair_id is not None:
            busy.chairs[row.chair_id] |= occupied
        if row.patient_id == patient_id:
            busy.patient |= timeline.minutes(row.start, row.end)
    return busy


class Place(Protocol):
    """A doctor and what their starts depend on, such as a candidate of a search or the place of a visit to book."""

    @property
    def doctor_id(self) -> int: ...
    @property
    def clinic_id(self) -> int: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def slot_step_minutes(self) -> int: ...


class VisitStarts(NamedTuple):
    """The starts of a visit that nothing hinders, one mask for each thing that could."""

    working: WorkingStarts
    doctor: int
    patient: int
    chair: int

    @property
    def free(self) -> int:
        """The starts that nothing hinders at all. These are offered."""
        in_hours, present, on_step = self.working
        return in_hours & present & on_step & self.doctor & self.patient & self.chair


@dataclass(slots=True)
class FreeStarts:
    """The free starts of some doctors on one timeline. `chairs` are those of each clinic."""

    timeline: Timeline
    rules: Mapping[int, WorkingTime]
    chairs: Mapping[int, Sequence[int]]
    busy: BusyMasks
    _working: dict[tuple[int, timedelta], WorkingStarts] = field(default_factory=dict)
    _with_chair: dict[tuple[int, Duration], int] = field(default_factory=dict)

    def of(self, place: Place, duration: Duration, patient_busy: int = 0) -> int:
        """Returns the starts that can be offered to a patient who is busy then."""
        return self.starts(place, duration, patient_busy).free

    def starts(self, place: Place, duration: Duration, patient_busy: int = 0) -> VisitStarts:
        """Returns the starts that each of working time, slot step, doctor, patient and chairs allows. The duration is
        not asked of the place, because a visit that is moved keeps its own.
        """
        everything = self.timeline.everything
        return VisitStarts(
            self._working_starts(place, duration.visit),
            occupied_starts(everything & ~self.busy.doctors[place.doctor_id], duration),
            visit_starts(everything & ~patient_busy, duration.visit),
            self.chair_starts(place.clinic_id, duration),
        )

    def take(self, doctor_id: int, clinic_id: int, occupied: int) -> None:
        """Takes the time as if it had been booked. Where the doctor has a visit already, that visit has a chair."""
        without_chair = occupied & ~self.busy.doctors[doctor_id]
        self.busy.doctors[doctor_id] |= occupied
        _take_some_chair(self.busy.chairs, self.chairs[clinic_id], without_chair)
        self._with_chair.clear()

    def chair_starts(self, clinic_id: int, duration: Duration) -> int:
        """Returns the starts for which a chair is free."""
        key = (clinic_id, duration)
        if key not in self._with_chair:
            self._with_chair[key] = self.chair_starts_without(clinic_id, duration, ())
        return self._with_chair[key]

    def chair_starts_without(self, clinic_id: int, duration: Duration, taken: Iterable[tuple[int, int]]) -> int:
        """Returns the starts for which a chair would be free if these, each a chair_id and a mask, were still taken.
        SOME_CHAIR stands for any chair that is free then.
        """
        chairs = {chair: self.busy.chairs[chair] for chair in self.chairs[clinic_id]}
        for taken_id, mask in taken:
            if taken_id == SOME_CHAIR:
                _take_some_chair(chairs, [*chairs], mask)
            elif taken_id in chairs:
                chairs[taken_id] |= mask
        return chair_starts(self.timeline, [self.timeline.everything & ~busy for busy in chairs.values()], duration)

    def _working_starts(self, place: Place, visit: timedelta) -> WorkingStarts:
        key = (place.doctor_id, visit)
        if key not in self._working:
            zone, rules = time_zone(place.time_zone), self.rules[place.doctor_id]
            # Where local times are unknown, nobody works.
            self._working[key] = (
                WorkingStarts(0, 0, 0)
                if zone is None
                else working_starts(self.timeline, rules, zone, visit, place.slot_step_minutes)
            )
        return self._working[key]


def _take_some_chair(busy: dict[int, int], chair_ids: Sequence[int], time: int) -> None:
    """Takes the first chair that is free all that time, or if there is none, what is free of each in turn."""
    whole = [chair_id for chair_id in chair_ids if not busy[chair_id] & time]
    for chair_id in whole[:1] or chair_ids:
        free = time & ~busy[chair_id]
        busy[chair_id] |= free
        time &= ~free
