"""The practice of a crowd, and the statements of the requests to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event, insert, select, text

from lambda_function.db.models import Appointment, AppointmentRegistration, Country
from lambda_function.domain.registration import Outcome
from tests.api.desk import Desk
from tests.clock import NOW
from tests.factories import Practice


@dataclass(frozen=True)
class Sent:
    statement: str
    parameters: Any


@dataclass(frozen=True)
class Crowd:
    desk: Desk
    engine: Engine

    @contextmanager
    def recorded(self) -> Iterator[list[Sent]]:
        """Records the statements of the requests in the block, in order, with the first row of each INSERT of many
        rows.
        """
        sent: list[Sent] = []

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
            sent.append(Sent(statement, parameters[0] if isinstance(parameters, list) else parameters))

        event.listen(self.engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(self.engine, "before_cursor_execute", note)

    def rows_read(self) -> int:
        """Returns how many rows the engine's one connection has read since it was opened."""
        with self.engine.connect() as connection:
            counters = connection.execute(text("SHOW SESSION STATUS LIKE 'Handler_read%'"))
            return sum(int(value) for _, value in counters)


def register_visits(practice: Practice) -> None:
    """Registers most visits. Every fortieth has failed, and of every other fortieth the present version is unknown."""
    practice.add(Country(code="PE"))
    ids = practice.session.scalars(select(Appointment.appointment_id).order_by(Appointment.appointment_id)).all()
    rows = [
        {
            "appointment_id": visit,
            "version": 0 if number % 40 == 1 else 1,
            "status": Outcome.FAILED if number % 40 == 0 else Outcome.DONE,
            "at": NOW,
        }
        for number, visit in enumerate(ids)
    ]
    practice.session.execute(insert(AppointmentRegistration), rows)
    practice.session.execute(text("ANALYZE TABLE appointment_registration, country"))
    practice.session.commit()
