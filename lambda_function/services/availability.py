"""Free slots: the times that can be booked. The number of statements is fixed, whatever the range and the number of
doctors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lambda_function.db.repositories.appointments import VisitResources, resources_of
from lambda_function.db.repositories.booking import Candidate, candidates
from lambda_function.db.repositories.busy import active_chairs
from lambda_function.db.repositories.catalogue import visible_ids
from lambda_function.db.repositories.working_hours import working_times
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Duration, bookable_span, why_unchangeable
from lambda_function.domain.errors import (
    InvalidInputError,
    RangeTooWideError,
)
from lambda_function.domain.intervals import Interval
from lambda_function.domain.permissions import Action, Subject, permitted, require
from lambda_function.domain.slots import Timeline, bits, margin, union
from lambda_function.domain.working_hours import WorkingTime
from lambda_function.services.catalogue import check_ids
from lambda_function.services.free_starts import FreeStarts, busy_masks

MAX_RANGE = timedelta(days=31)
# The first read covers this many days of one doctor, which is likely to fill a page without reading the whole range.
_FIRST_LOOK_DAYS = 140


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which the visit could begin; a chair is chosen when it is booked."""

    doctor_id: int
    clinic_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SlotSearch:
    """Slots that start in [starts_from, starts_before), after the (starts_at, doctor_id) of the page before. They are
    free for the patient too, if it is known who that is: a patient who asks for nobody else is, and so is that of an
    appointment to move.
    """

    treatment_id: int
    starts_from: datetime
    starts_before: datetime
    limit: int
    doctor_id: int | None = None
    clinic_id: int | None = None
    patient_id: int | None = None
    exclude_appointment_id: int | None = None
    after: tuple[datetime, int] | None = None


def search(work: UnitOfWork, wanted: SlotSearch) -> list[Slot]:
    """Returns at most `limit` slots, by (starts_at, doctor_id). Raises InvalidInputError and RangeTooWideError."""
    require(work.actor, Action.READ_CATALOGUE)
    if wanted.starts_from > wanted.starts_before:
        raise InvalidInputError("The range must not end before it starts.", field="from")
    if wanted.starts_before - wanted.starts_from > MAX_RANGE:
        raise RangeTooWideError(f"Ask for at most {MAX_RANGE.days} days at a time.", field="to")
    moved = None if wanted.exclude_appointment_id is None else _moved_visit(work, wanted.exclude_appointment_id)
    patient_id = _patient_of(work, wanted, moved)
    # Asked for another treatment, the appointment only says whose time counts as free.
    kept = moved if moved is not None and moved.treatment_id == wanted.treatment_id else None
    if kept is not None and why_unchangeable(
        kept.status, kept.starts_at, actor=work.actor, policy=kept.policy, now=work.now
    ):
        return []
    doctors = candidates(
        work.session,
        treatment_id=wanted.treatment_id,
        doctor_id=wanted.doctor_id,
        clinic_id=wanted.clinic_id,
        present_doctor_id=None if kept is None else kept.doctor_id,
    )
    if not doctors:
        check_ids(work, treatment_id=wanted.treatment_id, doctor_id=wanted.doctor_id, clinic_id=wanted.clinic_id)
        return []
    return slots_among(work, wanted, doctors, patient_id=patient_id, kept=kept)


def slots_among(
    work: UnitOfWork,
    wanted: SlotSearch,
    doctors: Sequence[Candidate],
    *,
    patient_id: int | None,
    kept: VisitResources | None,
) -> list[Slot]:
    """Returns the slots of these doctors, who are candidates for the visit. `kept` is the visit if it is to be moved,
    and can be.
    """
    duration = doctors[0].duration if kept is None else Duration.as_booked(kept)
    bookable = [doctor for doctor in doctors if _may_book(work.actor, patient_id, doctor)]
    return _slots_of(work, wanted, _Visit(patient_id, duration), bookable) if bookable else []


@dataclass(frozen=True, slots=True)
class _Visit:
    """The visit for which a time is wanted; its patient may not be known yet."""

    patient_id: int | None
    duration: Duration


def _moved_visit(work: UnitOfWork, appointment_id: int) -> VisitResources:
    found = resources_of(work.session, appointment_id)
    if found is None:
        raise InvalidInputError("There is no such appointment.", field="exclude_appointment_id")
    return found


