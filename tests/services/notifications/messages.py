"""The notifications function as its callers use it: the queue, and the messenger."""

import json
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import update

from lambda_function.db.models import Appointment, Clinic, Notification, Recall, User
from lambda_function.db.unit_of_work import Database
from lambda_function.services.notifications.claiming import claim
from lambda_function.services.notifications.consuming import consume
from lambda_function.services.notifications.messages import ComposedMessage, Outcome, OutcomeStatus
from lambda_function.services.notifications.settling import settle
from lambda_function.services.queue import Record
from tests.api.desk import rfc3339
from tests.clock import NOW, Clock
from tests.factories import Practice

# The address that people see.
PUBLIC_URL = "https://appointments.example"


def plenty() -> float:
    return 60.0


class Messages:
    """Tells of changes, claims and settles, on the rows of a practice."""

    def __init__(self, database: Database, practice: Practice, clock: Clock) -> None:
        self.database = database
        self.practice = practice
        self.clock = clock
        self._numbers = count(1)

    def event(self, kind: str, /, **detail: Any) -> str:
        """Returns an event as the queue delivers it, by default about something that has just happened."""
        given = {"message_id": next(self._numbers), "at": self.clock.now.isoformat(), **detail}
        return json.dumps({"source": "dentist-appointments", "detail-type": kind, "detail": given})

    def deliver(self, *bodies: str) -> list[str]:
        """Hands a batch to the function, and returns the numbers of those that failed, from 0 on."""
        records = [Record(str(number), body) for number, body in enumerate(bodies)]
        return consume(self.database, records, plenty)

    def tell(self, kind: str, visit: Appointment, **detail: Any) -> None:
        """Delivers an event about a visit: `booked`, `moved` and so on."""
        event = self.event(f"appointment.{kind}", appointment_id=visit.appointment_id, **detail)
        assert self.deliver(event) == []

    def told(self, starts_at: datetime, **columns: Any) -> Appointment:
        """Returns a new booked visit, of whose booking everybody has been told."""
        visit = self.practice.add_appointment(starts_at, **columns)
        self.tell("booked", visit)
        return visit

    def claim(self, limit: int = 25) -> list[ComposedMessage]:
        return claim(self.database, limit, PUBLIC_URL)

    def settle(self, message: ComposedMessage, status: OutcomeStatus = OutcomeStatus.SENT, **more: Any) -> int:
        outcome = Outcome(notification_id=message.notification_id, lease=message.lease, status=status, **more)
        return settle(self.database, [outcome])

    def rows(self) -> list[Notification]:
        rows: list[Notification] = self.practice.rows(Notification)
        return sorted(rows, key=lambda row: row.notification_id)

    def row(self) -> Notification:
        """Returns the only message."""
        [row] = self.rows()
        return row

    def fate(self) -> tuple[str, str | None]:
        """Returns the status and the reason of the only message."""
        row = self.row()
        return row.status.value, row.reason

    def to(self) -> list[tuple[str, str]]:
        """Returns whom the messages are for, by user name, and by which channel."""
        names = {user_id: name for name, user_id in self.practice.ids.items()}
        return [(names[row.user_id], row.channel.value) for row in self.rows()]

    def change_user(self, user_name: str, **columns: Any) -> None:
        self.write(update(User).where(User.user_name == user_name).values(columns))

    def change_clinic(self, **columns: Any) -> None:
        self.write(update(Clinic).values(columns))

    def change_visit(self, visit: Appointment, **columns: Any) -> None:
        self.write(update(Appointment).where(Appointment.appointment_id == visit.appointment_id).values(columns))

    def change_recall(self, recall: Recall, **columns: Any) -> None:
        self.write(update(Recall).where(Recall.recall_id == recall.recall_id).values(columns))

    def change_rows(self, **columns: Any) -> None:
        self.write(update(Notification).values(columns))

    def write(self, statement: Any) -> None:
        self.practice.session.rollback()
        self.practice.session.execute(statement)
        self.practice.session.commit()


__all__ = ["NOW", "Messages", "OutcomeStatus", "plenty", "rfc3339"]
