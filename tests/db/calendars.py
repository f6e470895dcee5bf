"""Random calendars around days on which clocks change, as plain data and as rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product
from typing import TypeVar

from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.orm import Session

from lambda_function.db.models import (
    Appointment,
    Chair,
    ClaimKind,
    Clinic,
    ClinicPatient,
    Closure,
    Doctor,
    DoctorTreatment,
    FreedTime,
    SlotClaim,
    TimeOff,
    Treatment,
    WaitlistEntry,
    WorkingHours,
    WorkingHoursException,
)
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import HOLDING, Duration, Status
from lambda_function.domain.intervals import GRID, Interval
from lambda_function.domain.waitlist import WaitlistStatus
from lambda_function.domain.working_hours import DAY_MINUTES, Window
from tests.zones import ZONES, changes, counted_starts, zone_named

_Drawn = TypeVar("_Drawn")

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
DOCTORS = 2
PATIENTS = 3  # the last of them never has an appointment
ELSEWHERE = DOCTORS  # the index of a doctor of another clinic


@dataclass(frozen=True, slots=True)
class Booking:
    """Indexes of the doctor (the last is ELSEWHERE), patient and chair in a calendar."""

    doctor: int
    patient: int
    chair: int | None
    start: datetime
    duration: Duration
    status: Status

    def claims(self) -> Iterator[tuple[ClaimKind, int, datetime]]:
        if self.status not in HOLDING:
            return
        for slot in self.duration.occupied_from(self.start).grid_slots():
            yield ClaimKind.DOCTOR, self.doctor, slot
            if self.chair is not None:
                yield ClaimKind.CHAIR, self.chair, slot
        for slot in self.duration.visit_from(self.start).grid_slots():
            yield ClaimKind.PATIENT, self.patient, slot


@dataclass(frozen=True, slots=True)
class Hours:
    doctor: int
    weekday: int
    window: Window
    valid_from: date | None
    valid_to: date | None

    def is_of(self, doctor: int, day: date) -> bool:
        begun = self.valid_from is None or self.valid_from <= day
        over = self.valid_to is not None and self.valid_to < day
        return self.doctor == doctor and self.weekday == day.isoweekday() and begun and not over


@dataclass(frozen=True, slots=True)
class Calendar:
    """A clinic of two doctors and everything that limits their time. Slots are searched in `span`, at `now`."""

    zone: str
    policies: Mapping[str, int]
    chairs: Sequence[bool]  # whether each is active
    treatment: Duration
    hours: Sequence[Hours]
    exceptions: Sequence[tuple[int, date, Sequence[Window]]]
    closures: Sequence[tuple[date, date]]
    time_off: Sequence[tuple[int, Interval]]
    bookings: Sequence[Booking]
    caller: Role
    span: Interval
    now: datetime


_steps = st.integers(0, DAY_MINUTES // 5).map(lambda step: step * 5)
_windows = st.one_of(
    st.sampled_from([Window(0, DAY_MINUTES), Window(8 * 60, 18 * 60), Window(20 * 60, 6 * 60)]),
    st.builds(Window, _steps, _steps).filter(lambda window: not window.is_empty),
)
_lengths = st.sampled_from([5, 15, 20, 30, 45, 90])
_buffers = st.sampled_from([0, 0, 5, 10, 30])
_durations = st.builds(
    lambda visit, before, after: Duration(visit * MINUTE, before * MINUTE, after * MINUTE), _lengths, _buffers, _buffers
)
_policies = st.fixed_dictionaries(
    {
        "lead_minutes": st.sampled_from([0, 7, 60, 300]),
        "horizon_days": st.sampled_from([400, 400, 2, 1]),
        "slot_step_minutes": st.sampled_from([5, 10, 15, 20, 25, 30, 60]),
    }
)

# Most doctors have hours on every day of the week, so that most calendars have free time.
_usual_hours = st.lists(
    st.tuples(
        st.integers(0, DOCTORS - 1),
        st.sampled_from([Window(0, DAY_MINUTES), Window(0, 300), Window(330, 90), Window(90, 75)]),
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    zone = draw(st.sampled_from(ZONES))
    change = draw(st.sampled_from(changes(zone)))
    day = change.astimezone(zone_named(zone)).date()
    begin = change - draw(st.integers(0, 8 * 60)) * MINUTE
    span = Interval(begin, begin + draw(st.integers(4 * 60, 16 * 60)) * MINUTE)
    near = st.integers(-1, 1).map(lambda offset: day + offset * DAY)
    doctors = st.integers(0, DOCTORS - 1)
    chairs = draw(st.lists(st.sampled_from([True, True, False]), max_size=3))
    limit = st.none() | near
    time_off = st.tuples(st.integers(-600, 900), st.integers(1, 700)).map(
        lambda drawn: Interval(span.start + drawn[0] * MINUTE, span.start + sum(drawn) * MINUTE)
    )
    usual = [
        Hours(doctor, weekday, window, None, None) for doctor, window in draw(_usual_hours) for weekday in range(1, 8)
    ]
    return Calendar(
        zone=zone,
        policies=draw(_policies),
        chairs=chairs,
        treatment=draw(_durations),
        hours=usual
        + draw(
            st.lists(
                st.builds(Hours, doctors, near.map(date.isoweekday), _windows, limit, limit).filter(_is_valid),
                max_size=5,
            )
        ),
        exceptions=draw(
            st.lists(
                st.tuples(doctors, near, st.lists(_windows, max_size=2)),
                max_size=2,
                unique_by=lambda drawn: drawn[:2],
            )
        ),
        closures=draw(
            _seldom(st.tuples(near, st.integers(0, 1)).map(lambda drawn: (drawn[0], drawn[0] + drawn[1] * DAY)))
        ),
        time_off=draw(st.lists(st.tuples(doctors, time_off), max_size=2)),
        bookings=draw(_bookings(span, len(chairs))),
        caller=draw(st.sampled_from([Role.PATIENT, Role.RECEPTIONIST])),
        span=span,
        now=span.start
        + draw(st.sampled_from([-1500, -600, -60, -7, 0, 61, 301])) * MINUTE
        + draw(st.sampled_from([timedelta(0), timedelta(seconds=1), timedelta(microseconds=-1)])),
    )


def _seldom(strategy: st.SearchStrategy[_Drawn]) -> st.SearchStrategy[list[_Drawn]]:
    """Draws a value, but only rarely."""
    return st.one_of(st.just([]), st.just([]), st.just([]), strategy.map(lambda drawn: [drawn]))


def _is_valid(hours: Hours) -> bool:
    return hours.valid_from is None or hours.valid_to is None or hours.valid_from <= hours.valid_to


@st.composite
def _bookings(draw: st.DrawFn, span: Interval, chairs: int) -> list[Booking]:
    """Returns those of the drawn bookings that do not conflict."""
    first = next(span.grid_slots())
    wanted = draw(
        st.lists(
            st.builds(
                Booking,
                st.integers(0, ELSEWHERE),
                st.integers(0, PATIENTS - 2),
                st.sampled_from([None, *range(chairs)]),
                st.integers(-30, 16 * 12).map(lambda step: first + step * GRID),
                _durations,
                st.sampled_from([Status.BOOKED, Status.BOOKED, Status.REQUESTED, Status.COMPLETED, Status.CANCELLED]),
            ),
            max_size=8,
        )
    )
    taken: set[tuple[ClaimKind, int, datetime]] = set()
    kept = []
    for booking in wanted:
        claims = set(booking.claims())
        if claims.isdisjoint(taken) and (booking.chair is None or booking.doctor != ELSEWHERE):
            taken |= claims
            kept.append(booking)
    return kept


def counted_by_doctor(calendar: Calendar) -> list[set[datetime]]:
    """Returns the starts on the clinic's step for each doctor, counted from those of their windows."""
    counted: list[set[datetime]] = [set() for _ in range(DOCTORS)]
    exceptions = {(doctor, day): windows for doctor, day, windows in calendar.exceptions}
    first = calendar.span.start.astimezone(zone_named(calendar.zone)).date() - DAY
    for doctor, day in product(range(DOCTORS), [first + number * DAY for number in range(4)]):
        windows = exceptions.get((doctor, day), [hours.window for hours in calendar.hours if hours.is_of(doctor, day)])
        for window in windows:
            counted[doctor] |= set(counted_starts(day, window, calendar.zone, calendar.policies["slot_step_minutes"]))
    return counted