def _patient_of(work: UnitOfWork, wanted: SlotSearch, moved: VisitResources | None) -> int | None:
    """Returns whose visit it is to be, or None if staff have not said so."""
    patient_id = wanted.patient_id
    if moved is not None:
        if patient_id not in {None, moved.patient_id}:
            raise InvalidInputError("The appointment is another patient's.", field="patient_id")
        return moved.patient_id
    if work.actor.role is Role.PATIENT and patient_id in {None, *work.actor.patient_ids}:
        return patient_id or work.actor.user_id
    if patient_id is not None and visible_ids(work.session, patient_id=patient_id).patient_id is None:
        raise InvalidInputError("There is no such patient. Look patients up with GET /users.", field="patient_id")
    return patient_id


def _may_book(actor: Actor, patient_id: int | None, doctor: Candidate) -> bool:
    subject = Subject(patient_id or actor.user_id, doctor.doctor_id, doctor.clinic_id)
    return permitted(actor, Action.BOOK, subject)


def _slots_of(work: UnitOfWork, wanted: SlotSearch, visit: _Visit, doctors: Sequence[Candidate]) -> list[Slot]:
    """Reads the first days, and the rest only if they do not fill the page."""
    span = _span(work, wanted, doctors)
    if span.start >= span.end:
        return []
    reach = margin(visit.duration)
    around = Interval(span.start - reach, span.end + reach)
    rules = working_times(work.session, [doctor.doctor_id for doctor in doctors], around)
    chairs = active_chairs(work.session, {doctor.clinic_id for doctor in doctors})
    finder = _SlotFinder(work, wanted, visit, doctors, rules, chairs)
    first = min(span.end, span.start + timedelta(days=max(1, _FIRST_LOOK_DAYS // len(doctors))))
    slots = finder.slots(Interval(span.start, first), wanted.limit)
    if len(slots) < wanted.limit and first < span.end:
        slots += finder.slots(Interval(first, span.end), wanted.limit - len(slots))
    return slots


def _span(work: UnitOfWork, wanted: SlotSearch, doctors: Sequence[Candidate]) -> Interval:
    """Returns the span in which the caller may book with some of the doctors, within the range and not before the
    cursor.
    """
    bookable = [bookable_span(actor=work.actor, policy=doctor.policy, now=work.now) for doctor in doctors]
    start = max(wanted.starts_from, min(span.start for span in bookable))
    if wanted.after is not None:
        start = max(start, wanted.after[0])
    return Interval(start, min(wanted.starts_before, max(span.end for span in bookable)))


@dataclass(frozen=True, slots=True)
class _SlotFinder:
    """Finds the free time of the doctors, given their working time and the chairs of their clinics."""

    work: UnitOfWork
    wanted: SlotSearch
    visit: _Visit
    doctors: Sequence[Candidate]
    rules: Mapping[int, WorkingTime]
    chairs: Mapping[int, Sequence[int]]

    def slots(self, part: Interval, limit: int) -> list[Slot]:
        """Returns the first free slots that start in `part`."""
        duration = self.visit.duration
        reach = margin(duration)
        timeline = Timeline.around(Interval(part.start - reach, part.end + reach))
        masks = self._starts(timeline, part)
        slots: list[Slot] = []
        for index in bits(union(mask for _, mask in masks)):
            start = timeline.instant(index)
            for doctor, mask in masks:
                if mask >> index & 1 and (self.wanted.after is None or (start, doctor.doctor_id) > self.wanted.after):
                    slots.append(Slot(doctor.doctor_id, doctor.clinic_id, start, start + duration.visit))
                    if len(slots) == limit:
                        return slots
        return slots

    def _starts(self, timeline: Timeline, part: Interval) -> list[tuple[Candidate, int]]:
        """Yields each doctor with the starts in `part` at which the visit could be booked."""
        busy = busy_masks(
            self.work,
            timeline,
            doctor_ids=[doctor.doctor_id for doctor in self.doctors],
            clinic_ids=list(self.chairs),
            patient_id=self.visit.patient_id,
            exclude_id=self.wanted.exclude_appointment_id,
        )
        free = FreeStarts(timeline, self.rules, self.chairs, busy)
        wanted = timeline.beginning_in(part)
        found = []
        for doctor in self.doctors:
            bookable = bookable_span(actor=self.work.actor, policy=doctor.policy, now=self.work.now)
            found.append(
                (doctor, wanted & free.of(doctor, self.visit.duration, busy.patient) & timeline.beginning_in(bookable))
            )
        return found
