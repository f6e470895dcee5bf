"""A country with its register, as its queue and the bus use it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import URL, Engine, delete, select, text, update

from lambda_function.bootstrap.alembic_setup import upgrade
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.models import Appointment, OutboxMessage
from lambda_function.db.models.register import RegisterBase, RegisteredVisit
from lambda_function.db.schemas import Schema
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.messages import rfc3339
from lambda_function.services.queue import Record
from lambda_function.services.registers.processing import Processor
from lambda_function.services.registers.registering import Country
from tests.bus import Delivery
from tests.clock import NOW, Clock
from tests.factories import Practice
from tests.servers import app_user, new_database, plain_engine

MAX_RECEIVES = 10


@contextmanager
def new_register(server_url: URL, worker_id: str) -> Iterator[URL]:
    """Makes a migrated register, and yields the URL of its processor's user."""
    with new_database(server_url, f"register_{worker_id}") as url:
        upgrade(url, schema=Schema.REGISTER)
        with app_user(url, Schema.REGISTER) as user_url:
            yield user_url


def inserts(engine: Engine) -> int:
    """Returns how many statements INSERT the server has had from the engine's one connection."""
    with engine.connect() as connection:
        return int(connection.execute(text("SHOW SESSION STATUS LIKE 'Com_insert'")).one()[1])


class Outcome(NamedTuple):
    """What the bus has told about a visit. `error` is None if it is registered."""

    appointment_id: int
    version: int
    error: str | None


class PeruvianRegister:
    """The processor of Peru over real logins, and what it has written and told."""

    def __init__(
        self, reader_url: URL, register_url: URL, practice: Practice, delivery: Delivery, clock: Clock
    ) -> None:
        self.practice = practice
        self.delivery = delivery
        self.clock = clock
        administrator = practice.url.set(database=register_url.database)
        self._plain = plain_engine(administrator)
        self._engines = [build_engine(UrlCredentials(url), tls=None) for url in (reader_url, register_url)]
        self.processor = self.processor_over(*self._engines)

    def processor_over(self, reader: Engine, register: Engine) -> Processor:
        country = Country("PE", Database(reader, self.clock), Database(register, self.clock))
        return Processor(country, self.delivery.bus, MAX_RECEIVES, self.clock)

    def close(self) -> None:
        with self._plain.begin() as connection:
            connection.execute(delete(RegisteredVisit))
        for engine in self._engines:
            engine.dispose()

    def change(self, visit: Appointment, *, receives: int = 1, **detail: Any) -> Record:
        """Returns a message of the queue that tells of the visit's present version."""
        told = {
            "message_id": 1,
            "appointment_id": visit.appointment_id,
            "version": visit.version,
            "country": "PE",
            "clinic_id": visit.clinic_id,
            "at": rfc3339(visit.updated_at),
            **detail,
        }
        body = json.dumps({"detail-type": "appointment.moved", "detail": told})
        return Record(f"m{visit.appointment_id}", body, receives)

    def alter(self, visit: Appointment, **columns: Any) -> None:
        """Changes the row of a visit without any rule, and leaves the message of its version, as every change does."""
        self.practice.session.execute(
            update(Appointment).where(Appointment.appointment_id == visit.appointment_id).values(columns)
        )
        self.practice.session.commit()
        self.practice.session.refresh(visit)
        self.tell(visit)

    def leave(self, visit: Appointment, clinic_id: int) -> None:
        """Brings the visit to another clinic."""
        self.alter(visit, clinic_id=clinic_id, version=visit.version + 1)

    def tell(self, visit: Appointment) -> None:
        """Leaves a message of the visit's version in the outbox."""
        detail = {"appointment_id": visit.appointment_id, "version": visit.version}
        self.practice.add(OutboxMessage(kind="appointment.moved", detail=detail, created_at=NOW))

    def deliver(self, *records: Record, seconds: float = 60) -> list[str]:
        return self.processor.process(records, lambda: seconds)

    def rows(self) -> dict[int, Any]:
        """Returns the register by the ids of the visits."""
        with self._plain.connect() as connection:
            rows = connection.execute(select(RegisterBase.metadata.tables["visit"])).all()
        return {row.appointment_id: row for row in rows}

    def versions(self) -> dict[int, int]:
        return {number: row.version for number, row in self.rows().items()}

    @property
    def reader_engine(self) -> Engine:
        return self._engines[0]

    @property
    def register_engine(self) -> Engine:
        return self._engines[1]

    def outcome_records(self) -> list[Record]:
        """Returns the outcomes since the last call as the queue of outcomes hands them out."""
        return [Record(str(number), json.dumps(event)) for number, event in enumerate(self.delivery.received())]

    def told(self) -> list[Outcome]:
        """Returns the outcomes since the last call."""
        return [
            Outcome(detail["appointment_id"], detail["version"], detail["error"])
            for detail in (event["detail"] for event in self.delivery.received())
        ]

    def execute(self, *statements: str) -> None:
        with self._plain.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