class Rows:
    """Writes one calendar after the other into its own clinic. It assigns the ids, so that
    nothing has to be read back.
    """

    CLINIC = 90
    OTHER_CLINIC = 91
    TREATMENT = 90

    def __init__(self, session: Session, doctors: Sequence[int], patients: Sequence[int]) -> None:
        self._session = session
        self.doctors = doctors
        self.patients = patients

    def write(self, calendar: Calendar) -> None:
        self._empty()
        add = self._session.add_all
        add(self._clinics(calendar))
        self._session.flush()
        add(
            Chair(chair_id=_chair(index), clinic_id=self.CLINIC, name=f"{index}", active=active)
            for index, active in enumerate(calendar.chairs)
        )
        add([self._treatment(calendar)])
        add(
            Doctor(user_id=user_id, clinic_id=self.OTHER_CLINIC if index == ELSEWHERE else self.CLINIC)
            for index, user_id in enumerate(self.doctors)
        )
        self._session.flush()
        add(DoctorTreatment(doctor_id=user_id, treatment_id=self.TREATMENT) for user_id in self.doctors)
        add(
            ClinicPatient(clinic_id=self.CLINIC, patient_id=user_id, created_at=calendar.now)
            for user_id in self.patients
        )
        self._opening(calendar)
        self._bookings(calendar)
        self._session.commit()

    def wait(self, calendar: Calendar) -> int:
        """Lets the first patient wait for any doctor in the whole range, in which all time is freed. Returns the id of
        the entry.
        """
        span, now = calendar.span, calendar.now
        entry = WaitlistEntry(
            patient_id=self.patients[0],
            treatment_id=self.TREATMENT,
            clinic_id=self.CLINIC,
            status=WaitlistStatus.WAITING,
            wished_from=span.start,
            wished_to=span.end,
            created_at=now,
            updated_at=now,
        )
        self._session.add(entry)
        self._session.add_all(
            FreedTime(
                doctor_id=doctor_id,
                clinic_id=self.CLINIC,
                starts_at=span.start,
                ends_at=span.end,
                occupied=True,
                created_at=now,
            )
            for doctor_id in self.doctors[:DOCTORS]
        )
        self._session.commit()
        return entry.waitlist_id

    def _empty(self) -> None:
        self._session.rollback()
        self._session.expunge_all()
        for mapped in (
            FreedTime,
            WaitlistEntry,
            SlotClaim,
            Appointment,
            TimeOff,
            Closure,
            WorkingHoursException,
            WorkingHours,
            DoctorTreatment,
            Doctor,
            Treatment,
            Chair,
            ClinicPatient,
            Clinic,
        ):
            self._session.execute(delete(mapped).execution_options(synchronize_session=False))

    def _clinics(self, calendar: Calendar) -> list[Clinic]:
        return [
            Clinic(clinic_id=clinic_id, name=f"{clinic_id}", country="PE", time_zone=calendar.zone, **calendar.policies)
            for clinic_id in (self.CLINIC, self.OTHER_CLINIC)
        ]

    def _treatment(self, calendar: Calendar) -> Treatment:
        return Treatment(
            treatment_id=self.TREATMENT,
            code="drawn",
            name="Drawn",
            duration_minutes=calendar.treatment.visit // MINUTE,
            buffer_before_minutes=calendar.treatment.buffer_before // MINUTE,
            buffer_after_minutes=calendar.treatment.buffer_after // MINUTE,
        )

    def _opening(self, calendar: Calendar) -> None:
        self._session.add_all(
            WorkingHours(
                doctor_id=self.doctors[hours.doctor],
                weekday=hours.weekday,
                start_minute=hours.window.start,
                end_minute=hours.window.end,
                valid_from=hours.valid_from,
                valid_to=hours.valid_to,
            )
            for hours in calendar.hours
        )
        for doctor, day, windows in calendar.exceptions:
            times: list[tuple[int | None, int | None]] = [(window.start, window.end) for window in windows]
            self._session.add_all(
                WorkingHoursException(doctor_id=self.doctors[doctor], day=day, start_minute=start, end_minute=end)
                for start, end in times or [(None, None)]
            )
        self._session.add_all(
            Closure(clinic_id=self.CLINIC, first_day=first, last_day=last) for first, last in calendar.closures
        )
        self._session.add_all(
            TimeOff(
                doctor_id=self.doctors[doctor],
                starts_at=away.start,
                ends_at=away.end,
                reason="time off",
                created_at=calendar.now,
            )
            for doctor, away in calendar.time_off
        )

    def _bookings(self, calendar: Calendar) -> None:
        for number, booking in enumerate(calendar.bookings, 1):
            self._session.add(self._appointment(number, booking, calendar.now))
            self._session.flush()
            resources = {
                ClaimKind.DOCTOR: self.doctors,
                ClaimKind.PATIENT: self.patients,
                ClaimKind.CHAIR: [_chair(index) for index in range(len(calendar.chairs))],
            }
            self._session.add_all(
                SlotClaim(kind=kind, resource_id=resources[kind][index], slot_at=slot, appointment_id=number)
                for kind, index, slot in booking.claims()
            )

    def _appointment(self, number: int, booking: Booking, now: datetime) -> Appointment:
        visit = booking.duration.visit_from(booking.start)
        return Appointment(
            appointment_id=number,
            patient_id=self.patients[booking.patient],
            doctor_id=self.doctors[booking.doctor],
            clinic_id=self.OTHER_CLINIC if booking.doctor == ELSEWHERE else self.CLINIC,
            chair_id=None if booking.chair is None else _chair(booking.chair),
            treatment_id=self.TREATMENT,
            status=booking.status,
            starts_at=visit.start,
            ends_at=visit.end,
            buffer_before_minutes=booking.duration.buffer_before // MINUTE,
            buffer_after_minutes=booking.duration.buffer_after // MINUTE,
            created_at=now,
            updated_at=now,
        )


def _chair(index: int) -> int:
    return 90 + index
