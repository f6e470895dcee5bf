"""The model of the state machine, which computes what the service should answer by loops over plain lists.

Every `plan_…` returns the visit after the change, or raises Refused with the code. Nothing changes before `keep`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.intervals import Interval
from lambda_function.domain.working_hours import DAY_MINUTES, Window
from tests.zones import counted_starts, minute_of_day

HOLDING = {"REQUESTED", "BOOKED", "CHECKED_IN", "COMPLETED"}
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SLOT_STEP = 15
LEAD = timedelta(minutes=60)
HORIZON = timedelta(days=2)
CUTOFF = timedelta(minutes=180)
MAX_OPEN_VISITS = 3
FIVE_YEARS = timedelta(days=5 * 365 + 2)


class Refused(Exception):  # noqa: N818 - a prediction, not an error
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def refuse(code: str, *, when: bool) -> None:
    if when:
        raise Refused(code)


@dataclass(frozen=True, slots=True)
class Treatment:
    visit: timedelta
    before: timedelta
    after: timedelta
    needs_approval: bool


@dataclass(frozen=True, slots=True)
class Practice:
    """The people and rows by id. They never change."""

    zones: Mapping[int, str]
    chairs: Mapping[int, Sequence[int]]
    treatments: Mapping[int, Treatment]
    offered: Mapping[int, frozenset[int]]  # treatments by doctor
    clinic_of: Mapping[int, int]  # of doctors


@dataclass(frozen=True, slots=True)
class Visit:
    doctor: int
    patient: int
    clinic: int
    chair: int | None
    treatment: int
    start: datetime
    status: str
    version: int = 1
    events: tuple[tuple[str, str | None, str], ...] = ()

    @property
    def holds_time(self) -> bool:
        return self.status in HOLDING

    def then(self, action: str, status: str) -> "Visit":
        """Returns the visit with the changes, and with the next version and one more event."""
        event = (action, self.status if self.events else None, status)
        return replace(self, status=status, version=self.version + bool(self.events), events=(*self.events, event))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A visit that somebody wants to book, because it was `offered` to them or by themselves."""

    doctor: int
    patient: int
    treatment: int
    start: datetime
    chair: int | None
    override: bool
    offered: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """The target of a move. A part that is None stays as it is."""

    start: datetime | None
    doctor: int | None
    chair: int | None
    override: bool

    @property
    def place(self) -> tuple[datetime | None, int | None, int | None]:
        return self.start, self.doctor, self.chair


