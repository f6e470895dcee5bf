"""The part of a clinic's freed time that a patient could book, computed as a search for free time does.

For the doctor whose time was freed, this is every start whose visit needs some of it. If a chair was freed as well, and
not every earlier visit could have had one, it also includes what other doctors can do in it only since then.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lambda_function.db.repositories.booking import Candidate, candidates_of_clinic
from lambda_function.db.repositories.busy import active_chairs
from lambda_function.db.repositories.waitlist import WaitlistRow
from lambda_function.db.repositories.working_hours import working_times
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Duration, bookable_span
from lambda_function.domain.intervals import Interval
from lambda_function.domain.slots import Timeline, margin, visit_starts
from lambda_function.domain.waitlist import SOME_CHAIR, FreedTime, best_start, touching, within_wish
from lambda_function.services.free_starts import FreeStarts, busy_masks

# An offer respects the limits of patients, whoever accepts it.
ANY_PATIENT = Actor(0, Role.PATIENT)
_TICK = timedelta.resolution


@dataclass(frozen=True, slots=True)
class GainedStarts:
    """What a part of the freed time makes possible for those after `after`: the starts in it, and all starts whose
    visit needs some of it.
    """

    after: int
    inside: int
    touched: int


@dataclass(frozen=True, slots=True)
class PossibleVisit:
    """A possible visit for the candidate's doctor and treatment."""

    candidate: Candidate
    start: datetime

    @property
    def visit(self) -> Interval:
        return self.candidate.duration.visit_from(self.start)

    @property
    def occupied(self) -> Interval:
        return self.candidate.duration.occupied_from(self.start)


@dataclass(slots=True)
class OfferableTime:
    """What can be offered. Results are kept until a time is taken."""

    now: datetime
    clinic_id: int
    freed: Sequence[FreedTime]
    candidates: Sequence[Candidate]
    free: FreeStarts
    _of_treatment: defaultdict[int, list[Candidate]] = field(default_factory=lambda: defaultdict(list))
    _possible: dict[tuple[int, Duration], int] = field(default_factory=dict)
    _own: dict[tuple[int, Duration], list[GainedStarts]] = field(default_factory=dict)
    _relief: dict[Duration, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for candidate in self.candidates:
            self._of_treatment[candidate.treatment_id].append(candidate)

    @property
    def timeline(self) -> Timeline:
        return self.free.timeline

    def wanted(self) -> dict[int, set[int]]:
        """Returns, by doctor, the treatments for which there is still a start."""
        found: dict[int, set[int]] = defaultdict(set)
        for candidate in self.candidates:
            touched = 0
            for gain in self._gains_of(candidate):
                touched |= gain.touched
            if touched and touched & self._possible_of(candidate):
                found[candidate.doctor_id].add(candidate.treatment_id)
        return found

    def best(self, entry: WaitlistRow, busy: int) -> PossibleVisit | None:
        """Returns the best start for an entry whose patient is busy then: the earliest in freed time, otherwise the
        earliest whose visit reaches into it.
        """
        wish, found = Interval(entry.wished_from, entry.wished_to), []
        for candidate in self._of_treatment[entry.treatment_id]:
            if entry.doctor_id not in {None, candidate.doctor_id}:
                continue
            visit = candidate.duration.visit
            fit = self._possible_of(candidate) & within_wish(self.timeline, wish, visit)
            ahead_of = entry.waitlist_id
            gains = [(gain.inside, gain.touched) for gain in self._gains_of(candidate) if gain.after < ahead_of]
            start = best_start(fit & visit_starts(self.timeline.everything & ~busy, visit), gains) if fit else None
            if start is not None:
                found.append((start, candidate))
        if not found:
            return None
        (_, step), candidate = min(found, key=lambda each: (each[0], each[1].doctor_id))
        return PossibleVisit(candidate, self.timeline.instant(step))

    def take(self, doctor_id: int, occupied: Interval) -> None:
        """Takes the time, so that neither it nor its chair is offered a second time."""
        self.free.take(doctor_id, self.clinic_id, self.timeline.touched(occupied))
        self._possible.clear()
        self._relief.clear()

    def _possible_of(self, candidate: Candidate) -> int:
        key = (candidate.doctor_id, candidate.duration)
        if key not in self._possible:
            bookable = bookable_span(actor=ANY_PATIENT, policy=candidate.policy, now=self.now)
            # Offers end when patients can no longer book, so at the very last instant there is nothing left to offer.
            later = self.timeline.beginning_in(Interval(bookable.start + _TICK, bookable.end))
            self._possible[key] = later & self.free.of(candidate, candidate.duration)
        return self._possible[key]

    def _gains_of(self, candidate: Candidate) -> list[GainedStarts]:
        duration = candidate.duration
        gains = self._own_gains(candidate.doctor_id, duration)
        relief = self._relief_for(duration)
        if not relief:
            return gains
        shared = [part for part in self.freed if part.chair_id is not None and part.doctor_id != candidate.doctor_id]
        return gains + [self._gain(part, duration, relief) for part in shared]

    def _own_gains(self, doctor_id: int, duration: Duration) -> list[GainedStarts]:
        key = (doctor_id, duration)
        if key not in self._own:
            own = [part for part in self.freed if part.doctor_id == doctor_id]
            self._own[key] = [self._gain(part, duration, self.timeline.everything) for part in own]
        return self._own[key]

    def _gain(self, part: FreedTime, duration: Duration, among: int) -> GainedStarts:
        touched = touching(self.timeline, part, duration) & among
        return GainedStarts(part.after, self.timeline.beginning_in(part.time) & touched, touched)

    def _relief_for(self, duration: Duration) -> int:
        """Returns the starts for which a chair is free only because of the freed ones."""
        if duration not in self._relief:
            freed = list(self._freed_chairs())
            before = (
                self.free.chair_starts_without(self.clinic_id, duration, freed) if freed else self.timeline.everything
            )
            self._relief[duration] = self.free.chair_starts(self.clinic_id, duration) & ~before
        return self._relief[duration]

    def _freed_chairs(self) -> Iterator[tuple[int, int]]:
        """Returns freed chairs, each as a chair_id and a mask. The ended offers of one doctor took only one chair at a
        time.
        """
        seen: dict[int, int] = defaultdict(int)
        for part in self.freed:
            if part.chair_id is None:
                continue
            time = self.timeline.touched(part.time)
            if part.chair_id == SOME_CHAIR:
                time &= ~seen[part.doctor_id]
                seen[part.doctor_id] |= time
            yield part.chair_id, time


def read_offerable_time(work: UnitOfWork, clinic_id: int, freed: Sequence[FreedTime]) -> OfferableTime | None:
    """Reads what can be offered in four statements. Returns None if no doctor is left there."""
    everybody = any(part.chair_id is not None for part in freed)
    concerned = None if everybody else {part.doctor_id for part in freed}
    candidates = candidates_of_clinic(work.session, clinic_id, concerned)
    if not candidates:
        return None
    reach = max(margin(candidate.duration) for candidate in candidates)
    start = min(part.time.start for part in freed) - reach
    timeline = Timeline.around(Interval(start, max(part.time.end for part in freed) + reach))
    doctor_ids = {candidate.doctor_id for candidate in candidates}
    free = FreeStarts(
        timeline,
        working_times(work.session, doctor_ids, timeline.span),
        active_chairs(work.session, [clinic_id]),
        busy_masks(work, timeline, doctor_ids=doctor_ids, clinic_ids=[clinic_id]),
    )
    return OfferableTime(work.now, clinic_id, freed, candidates, free)
