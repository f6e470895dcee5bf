"""Messages that cannot be handled, and the others of their batch, through the programs of two countries' registers."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import URL, text

from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.models import AppointmentRegistration, Country
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor
from lambda_function.domain.registration import Outcome
from lambda_function.services.booking import BookingRequest, book
from tests.chain.fire import until
from tests.chain.registers import Register, Registers, burning_registers, dead, new_registers
from tests.factories import Practice
from tests.servers import plain_engine

VISITS, POISONED = 4, 1
DONE = (Outcome.DONE, None)


@dataclass
class Peru:
    """Visits whose messages are in one batch, since the programs begin later, and the register that is still empty."""

    practice: Practice
    visits: list[int]
    register: Register
    programs: Callable[..., AbstractContextManager[Registers]]

    def outcomes(self) -> dict[int, tuple[Outcome, str | None]]:
        rows = self.practice.rows(AppointmentRegistration)
        return {row.appointment_id: (row.status, row.error) for row in rows}

    def told(self) -> dict[int, tuple[Outcome, str | None]]:
        """Returns the outcomes as soon as each visit has one."""
        until(lambda: self.outcomes().keys() == set(self.visits), "each visit has an outcome")
        return self.outcomes()


@pytest.fixture
def peru(practice: Practice, database_url: URL, app_url: URL, tmp_path: Path) -> Iterator[Peru]:
    practice.session.merge(Country(code="PE"))
    practice.session.commit()
    visits = _booked(practice, app_url)
    with new_registers(database_url) as empty:
        run = partial(burning_registers, tmp_path, database_url, app_url, empty, longest_life=0)
        yield Peru(practice, visits, empty["PE"], run)


def _booked(practice: Practice, app_url: URL) -> list[int]:
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=31)
    doctor = practice.add_doctor(clinic=1).user_id
    patient = practice.add_patient(clinics=(1,)).user_id
    rita = practice.actor("rita")
    engine = build_engine(UrlCredentials(app_url), tls=None)
    database = Database(engine, lambda: datetime.now(UTC))
    starts = [first + timedelta(hours=number) for number in range(VISITS)]
    requests = [BookingRequest(doctor, 1, start, patient_id=patient, override_reason="Test") for start in starts]
    booked = [database.transact(partial(_book, actor=rita, request=request)) for request in requests]
    engine.dispose()
    return booked


def _book(work: UnitOfWork, actor: Actor, request: BookingRequest) -> int:
    work.act_as(actor)
    return book(work, request).appointment_id


def alter(register: Register, change: str) -> None:
    with plain_engine(register.url).connect() as connection:
        connection.execute(text(f"ALTER TABLE visit {change}"))


def dead_messages(found: Registers, role: str) -> list[str]:
    """Returns the bodies in a program's dead-letter queue, which stay there."""
    there = {"QueueUrl": found.fire.queues[dead(role)], "MaxNumberOfMessages": 10, "VisibilityTimeout": 0}
    return [message["Body"] for message in found.fire.sqs.receive_message(**there).get("Messages", [])]


def test_a_refused_row_fails_alone_and_is_done_when_it_is_mended_and_sent_again(peru: Peru) -> None:
    refused, register = peru.visits[POISONED], peru.register
    alter(register, f"ADD CONSTRAINT poison CHECK (appointment_id <> {refused})")
    with peru.programs(max_receives=3) as found:
        assert peru.told() == dict.fromkeys(peru.visits, DONE) | {refused: (Outcome.FAILED, "refused")}
        until(lambda: len(dead_messages(found, register.role)) == 1, "the message is in the dead-letter queue")
        assert json.loads(dead_messages(found, register.role)[0])["detail"]["appointment_id"] == refused
        assert register.rows().keys() == set(peru.visits) - {refused}

        alter(register, "DROP CONSTRAINT poison")
        assert found.redrive(register.role) == 1
        until(lambda: peru.outcomes() == dict.fromkeys(peru.visits, DONE), "all visits are registered")
        assert register.rows().keys() == set(peru.visits)


def test_messages_that_cannot_be_read_end_in_the_dead_letter_queue_and_fail_nobody_else(peru: Peru) -> None:
    register = peru.register
    outcome = {"detail-type": "visit.registered", "detail": {"appointment_id": peru.visits[0], "version": 1}}
    unreadable = ["No JSON", "{}", json.dumps(outcome)]
    # Meanwhile the messages of the visits come again, so that one batch holds all.
    register.gate.close()
    with peru.programs(max_receives=8) as found:
        for body in unreadable:
            found.fire.sqs.send_message(QueueUrl=found.fire.queues[register.role], MessageBody=body)
        until(lambda: found.relayed() and found.fire.queued(register.role) == VISITS + len(unreadable), "all wait")
        register.gate.open()
        assert peru.told() == dict.fromkeys(peru.visits, DONE)
        until(lambda: len(dead_messages(found, register.role)) == len(unreadable), "they are in the dead-letter queue")
        assert sorted(dead_messages(found, register.role)) == sorted(unreadable)
        assert found.fire.queued(register.role) == 0
