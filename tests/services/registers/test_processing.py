"""A batch of a country's queue: from changes to the rows of the register, and to the outcomes on the bus."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, update

from lambda_function.db.models import Appointment, User
from lambda_function.domain.appointment import Status
from lambda_function.services.queue import RESERVE, Record
from tests.api.desk import instant
from tests.clock import NOW
from tests.registers import MAX_RECEIVES, Outcome, PeruvianRegister, inserts

START = instant("15:00")


def move(peru: PeruvianRegister, visit: Appointment, starts_at: datetime) -> None:
    peru.alter(visit, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=30), version=visit.version + 1)


@contextmanager
def refused(peru: PeruvianRegister, condition: str) -> Iterator[None]:
    """Lets the register refuse rows for which the condition does not hold."""
    peru.execute(f"ALTER TABLE visit ADD CONSTRAINT ck_visit_test CHECK ({condition})")
    yield
    peru.execute("ALTER TABLE visit DROP CONSTRAINT ck_visit_test")


def test_a_change_is_registered_as_the_main_database_has_it_and_told(peru: PeruvianRegister) -> None:
    visit = peru.practice.add_appointment(START, treatment_id=2, status=Status.CHECKED_IN)
    peru.practice.add_identifier(visit.patient_id, "insurance", "PE", "R123")

    assert peru.deliver(peru.change(visit)) == []

    [row] = peru.rows().values()
    assert row._asdict() == {
        "appointment_id": visit.appointment_id,
        "version": 1,
        "clinic_id": 1,
        "status": Status.CHECKED_IN,
        "starts_at": START,
        "ends_at": START + timedelta(minutes=30),
        "local_starts_at": datetime(2030, 1, 8, 10, 0),  # noqa: DTZ001 - Lima's clocks, without a zone
        "local_ends_at": datetime(2030, 1, 8, 10, 30),  # noqa: DTZ001 - likewise
        "treatment_code": "cleaning",
        "insurance": "R123",
        "registered_at": NOW,
    }
    assert peru.told() == [Outcome(visit.appointment_id, 1, None)]


def test_the_outcome_is_what_the_contract_says(peru: PeruvianRegister) -> None:
    visit = peru.practice.add_appointment(START)
    peru.deliver(peru.change(visit))

    [event] = peru.delivery.received()
    assert (event["source"], event["detail-type"]) == ("dentist-appointments", "visit.registered")
    assert event["detail"] == {
        "appointment_id": visit.appointment_id,
        "version": 1,
        "country": "PE",
        "clinic_id": 1,
        "error": None,
        "at": "2030-01-07T14:00:00Z",
    }


def test_a_message_that_comes_again_changes_nothing_and_is_told_again(peru: PeruvianRegister) -> None:
    visit = peru.practice.add_appointment(START)
    peru.deliver(peru.change(visit))
    before = peru.rows()
    peru.clock.advance(minutes=5)

    assert peru.deliver(peru.change(visit), peru.change(visit)) == []

    assert peru.rows() == before
    assert peru.told() == [Outcome(visit.appointment_id, 1, None)] * 2


def test_an_old_message_registers_the_present_version(peru: PeruvianRegister) -> None:
    visit = peru.practice.add_appointment(START)
    old = peru.change(visit)
    move(peru, visit, START + timedelta(hours=2))

    assert peru.deliver(peru.change(visit)) == []
    assert peru.deliver(old) == []

    assert peru.versions() == {visit.appointment_id: 2}
    assert peru.told() == [Outcome(visit.appointment_id, 2, None)] * 2


def test_a_change_of_what_is_registered_changes_the_row(peru: PeruvianRegister) -> None:
    visit = peru.practice.add_appointment(START)
    peru.deliver(peru.change(visit))
    peru.clock.advance(minutes=5)
    move(peru, visit, START + timedelta(hours=2))

    peru.deliver(peru.change(visit))

    row = peru.rows()[visit.appointment_id]
    assert (row.version, row.starts_at, row.local_starts_at.hour) == (2, START + timedelta(hours=2), 12)
    assert row.registered_at == peru.clock.now


def test_of_several_insurances_the_smallest_of_the_country_counts(peru: PeruvianRegister) -> None:
    visit = peru.practice.add_appointment(START)
    for system, scope, value in (
        ("insurance", "PE", "R2"),
        ("insurance", "PE", "R1"),
        ("insurance", "CL", "A1"),
        ("national_id", "PE", "12345678"),
        ("chart", 1, "7"),
    ):
        peru.practice.add_identifier(visit.patient_id, system, scope, value)
    peru.deliver(peru.change(visit))

    assert peru.rows()[visit.appointment_id].insurance == "R1"


def test_an_erased_patient_has_no_insurance_in_the_register(peru: PeruvianRegister) -> None:
    visit = peru.practice.add_appointment(START)
    peru.practice.add_identifier(visit.patient_id, "insurance", "PE", "R1")
    peru.deliver(peru.change(visit))
    peru.practice.session.execute(update(User).where(User.user_id == visit.patient_id).values(erased_at=NOW))
    peru.practice.session.commit()

    peru.deliver(peru.change(visit))

    assert peru.rows()[visit.appointment_id].insurance is None


def test_a_batch_is_registered_together(peru: PeruvianRegister) -> None:
    visits = [peru.practice.add_appointment(START + timedelta(hours=number)) for number in range(10)]

    assert peru.deliver(*map(peru.change, visits)) == []

    assert sorted(peru.versions()) == [visit.appointment_id for visit in visits]
    assert len(peru.told()) == 10


def test_two_messages_of_one_visit_are_told_once(peru: PeruvianRegister) -> None:
    visit = peru.practice.add_appointment(START)
    again = peru.change(visit)._replace(record_id="again")

    assert peru.deliver(peru.change(visit), again) == []
    assert peru.told() == [Outcome(visit.appointment_id, 1, None)]


def test_a_row_that_the_register_refuses_stops_no_other(peru: PeruvianRegister, log_text: Callable[[], str]) -> None:
    good, bad, other = (peru.practice.add_appointment(START + timedelta(hours=number)) for number in range(3))

    with refused(peru, f"appointment_id <> {bad.appointment_id}"):
        failed = peru.deliver(*map(peru.change, (good, bad, other)))

    assert failed == [peru.change(bad).record_id]
    assert sorted(peru.versions()) == [good.appointment_id, other.appointment_id]
    assert peru.told() == [Outcome(good.appointment_id, 1, None), Outcome(other.appointment_id, 1, None)]
    assert '"reason":"refused"' in log_text()


def test_what_is_received_for_the_last_time_has_failed_and_goes_to_the_dead(
    peru: PeruvianRegister, log_text: Callable[[], str]
) -> None:
    visit = peru.practice.add_appointment(START)

    with refused(peru, "version > 1"):
        early = peru.deliver(peru.change(visit, receives=MAX_RECEIVES - 1))
        assert peru.told() == []
        last = peru.deliver(peru.change(visit, receives=MAX_RECEIVES))

    assert early == last == [peru.change(visit).record_id]
    assert peru.told() == [Outcome(visit.appointment_id, 1, "refused")]
    assert "RegistrationFailed" in log_text()


def test_what_has_failed_is_registered_when_it_is_sent_again(peru: PeruvianRegister) -> None:
    visit = peru.practice.add_appointment(START)
    with refused(peru, "version > 1"):
        peru.deliver(peru.change(visit, receives=MAX_RECEIVES))

    assert peru.deliver(peru.change(visit)) == []
    assert peru.told()[-1] == Outcome(visit.appointment_id, 1, None)


def test_a_clinic_whose_zone_nobody_knows_stops_no_other(peru: PeruvianRegister) -> None:
    lost = peru.practice.add_clinic("Atlantis", "America/Atlantis").clinic_id
    there = peru.practice.add_appointment(START, clinic_id=lost)
    here = peru.practice.add_appointment(START)

    failed = peru.deliver(peru.change(there, receives=MAX_RECEIVES), peru.change(here))

    assert failed == [peru.change(there).record_id]
    assert sorted(peru.versions()) == [here.appointment_id]
    assert set(peru.told()) == {
        Outcome(there.appointment_id, 1, "unknown_time_zone"),
        Outcome(here.appointment_id, 1, None),
    }


def test_what_cannot_be_understood_fails_alone_and_is_not_quoted(
    peru: PeruvianRegister, log_text: Callable[[], str]
) -> None:
    visit = peru.practice.add_appointment(START)
    bad = Record("bad", '{"detail-type": "appointment.moved", "detail": {"appointment_id": "Pat Rojas"}}', MAX_RECEIVES)

    assert peru.deliver(bad, peru.change(visit)) == ["bad"]

    logged = log_text()
    assert peru.told() == [Outcome(visit.appointment_id, 1, None)]
    assert "RegisterEventsMalformed" in logged
    assert "Pat Rojas" not in logged


def test_what_the_bus_does_not_take_comes_again(peru: PeruvianRegister) -> None:
    visit = peru.practice.add_appointment(START)
    peru.delivery.close_bus()

    assert peru.deliver(peru.change(visit)) == [peru.change(visit).record_id]
    assert peru.versions() == {visit.appointment_id: 1}


def test_what_there_is_no_time_for_comes_again(peru: PeruvianRegister) -> None:
    visit = peru.practice.add_appointment(START)

    assert peru.deliver(peru.change(visit), seconds=RESERVE) == [peru.change(visit).record_id]
    assert (peru.rows(), peru.told()) == ({}, [])


def test_what_there_is_no_time_for_at_the_last_time_has_failed(peru: PeruvianRegister) -> None:
    visit = peru.practice.add_appointment(START)

    peru.deliver(peru.change(visit, receives=MAX_RECEIVES), seconds=RESERVE)

    assert peru.told() == [Outcome(visit.appointment_id, 1, "unavailable")]


def test_the_lag_is_the_age_of_the_oldest_change_that_was_written(
    peru: PeruvianRegister, log_text: Callable[[], str]
) -> None:
    known = peru.practice.add_appointment(START, updated_at=NOW - timedelta(hours=9))
    peru.deliver(peru.change(known))
    visits = [
        peru.practice.add_appointment(START + timedelta(hours=1), updated_at=NOW - timedelta(seconds=age))
        for age in (3, 40)
    ]
    log_text()

    peru.deliver(*map(peru.change, (known, *visits)))
    assert '"RegisterLagSeconds":[40.0]' in log_text().replace(" ", "")

    peru.deliver(*map(peru.change, visits))
    assert "RegisterLagSeconds" not in log_text()


@contextmanager
def statements(*engines: Engine) -> Iterator[list[str]]:
    """Notes the first word of each statement."""
    sent: list[str] = []

    def note(*call: Any) -> None:
        sent.append(call[2].split()[0])

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("number", [1, 10])
def test_a_batch_takes_as_many_statements_for_one_message_as_for_ten(peru: PeruvianRegister, number: int) -> None:
    visits = [peru.practice.add_appointment(START + timedelta(hours=n)) for n in range(number)]
    with statements(peru.reader_engine, peru.register_engine) as new:
        peru.deliver(*map(peru.change, visits))
    with statements(peru.reader_engine, peru.register_engine) as known:
        peru.deliver(*map(peru.change, visits))
    for visit in visits:
        move(peru, visit, visit.starts_at + timedelta(days=1))
    with statements(peru.reader_engine, peru.register_engine) as moved:
        peru.deliver(*map(peru.change, visits))

    for visit in visits:
        peru.leave(visit, 2)
    with statements(peru.reader_engine, peru.register_engine) as left:
        peru.deliver(*map(peru.change, visits))

    assert new == ["SELECT", "SELECT", "INSERT", "SELECT"]
    assert (known, moved, left) == (["SELECT"] * 2, ["SELECT", "SELECT", "INSERT"], ["SELECT", "SELECT", "DELETE"])
    assert peru.rows() == {}


def test_the_rows_of_a_batch_reach_the_server_in_one_statement(peru: PeruvianRegister) -> None:
    visits = [peru.practice.add_appointment(START + timedelta(hours=n)) for n in range(10)]
    before = inserts(peru.register_engine)
    peru.deliver(*map(peru.change, visits))
    added = inserts(peru.register_engine)
    for visit in visits:
        move(peru, visit, visit.starts_at + timedelta(days=1))
    peru.deliver(*map(peru.change, visits))

    assert (added - before, inserts(peru.register_engine) - added) == (1, 1)
    assert list(peru.versions().values()) == [2] * 10


def test_a_visit_is_registered_as_it_is_when_its_row_is_locked(peru: PeruvianRegister) -> None:
    """Another worker holds the row and registers a later version; this one has read nothing before that."""
    visit = peru.practice.add_appointment(START)
    peru.deliver(peru.change(visit))
    old = peru.change(visit)
    waiting = 0

    def change_while_it_waits(*call: Any) -> None:
        nonlocal waiting
        if "FOR UPDATE" in call[2] and not waiting:
            waiting += 1
            move(peru, visit, START + timedelta(days=1))

    event.listen(peru.register_engine, "before_cursor_execute", change_while_it_waits)
    try:
        assert peru.deliver(old) == []
    finally:
        event.remove(peru.register_engine, "before_cursor_execute", change_while_it_waits)

    assert waiting == 1
    assert peru.versions() == {visit.appointment_id: 2}
