"""The visits of which patients are reminded, for the sweep, and what has been planned for them. Unscoped: it acts for
nobody.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, or_, select
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect, instant_parameter
from lambda_function.db.models import Appointment, Clinic, Notification
from lambda_function.db.models.appointments import PLACED_AT
from lambda_function.db.rows import columns, fetch_all
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.appointment import Status
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.quiet_hours import QuietHours


class RemindingClinic(NamedTuple):
    """An active clinic, and when it reminds its patients."""

    clinic_id: int
    time_zone: str
    reminder_hours: tuple[int, ...]
    quiet_from_minute: int | None
    quiet_to_minute: int | None

    @property
    def quiet(self) -> QuietHours | None:
        return QuietHours.between(self.quiet_from_minute, self.quiet_to_minute)


class VisitToCome(NamedTuple):
    """A booked visit. `placed_at` is when it got its present doctor and start."""

    appointment_id: int
    patient_id: int
    starts_at: datetime
    placed_at: datetime


_CLINICS: AnySelect = (
    select(*columns(RemindingClinic, Clinic))
    .where(Clinic.active, Clinic.reminder_hours != ())
    .order_by(Clinic.clinic_id)
)
# This spelling lets the index find the start. The row constructor (a, b) > (x, y) would read all of it.
_VISITS: AnySelect = (
    select(*columns(VisitToCome, Appointment, placed_at=PLACED_AT))
    .where(
        Appointment.clinic_id == bindparam("clinic_id"),
        Appointment.status == Status.BOOKED,
        Appointment.starts_at >= instant_parameter("after"),
        Appointment.starts_at <= instant_parameter("until"),
        or_(
            Appointment.starts_at > instant_parameter("after"),
            Appointment.appointment_id > bindparam("after_id"),
        ),
    )
    .order_by(Appointment.starts_at, Appointment.appointment_id)
    .limit(bindparam("most"))
)
_PLANNED = select(Notification.subject).where(
    Notification.appointment_id.in_(bindparam("appointment_ids", type_=BigInteger, expanding=True)),
    Notification.kind == NotificationKind.REMINDER,
)


def reminding_clinics(session: Session) -> list[RemindingClinic]:
    """Returns the active clinics that remind their patients, by id."""
    return fetch_all(session, RemindingClinic, _CLINICS, {}, unscoped=True)


def visits_to_come(
    session: Session, clinic_id: int, *, after: tuple[datetime, int], until: datetime, limit: int
) -> list[VisitToCome]:
    """Returns the next booked visits of a clinic after this start and appointment_id, in their order."""
    values = {"clinic_id": clinic_id, "after": after[0], "after_id": after[1], "until": until, "most": limit}
    return fetch_all(session, VisitToCome, _VISITS, values, unscoped=True)


def planned(session: Session, appointment_ids: Collection[int]) -> set[str]:
    """Returns the subjects of all reminders of these visits, whatever became of them."""
    if not appointment_ids:
        return set()
    values = {"appointment_ids": sorted(appointment_ids)}
    return set(session.scalars(_PLANNED, values, execution_options=UNSCOPED))
