"""What is offered is exactly what is accepted. On random calendars around days on which clocks change, booking takes
every slot that is offered and refuses every other time on the clinic's step; from patients also every time off the
step. This holds for patients, for staff who know the patient, for moves after the treatment has changed, and for those
who wait: they are offered the first of these times and can take it.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, assume, event, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, Engine
from sqlalchemy.orm import Session

from lambda_function.db.models import Chair, Patient
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Duration, Status
from lambda_function.domain.errors import DomainError
from lambda_function.domain.intervals import Interval
from lambda_function.domain.working_hours import Window
from lambda_function.services.availability import Slot, SlotSearch, search
from lambda_function.services.booking import BookingRequest, book
from lambda_function.services.moving import ChangeRequest, change
from lambda_function.services.offer_round import offer_round
from lambda_function.services.waitlist import accept, get
from tests.clock import NOW, Clock
from tests.db.calendars import DOCTORS, PATIENTS, Calendar, Hours, Rows, calendars, counted_by_doctor
from tests.factories import Practice
from tests.profiles import examples
from tests.servers import plain_engine

REFUSALS = {"too_soon", "too_late", "outside_hours", "off_grid", "doctor_busy", "patient_busy", "chair_busy"}
ALL = 100_000
Offer = tuple[datetime, int]


class Bench:
    """The application for a clinic whose calendar and clock are set by the test."""

    def __init__(self, database: Database, clock: Clock, rows: Rows, receptionist_id: int) -> None:
        self.database = database
        self.clock = clock
        self.rows = rows
        self._receptionist = Actor(receptionist_id, Role.RECEPTIONIST, (Rows.CLINIC,))

    def set(self, calendar: Calendar) -> None:
        self.rows.write(calendar)
        self.clock.now = calendar.now

    def caller(self, calendar: Calendar) -> Actor:
        return Actor(self.patient, Role.PATIENT) if calendar.caller is Role.PATIENT else self._receptionist

    @property
    def patient(self) -> int:
        """Whose visit it is to be, whoever asks."""
        return self.rows.patients[0]

    def offered(self, calendar: Calendar, **wanted: object) -> list[Slot]:
        query = SlotSearch(
            treatment_id=Rows.TREATMENT,
            starts_from=calendar.span.start,
            starts_before=calendar.span.end,
            clinic_id=Rows.CLINIC,
            patient_id=self.patient,
            limit=ALL,
        )

        def run(work: UnitOfWork) -> list[Slot]:
            work.act_as(self.caller(calendar))
            return search(work, replace(query, **wanted))  # type: ignore[arg-type] # fields of SlotSearch

        return self.database.transact(run, commit=False)

    def pages(self, calendar: Calendar, limit: int) -> Iterator[list[Slot]]:
        page = self.offered(calendar, limit=limit)
        while page:
            yield page
            page = self.offered(calendar, limit=limit, after=(page[-1].starts_at, page[-1].doctor_id))

    def answer(self, calendar: Calendar, doctor_id: int, start: datetime) -> str:
        """Returns `booked` or the code of the refusal, and rolls back in both cases."""
        request = BookingRequest(
            doctor_id=doctor_id,
            treatment_id=Rows.TREATMENT,
            starts_at=start,
            patient_id=self.patient,
        )

        def run(work: UnitOfWork) -> None:
            work.act_as(self.caller(calendar))
            book(work, request)
            work.session.flush()

        try:
            self.database.transact(run, commit=False)
        except DomainError as refusal:
            return refusal.code
        return "booked"

    def times(self, calendar: Calendar) -> Iterator[Offer]:
        """Yields the times in the range that are worth a try: those on the step of each doctor, and of all others every
        seventh, at which patients must be refused.
        """
        for doctor_id, counted in zip(self.rows.doctors, counted_by_doctor(calendar), strict=False):
            for number, slot in enumerate(calendar.span.grid_slots()):
                off_step = number % 7 == 0 and calendar.caller is Role.PATIENT
                if slot >= calendar.span.start and (slot in counted or off_step):
                    yield slot, doctor_id


@pytest.fixture
def bench(engine: Engine, database_url: URL) -> Iterator[Bench]:
    with Session(plain_engine(database_url)) as session:
        practice = Practice(database_url, session)
        doctors = [practice.add_user(Role.DOCTOR).user_id for _ in range(DOCTORS + 1)]
        patients = [practice.add_user(Role.PATIENT).user_id for _ in range(PATIENTS)]
        receptionist = practice.add_receptionist(clinics=())
        practice.add(*(Patient(user_id=user_id) for user_id in patients))
        clock = Clock(NOW)
        yield Bench(Database(engine, clock), clock, Rows(session, doctors, patients), receptionist.user_id)


def calm(span: Interval, now: datetime, **changes: object) -> Calendar:
    """Both doctors work day and night in New York, and nobody has booked anything."""
    weekdays = range(1, 8)
    calendar = Calendar(
        zone="America/New_York",
        policies={"lead_minutes": 60, "horizon_days": 400, "slot_step_minutes": 15},
        chairs=[],
        treatment=Duration(timedelta(minutes=30), timedelta(0), timedelta(0)),
        hours=[Hours(doctor, weekday, Window(0, 1440), None, None) for doctor in (0, 1) for weekday in weekdays],
        exceptions=[],
        closures=[],
        time_off=[],
        bookings=[],
        caller=Role.RECEPTIONIST,
        span=span,
        now=now,
    )
    return replace(calendar, **changes)  # type: ignore[arg-type] # fields of Calendar


CHANGE = datetime(2027, 3, 14, 5, 0, tzinfo=UTC)
AROUND = Interval(CHANGE, CHANGE + timedelta(hours=23))
shared_bench = settings(
    max_examples=examples(12, 500),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@shared_bench
@given(calendars())
@example(calm(AROUND, CHANGE - timedelta(days=1)))
def test_what_is_offered_is_exactly_what_can_be_booked(bench: Bench, calendar: Calendar) -> None:
    bench.set(calendar)
    offered = {(slot.starts_at, slot.doctor_id) for slot in bench.offered(calendar)}
    event(f"{calendar.zone}: {'something' if offered else 'nothing'} is free")
    bookable: set[Offer] = set()
    for start, doctor_id in bench.times(calendar):
        answer = bench.answer(calendar, doctor_id, start)
        assert answer in REFUSALS | {"booked"}
        if answer == "booked":
            bookable.add((start, doctor_id))
    assert offered == bookable


@shared_bench
@given(calendars(), st.integers(1, 40))
def test_pages_are_the_whole_in_the_order_of_start_and_doctor(bench: Bench, calendar: Calendar, limit: int) -> None:
    bench.set(calendar)
    whole = bench.offered(calendar)
    pages = list(bench.pages(calendar, limit))
    assert [slot for page in pages for slot in page] == whole
    assert all(len(page) == limit for page in pages[:-1])
    places = [(slot.starts_at, slot.doctor_id) for slot in whole]
    assert places == sorted(set(places))


@shared_bench
@given(calendars())
def test_one_doctors_slots_are_those_of_all_doctors_that_are_that_doctors(bench: Bench, calendar: Calendar) -> None:
    bench.set(calendar)
    whole = bench.offered(calendar)
    for doctor_id in bench.rows.doctors[:DOCTORS]:
        expected = [slot for slot in whole if slot.doctor_id == doctor_id]
        assert bench.offered(calendar, doctor_id=doctor_id) == expected
        assert bench.offered(calendar, doctor_id=doctor_id, clinic_id=None) == expected


@settings(shared_bench, max_examples=examples(9, 500))
@given(calendars())
def test_a_move_is_offered_exactly_the_times_that_it_can_take(bench: Bench, calendar: Calendar) -> None:
    """The treatment has another length by now than the visit. Its own old time is offered too, unless something else
    now conflicts with it.
    """
    moved = next(
        (
            (number, booking)
            for number, booking in enumerate(calendar.bookings, 1)
            if booking.doctor < DOCTORS
            and booking.status in {Status.BOOKED, Status.REQUESTED}
            and (booking.patient == 0 or calendar.caller is Role.RECEPTIONIST)
            and booking.start > calendar.now
        ),
        None,
    )
    assume(moved is not None)
    assert moved is not None
    appointment_id, booking = moved
    bench.set(replace(calendar, policies={**calendar.policies, "cutoff_minutes": 0}))
    slots = bench.offered(calendar, exclude_appointment_id=appointment_id, patient_id=None)
    assert {slot.ends_at - slot.starts_at for slot in slots} <= {booking.duration.visit}
    offered = {(slot.starts_at, slot.doctor_id) for slot in slots}
    event(f"{calendar.caller}: {'something' if offered else 'nothing'} is free")
    for start, doctor_id in bench.times(calendar):
        if start != booking.start:  # there, nothing or only the doctor changes, and patients keep a start off the step
            answer = _move(bench, calendar, appointment_id, doctor_id, start)
            assert ((start, doctor_id) in offered) == (answer == "moved"), (start, answer)


def _move(bench: Bench, calendar: Calendar, appointment_id: int, doctor_id: int, start: datetime) -> str:
    def run(work: UnitOfWork) -> None:
        work.act_as(bench.caller(calendar))
        wanted = ChangeRequest(starts_at=start, doctor_id=doctor_id, chair_id=None, override_reason=None, notes={})
        change(work, appointment_id, wanted)

    try:
        bench.database.transact(run, commit=False)
    except DomainError as refusal:
        return refusal.code
    return "moved"


@settings(shared_bench, max_examples=examples(10, 500))
@given(calendars())
def test_whoever_waits_is_offered_the_first_free_time_and_can_take_it(bench: Bench, calendar: Calendar) -> None:
    """All time of the range has been freed. At the very last instant at which patients may book, nothing is offered,
    since the offer would end at once.
    """
    asked = replace(calendar, caller=Role.PATIENT)
    bench.set(asked)
    waitlist_id = bench.rows.wait(asked)
    last_start = asked.span.end - asked.treatment.visit
    soonest = asked.now + timedelta(minutes=asked.policies["lead_minutes"])
    free = [slot for slot in bench.offered(asked) if soonest < slot.starts_at <= last_start]
    event(f"{asked.zone}: {'something' if free else 'nothing'} is free")

    bench.database.transact(partial(offer_round, clinic_id=Rows.CLINIC))

    def look_and_accept(work: UnitOfWork) -> tuple[datetime, int] | None:
        work.act_as(bench.caller(asked))
        if get(work, waitlist_id).offer is None:
            return None
        taken = accept(work, waitlist_id)
        return taken.starts_at, taken.doctor_id

    taken = bench.database.transact(look_and_accept, commit=False)
    assert taken == ((free[0].starts_at, free[0].doctor_id) if free else None)


def test_more_doctors_and_days_than_one_look_reads_are_all_there(database: Database, practice: Practice) -> None:
    """Six doctors for 31 days need two reads, and a page spans both of them."""
    clinic = practice.add_clinic("Wide", "America/New_York", slot_step_minutes=120)
    doctors = [practice.add_doctor(clinic=clinic.clinic_id).user_id for _ in range(6)]
    start = datetime(2030, 2, 25, 5, 0, tzinfo=UTC)
    query = SlotSearch(1, start, start + timedelta(days=31), limit=ALL, clinic_id=clinic.clinic_id)
    receptionist = Actor(practice.ids["rita"], Role.RECEPTIONIST, (1, clinic.clinic_id))

    def run(work: UnitOfWork, wanted: SlotSearch) -> list[Slot]:
        work.act_as(receptionist)
        return search(work, wanted)

    def found(**changes: object) -> list[Slot]:
        wanted = replace(query, **changes)  # type: ignore[arg-type] # fields of SlotSearch
        return database.transact(lambda work: run(work, wanted), commit=False)

    whole = found()
    days = [start + timedelta(days=number) for number in range(31)]
    assert whole == [slot for day in days for slot in found(starts_from=day, starts_before=day + timedelta(days=1))]
    # Twelve also on the day that is an hour shorter, and one more because the range ends an hour into another day.
    assert len(whole) == 6 * (31 * 12 + 1)
    assert {slot.doctor_id for slot in whole} == set(doctors)
    pages: list[Slot] = []
    while page := found(limit=500, after=(pages[-1].starts_at, pages[-1].doctor_id) if pages else None):
        pages += page
    assert pages == whole


def test_a_receptionist_who_moves_is_offered_the_old_time_of_the_visit(database: Database, practice: Practice) -> None:
    start = NOW + timedelta(days=1)
    chair = next(chair.chair_id for chair in practice.rows(Chair) if chair.clinic_id == 1)
    visit = practice.add_appointment(start, chair_id=chair)
    rita = practice.actor("rita")

    def offered(exclude: int | None) -> list[datetime]:
        def run(work: UnitOfWork) -> list[Slot]:
            work.act_as(rita)
            hour = timedelta(hours=1)
            wanted = SlotSearch(1, start - hour, start + hour, ALL, visit.doctor_id, exclude_appointment_id=exclude)
            return search(work, wanted)

        return [slot.starts_at for slot in database.transact(run, commit=False)]

    quarter = timedelta(minutes=15)
    assert offered(None) == [
        start - 4 * quarter,
        start - 3 * quarter,
        start - 2 * quarter,
        start + 2 * quarter,
        start + 3 * quarter,
    ]
    assert offered(visit.appointment_id) == [start + number * quarter for number in range(-4, 4)]


def test_the_appointment_to_move_must_be_one_that_the_caller_sees(database: Database, practice: Practice) -> None:
    visit = practice.add_appointment(NOW + timedelta(days=1))
    kim = practice.actor("kim")

    def run(work: UnitOfWork) -> list[Slot]:
        work.act_as(kim)
        return search(work, SlotSearch(1, NOW, NOW, ALL, exclude_appointment_id=visit.appointment_id))

    with pytest.raises(DomainError) as refusal:
        database.transact(run, commit=False)
    assert refusal.value.field == "exclude_appointment_id"