@dataclass(slots=True)
class Model:
    practice: Practice
    now: datetime
    visits: dict[int, Visit] = field(default_factory=dict)
    time_off: dict[int, tuple[int, Interval]] = field(default_factory=dict)
    hours: dict[int, Sequence[Window]] = field(default_factory=dict)  # of every day of the week
    exceptions: dict[tuple[int, date], Sequence[Window]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)

    def time_of(self, visit: Visit) -> Interval:
        return Interval(visit.start, visit.start + self.practice.treatments[visit.treatment].visit)

    def occupied(self, visit: Visit) -> Interval:
        treatment = self.practice.treatments[visit.treatment]
        time = self.time_of(visit)
        return Interval(time.start - treatment.before, time.end + treatment.after)

    def row(self, key: int) -> tuple[object, ...]:
        """Returns the visit as tests/db/agreement.py reads it."""
        visit = self.visits[key]
        treatment = self.practice.treatments[visit.treatment]
        time = self.time_of(visit)
        people = (visit.doctor, visit.patient, visit.clinic, visit.chair, visit.treatment)
        buffers = (treatment.before // MINUTE, treatment.after // MINUTE)
        return (key, *people, visit.status, time.start, time.end, *buffers, visit.version)

    def _others(self, moved: int | None) -> Iterator[Visit]:
        return (visit for key, visit in self.visits.items() if visit.status in HOLDING and key != moved)

    def works(self, doctor: int, instant: datetime) -> bool:
        shown, minute = minute_of_day(instant, self.practice.zones[self.practice.clinic_of[doctor]])
        return any(
            window.start <= minute + ago * DAY_MINUTES < window.start + window.length
            for ago in (0, 1)
            for window in self.exceptions.get((doctor, shown - ago * DAY), self.hours[doctor])
        )

    def is_counted(self, visit: Visit) -> bool:
        """Whether the clinic offers the start, counted from that of a window."""
        zone = self.practice.zones[visit.clinic]
        shown, _ = minute_of_day(visit.start, zone)
        return any(
            visit.start in counted_starts(day, window, zone, SLOT_STEP)
            for day in (shown, shown - DAY)
            for window in self.exceptions.get((visit.doctor, day), self.hours[visit.doctor])
        )

    def is_outside(self, visit: Visit) -> bool:
        return not all(self.works(visit.doctor, slot) for slot in self.time_of(visit).grid_slots())

    def visible(self, actor: Actor, visit: Visit) -> bool:
        match actor.role:
            case Role.PATIENT:
                return visit.patient in actor.patient_ids
            case Role.DOCTOR:
                return visit.doctor == actor.user_id
            case Role.RECEPTIONIST:
                return visit.clinic in actor.clinic_ids

    def plan_book(self, actor: Actor, wanted: Wanted) -> Visit:
        refuse("forbidden", when=wanted.override and actor.role is not Role.RECEPTIONIST)
        refuse("forbidden", when=wanted.chair is not None and actor.role is Role.PATIENT)
        refuse("validation_error", when=bool({wanted.doctor, wanted.patient} & self.gone))
        refuse("validation_error", when=actor.role is Role.PATIENT and wanted.patient not in actor.patient_ids)
        refuse("treatment_not_offered", when=wanted.treatment not in self.practice.offered[wanted.doctor])
        clinic = self.practice.clinic_of[wanted.doctor]
        visit = Visit(wanted.doctor, wanted.patient, clinic, None, wanted.treatment, wanted.start, "")
        refuse("forbidden", when=not self.visible(actor, visit))
        self._check_start(actor, visit.start)
        asks = actor.role is Role.PATIENT and self.practice.treatments[visit.treatment].needs_approval
        refuse("too_many_requests_open", when=asks and self._open_requests(visit.patient) >= 3)
        counted = actor.role is Role.PATIENT
        refuse("too_many_open_visits", when=counted and self._open_visits(visit) >= MAX_OPEN_VISITS)
        held = counted and not wanted.offered
        chair = self._place(visit, wanted.chair, override=wanted.override, moved=None, held_to_step=held)
        placed = replace(visit, chair=chair)
        return placed.then("BOOK", "REQUESTED" if asks else "BOOKED")

    def plan_move(self, actor: Actor, key: int, wanted: Move) -> Visit:
        visit = self.visits[key]
        refuse("not_found", when=not self.visible(actor, visit))
        refuse("forbidden", when=wanted.override and actor.role is not Role.RECEPTIONIST)
        refuse("forbidden", when=wanted.chair is not None and actor.role is Role.PATIENT)
        refuse("validation_error", when=wanted.override and wanted.place == (None, None, None))
        here = (visit.start, visit.doctor, visit.chair)
        if all(new in {None, old} for new, old in zip(wanted.place, here, strict=True)):
            return visit
        refuse("invalid_transition", when=visit.status not in {"REQUESTED", "BOOKED"} or self.now >= visit.start)
        refuse("past_cutoff", when=self._past_cutoff(actor, visit))
        doctor = wanted.doctor or visit.doctor
        refuse("validation_error", when=doctor in self.gone)
        offered = doctor == visit.doctor or visit.treatment in self.practice.offered[doctor]
        refuse("treatment_not_offered", when=not offered)
        moved = replace(visit, doctor=doctor, clinic=self.practice.clinic_of[doctor], start=wanted.start or visit.start)
        refuse("forbidden", when=not self.visible(actor, moved))
        self._check_start(actor, moved.start)
        status = visit.status
        if actor.role is Role.PATIENT:
            status = "REQUESTED" if self.practice.treatments[visit.treatment].needs_approval else "BOOKED"
        asks = status == "REQUESTED" and visit.status != status
        refuse("too_many_requests_open", when=asks and self._open_requests(visit.patient) >= 3)
        arrives = actor.role is Role.PATIENT and moved.clinic != visit.clinic
        refuse("too_many_open_visits", when=arrives and self._open_visits(moved) >= MAX_OPEN_VISITS)
        held = actor.role is Role.PATIENT and moved.start != visit.start
        chair = self._place(moved, wanted.chair, override=wanted.override, moved=key, held_to_step=held)
        placed = replace(moved, chair=chair)
        return placed.then("MOVE", status)

    def plan_step(self, actor: Actor, key: int, step: str) -> Visit:
        visit = self.visits[key]
        refuse("not_found", when=not self.visible(actor, visit))
        refuse("forbidden", when=step not in ALLOWED[actor.role])
        following = FOLLOWING.get((visit.status, step))
        staff = actor.role is not Role.PATIENT
        refuse("invalid_transition", when=following is None or ((visit.status, step) == CHECKED_OUT and not staff))
        refuse("past_cutoff", when=step == "CANCEL" and self._past_cutoff(actor, visit))
        refuse("invalid_transition", when=not self._is_time_for(step, visit, staff=staff))
        assert following is not None
        return visit.then(step, following)

    def _is_time_for(self, step: str, visit: Visit, *, staff: bool) -> bool:
        begun = self.now >= visit.start
        if step in {"COMPLETE", "NO_SHOW"}:
            return begun
        if step == "CHECK_IN":
            zone = self.practice.zones[visit.clinic]
            return minute_of_day(self.now, zone)[0] == minute_of_day(visit.start, zone)[0]
        return not begun or (step == "CANCEL" and staff and visit.status in {"REQUESTED", "CHECKED_IN"})

    def _past_cutoff(self, actor: Actor, visit: Visit) -> bool:
        return actor.role is Role.PATIENT and visit.start - self.now < CUTOFF

    def _open_requests(self, patient: int) -> int:
        return sum(visit.patient == patient and visit.status == "REQUESTED" for visit in self.visits.values())

    def _open_visits(self, wanted: Visit) -> int:
        return sum(visit.clinic == wanted.clinic for visit in self._ahead(wanted.patient).values())

    def _check_start(self, actor: Actor, start: datetime) -> None:
        patient = actor.role is Role.PATIENT
        refuse("off_grid", when=start.minute % 5 != 0)
        refuse("too_soon", when=start < self.now + (LEAD if patient else timedelta(0)))
        refuse("too_late", when=start > self.now + (HORIZON if patient else FIVE_YEARS))

    def placed(self, visit: Visit, *, held_to_step: bool) -> Visit:
        """Returns the visit with a chair, or raises Refused if its doctor, patient or chair has no time."""
        chair = self._place(visit, None, override=False, moved=None, held_to_step=held_to_step)
        return replace(visit, chair=chair)

    def _place(
        self, visit: Visit, chair: int | None, *, override: bool, moved: int | None, held_to_step: bool
    ) -> int | None:
        """Returns a chair for the visit, or None in a clinic without chairs."""
        time, occupied = self.time_of(visit), self.occupied(visit)
        away = (span for doctor, span in self.time_off.values() if doctor == visit.doctor)
        refuse("doctor_busy", when=any(span.overlaps(time) for span in away))
        refuse("outside_hours", when=not override and self.is_outside(visit))
        refuse("off_grid", when=held_to_step and not self.is_counted(visit))
        chairs = self.practice.chairs[visit.clinic]
        refuse("validation_error", when=chair is not None and chair not in chairs)
        others = list(self._others(moved))
        taken = [other for other in others if self.occupied(other).overlaps(occupied)]
        refuse("doctor_busy", when=any(other.doctor == visit.doctor for other in taken))
        mine = (other for other in others if other.patient == visit.patient)
        refuse("patient_busy", when=any(self.time_of(other).overlaps(time) for other in mine))
        if not chairs:
            return None
        free = [one for one in chairs if chair in {None, one} and all(other.chair != one for other in taken)]
        refuse("chair_busy", when=not free)
        return free[0]

    def _check_doctors_own(self, actor: Actor, doctor: int) -> None:
        refuse("not_found", when=doctor in self.gone)
        own = actor.role is Role.DOCTOR and actor.user_id == doctor
        reception = actor.role is Role.RECEPTIONIST and self.practice.clinic_of[doctor] in actor.clinic_ids
        refuse("forbidden", when=not (own or reception))

    def plan_time_off(self, actor: Actor, doctor: int, span: Interval, *, accept: bool) -> list[int]:
        """Returns the visits that lie in the time off."""
        refuse("validation_error", when=span.start >= span.end or span.end <= self.now)
        self._check_doctors_own(actor, doctor)
        booked = [
            key
            for key, visit in self.visits.items()
            if visit.doctor == doctor and visit.status in HOLDING and self.time_of(visit).overlaps(span)
        ]
        refuse("has_bookings", when=bool(booked) and not accept)
        return booked

    def plan_return(self, actor: Actor, doctor: int, time_off: int) -> bool:
        self._check_doctors_own(actor, doctor)
        refuse("not_found", when=time_off not in self.time_off or self.time_off[time_off][0] != doctor)
        return True

    def plan_hours(self, actor: Actor, doctor: int) -> None:
        self._check_doctors_own(actor, doctor)

    def outside(self, doctor: int) -> set[int]:
        """Returns the doctor's visits outside the current hours, without those that are completed or over."""
        return {
            key
            for key, visit in self.visits.items()
            if visit.doctor == doctor
            and visit.status in HOLDING - {"COMPLETED"}
            and self.time_of(visit).end > self.now
            and self.is_outside(visit)
        }

    def _ahead(self, person: int) -> dict[int, Visit]:
        return {
            key: visit
            for key, visit in self.visits.items()
            if person in {visit.doctor, visit.patient} and visit.start > self.now and visit.status in HOLDING
        }

    def plan_patient_gone(self, actor: Actor, patient: int) -> dict[int, Visit]:
        """Returns the visits that are cancelled when the patient leaves."""
        refuse("not_found", when=patient in self.gone)
        ahead = self._ahead(patient)
        refuse("has_bookings", when=any(visit.clinic not in actor.clinic_ids for visit in ahead.values()))
        return {
            key: visit.then("CANCEL", "CANCELLED")
            for key, visit in ahead.items()
            if visit.status in {"REQUESTED", "BOOKED"}
        }

    def plan_doctor_gone(self, doctor: int, *, accept: bool) -> list[int]:
        ahead = list(self._ahead(doctor))
        refuse("has_bookings", when=bool(ahead) and not accept)
        refuse("not_found", when=doctor in self.gone)
        return ahead


CHECKED_OUT = ("CHECKED_IN", "CANCEL")
ALLOWED = {
    Role.PATIENT: {"CANCEL"},
    Role.DOCTOR: {"CONFIRM", "CANCEL", "COMPLETE", "NO_SHOW"},
    Role.RECEPTIONIST: {"CONFIRM", "CANCEL", "CHECK_IN", "NO_SHOW"},
}
FOLLOWING = {
    ("REQUESTED", "CONFIRM"): "BOOKED",
    ("REQUESTED", "CANCEL"): "CANCELLED",
    ("BOOKED", "CANCEL"): "CANCELLED",
    ("BOOKED", "CHECK_IN"): "CHECKED_IN",
    ("BOOKED", "NO_SHOW"): "NO_SHOW",
    ("CHECKED_IN", "COMPLETE"): "COMPLETED",
    ("CHECKED_IN", "CANCEL"): "CANCELLED",
}
