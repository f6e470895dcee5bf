"""Free slots: what could be booked, in a number of statements that hangs neither on the range nor on the doctors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lambda_function.db.base import AnyRow
from lambda_function.db.repositories.appointments import Appointments
from lambda_function.db.repositories.busy import active_chairs
from lambda_function.db.repositories.candidates import candidates
from lambda_function.db.repositories.catalogue import Catalogue
from lambda_function.db.repositories.working_hours import openings
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Duration, bookable_span
from lambda_function.domain.errors import InvalidInputError, RangeTooWideError
from lambda_function.domain.intervals import Interval
from lambda_function.domain.permissions import Action, require
from lambda_function.domain.slots import Timeline, bits, margin, union, visit_starts
from lambda_function.domain.working_hours import WorkingTime
from lambda_function.services.free_time import FreeTime, busy_in
from lambda_function.services.place import duration_of, policy_of

MAX_RANGE = timedelta(days=31)
# A first look that is likely to fill a page without reading the whole range: so many days of one doctor.
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
    """Slots that start in [starts_from, starts_before), after the (starts_at, doctor_id) of the page before. `asker` is
    whose limits and own visits count: the caller, unless said.
    """

    treatment_id: int
    starts_from: datetime
    starts_before: datetime
    limit: int
    doctor_id: int | None = None
    clinic_id: int | None = None
    exclude_appointment_id: int | None = None
    after: tuple[datetime, int] | None = None
    asker: Actor | None = None


def search(work: UnitOfWork, wanted: SlotSearch) -> list[Slot]:
    """At most `limit` slots, by (starts_at, doctor_id). Raises InvalidInputError and RangeTooWideError."""
    require(work.actor, Action.READ_CATALOGUE)
    if wanted.starts_from > wanted.starts_before:
        raise InvalidInputError("`from` is after `to`.", field="from")
    if wanted.starts_before - wanted.starts_from > MAX_RANGE:
        raise RangeTooWideError(f"At most {MAX_RANGE.days} days at a time.", field="to")
    doctors = candidates(
        work.session, treatment_id=wanted.treatment_id, doctor_id=wanted.doctor_id, clinic_id=wanted.clinic_id
    )
    if wanted.exclude_appointment_id is not None:
        _check_visible(work, wanted.exclude_appointment_id)
    if not doctors:
        check_known(work, treatment_id=wanted.treatment_id, doctor_id=wanted.doctor_id, clinic_id=wanted.clinic_id)
        return []
    return slots_of(work, wanted, doctors)


def _check_visible(work: UnitOfWork, appointment_id: int) -> None:
    if Appointments(work.session).resources_of(appointment_id) is None:
        raise InvalidInputError("There is no such appointment.", field="exclude_appointment_id")


def check_known(work: UnitOfWork, *, treatment_id: int, doctor_id: int | None, clinic_id: int | None) -> None:
    """Raises InvalidInputError for the first that names nothing."""
    catalogue = Catalogue(work.session)
    if not catalogue.has_treatment(treatment_id):
        raise InvalidInputError("There is no such treatment.", field="treatment_id")
    known = Appointments(work.session).known(doctor_id=doctor_id, patient_id=None, clinic_id=clinic_id)
    if doctor_id is not None and known.doctor_id is None:
        raise InvalidInputError("There is no such doctor.", field="doctor_id")
    if clinic_id is not None and known.clinic_id is None:
        raise InvalidInputError("There is no such clinic.", field="clinic_id")


def slots_of(work: UnitOfWork, wanted: SlotSearch, doctors: Sequence[AnyRow]) -> list[Slot]:
    """As `search`, without its checks, for these rows of `candidates`. Looks at the first days, and at the rest only
    when they do not fill the page.
    """
    span = _span(work, wanted, doctors)
    if span.start >= span.end:
        return []
    reach = margin(duration_of(doctors[0]))
    around = Interval(span.start - reach, span.end + reach)
    rules = openings(work.session, [row.doctor_id for row in doctors], around)
    chairs = active_chairs(work.session, {row.clinic_id for row in doctors})
    look = _Look(work, wanted, doctors, rules, chairs)
    first = min(span.end, span.start + timedelta(days=max(1, _FIRST_LOOK_DAYS // len(doctors))))
    slots = look.free(Interval(span.start, first), wanted.limit)
    if len(slots) < wanted.limit and first < span.end:
        slots += look.free(Interval(first, span.end), wanted.limit - len(slots))
    return slots


def _span(work: UnitOfWork, wanted: SlotSearch, doctors: Sequence[AnyRow]) -> Interval:
    """Where the caller may book with some of the doctors, within the range and not before the cursor."""
    bookable = [bookable_span(actor=wanted.asker or work.actor, policy=policy_of(row), now=work.now) for row in doctors]
    start = max(wanted.starts_from, min(span.start for span in bookable))
    if wanted.after is not None:
        start = max(start, wanted.after[0])
    return Interval(start, min(wanted.starts_before, max(span.end for span in bookable)))


@dataclass(frozen=True, slots=True)
class _Look:
    work: UnitOfWork
    wanted: SlotSearch
    doctors: Sequence[AnyRow]
    rules: Mapping[int, WorkingTime]
    chairs: Mapping[int, Sequence[int]]

    @property
    def asker(self) -> Actor:
        return self.wanted.asker or self.work.actor

    def free(self, part: Interval, limit: int) -> list[Slot]:
        """The first free slots that start in `part`."""
        duration = duration_of(self.doctors[0])
        reach = margin(duration)
        timeline = Timeline.around(Interval(part.start - reach, part.end + reach))
        masks = self._starts(timeline, part, duration)
        slots: list[Slot] = []
        for index in bits(union(mask for _, mask in masks)):
            start = timeline.instant(index)
            for row, mask in masks:
                if mask >> index & 1 and (self.wanted.after is None or (start, row.doctor_id) > self.wanted.after):
                    slots.append(Slot(row.doctor_id, row.clinic_id, start, start + duration.visit))
                    if len(slots) == limit:
                        return slots
        return slots

    def _starts(self, timeline: Timeline, part: Interval, duration: Duration) -> list[tuple[AnyRow, int]]:
        """Each doctor with the starts in `part` at which the visit could be booked."""
        busy = busy_in(
            self.work,
            timeline,
            doctor_ids=[row.doctor_id for row in self.doctors],
            clinic_ids=list(self.chairs),
            patient_id=self.asker.user_id if self.asker.role is Role.PATIENT else None,
            exclude_id=self.wanted.exclude_appointment_id,
        )
        free = FreeTime(timeline, self.rules, self.chairs, busy)
        wanted = timeline.beginning_in(part) & visit_starts(timeline.everything & ~busy.patient, duration.visit)
        found = []
        for row in self.doctors:
            bookable = bookable_span(actor=self.asker, policy=policy_of(row), now=self.work.now)
            found.append((row, wanted & free.starts(row, duration) & timeline.beginning_in(bookable)))
        return found
