"""The starts at which doctors are free, computed on masks (domain/slots.py), both for a search for free time and for
offers to those who wait.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from lambda_function.db.repositories.booking import Candidate
from lambda_function.db.repositories.busy import taken_time
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import Duration
from lambda_function.domain.slots import Timeline, chair_starts, occupied_starts, step_mask, working_starts
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


@dataclass(slots=True)
class FreeStarts:
    """The free starts of some doctors on one timeline. `chairs` are those of each clinic."""

    timeline: Timeline
    rules: Mapping[int, WorkingTime]
    chairs: Mapping[int, Sequence[int]]
    busy: BusyMasks
    _on_step: dict[tuple[str, int], int] = field(default_factory=dict)
    _working: dict[tuple[int, timedelta], int] = field(default_factory=dict)
    _with_chair: dict[tuple[int, Duration], int] = field(default_factory=dict)

    def of(self, candidate: Candidate, duration: Duration) -> int:
        """Returns the starts for which the doctor works and is free, and a chair is free as well. The duration is that
        of the candidate; a search for one treatment computes it once for all of them.
        """
        free = occupied_starts(self.timeline.everything & ~self.busy.doctors[candidate.doctor_id], duration)
        return self._may_work(candidate, duration.visit) & free & self.chair_starts(candidate.clinic_id, duration)

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

    def _may_work(self, candidate: Candidate, visit: timedelta) -> int:
        zone, key = time_zone(candidate.time_zone), (candidate.doctor_id, visit)
        if zone is None:
            return 0
        step = (candidate.time_zone, candidate.slot_step_minutes)
        if step not in self._on_step:
            self._on_step[step] = step_mask(self.timeline, zone, candidate.slot_step_minutes)
        if key not in self._working:
            hours, present = working_starts(self.timeline, self.rules[candidate.doctor_id], zone, visit)
            self._working[key] = hours & present
        return self._on_step[step] & self._working[key]


def _take_some_chair(busy: dict[int, int], chair_ids: Sequence[int], time: int) -> None:
    """Takes the first chair that is free all that time, or if there is none, what is free of each in turn."""
    whole = [chair_id for chair_id in chair_ids if not busy[chair_id] & time]
    for chair_id in whole[:1] or chair_ids:
        free = time & ~busy[chair_id]
        busy[chair_id] |= free
        time &= ~free
