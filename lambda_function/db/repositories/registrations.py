"""The last outcome of registering each visit in its country. Unscoped: it acts for nobody."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, String, and_, bindparam, case, delete, literal_column, or_, select
from sqlalchemy.dialects.mysql import Insert, insert
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.models import Appointment, AppointmentRegistration, Clinic
from lambda_function.db.models.registrations import REGISTRATION_ROWS
from lambda_function.db.rows import write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.registration import Outcome, RegisteredThere, Registration

# It locks nothing, so it waits for nobody who changes a visit.
_VISITS: AnySelect = (
    select(Appointment.appointment_id, Appointment.version, Clinic.country, AppointmentRegistration.version)
    .join(Clinic, Clinic.clinic_id == Appointment.clinic_id)
    .outerjoin(AppointmentRegistration, AppointmentRegistration.appointment_id == Appointment.appointment_id)
    .where(Appointment.appointment_id.in_(bindparam("appointment_ids", type_=BigInteger, expanding=True)))
)


def visits(session: Session, appointment_ids: Collection[int]) -> dict[int, RegisteredThere]:
    """Returns those of the visits that exist, as they are now."""
    rows = session.execute(_VISITS, {"appointment_ids": sorted(appointment_ids)}, execution_options=UNSCOPED)
    return {appointment_id: RegisteredThere(*others) for appointment_id, *others in rows}


def keep(session: Session, outcomes: Sequence[Registration]) -> None:
    """Keeps each outcome that outranks the one that is there, or comes first, all in one statement. There may be
    several of one visit.
    """
    if outcomes:
        # Whoever keeps outcomes of the same visits at the same time meets them in the same order.
        statement = insert(REGISTRATION_ROWS)
        rows = [outcome._asdict() for outcome in sorted(outcomes)]
        write(session, statement.on_duplicate_key_update(_what_outranks(statement)), rows)


def forget_versions(session: Session, versions: Collection[tuple[int, int]]) -> None:
    """Removes the outcomes that are of these versions, each a visit's id and a version that the visit does not have."""
    for appointment_id, version in sorted(versions):
        rows = delete(AppointmentRegistration)
        rows = rows.where(AppointmentRegistration.appointment_id == appointment_id)
        write(session, rows.where(AppointmentRegistration.version == version))


def forget(session: Session, appointment_id: int) -> None:
    """Removes the outcome of a visit, which is PENDING from then on."""
    write(session, delete(AppointmentRegistration).where(AppointmentRegistration.appointment_id == appointment_id))


def _what_outranks(statement: Insert) -> list[tuple[str, ColumnElement[Any]]]:
    """Returns the assignments of `outranks` in domain/registration.py.

    The database makes them one after the other, and each condition sees what those before it have assigned. In this
    order that changes nothing: a later time is assigned before status and version only if these are the same, or if
    one of them, which is not assigned yet, decides alone.
    """
    new, old = statement.inserted, REGISTRATION_ROWS.c
    later = or_(new.at > old.at, and_(new.at == old.at, new.error > old.error))
    # Written out, because the driver sends many rows at once only if no parameter follows them.
    done, failed = (literal_column(f"'{each}'", String) for each in (Outcome.DONE, Outcome.FAILED))
    better = or_(and_(new.status == done, old.status == failed), and_(new.status == old.status, later))
    outranks = or_(new.version > old.version, and_(new.version == old.version, better))
    return [(name, case((outranks, new[name]), else_=old[name])) for name in ("error", "at", "status", "version")]
