"""Codes that link an account to a person, and the account that moves. Only hashes of codes come here. Unscoped, and in
columns: whoever uses a code may not see the person yet.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow
from lambda_function.db.models import (
    Appointment,
    CalendarToken,
    ClinicPatient,
    Doctor,
    LinkCode,
    Receptionist,
    User,
    WaitlistEntry,
)
from lambda_function.db.repositories import idempotency
from lambda_function.db.scoping import UNSCOPED, UNSYNCED, here
from lambda_function.domain.waitlist import OPEN

# Of an account without visits there are few; should there be more, they go after a day as all kept answers do.
_ANSWERS = 1000


def put_code(session: Session, user_id: int, code_hash: str, *, now: datetime, expires_at: datetime) -> None:
    """The person's one code from here on."""
    values = {"code_hash": code_hash, "created_at": now, "expires_at": expires_at}
    statement = insert(LinkCode).values(user_id=user_id, **values)
    session.execute(statement.on_duplicate_key_update(values), execution_options=UNSCOPED)


def owner_of(session: Session, code_hash: str, now: datetime) -> int | None:
    """Whom the code leads to; None when nobody has it or it has expired."""
    statement = select(LinkCode.user_id).where(LinkCode.code_hash == code_hash, LinkCode.expires_at > now)
    return session.scalar(statement, execution_options=UNSCOPED)


def take_code(session: Session, user_id: int, code_hash: str) -> bool:
    """Uses the code up. Whether it still was the person's."""
    statement = delete(LinkCode).where(LinkCode.user_id == user_id, LinkCode.code_hash == code_hash)
    result = session.execute(statement, execution_options=UNSYNCED)
    return bool(result.rowcount)  # type: ignore[attr-defined] # a DELETE answers with a CursorResult


def remove_code(session: Session, user_id: int) -> None:
    """Ends the person's code, if there is one."""
    session.execute(delete(LinkCode).where(LinkCode.user_id == user_id), execution_options=UNSYNCED)


def lock_people(session: Session, user_ids: Collection[int]) -> Mapping[int, AnyRow]:
    """user_id, user_type and cognito_sub of those who are active, by id, locked in the order of ids. To be called after
    the locks of the patients.
    """
    statement = (
        select(User.user_id, User.user_type, User.cognito_sub)
        .where(User.user_id.in_(user_ids), User.active, here(User))
        .order_by(User.user_id)
        .with_for_update()
    )
    return {row.user_id: row for row in session.execute(statement, execution_options=UNSCOPED)}


def has_traces(session: Session, user_id: int) -> bool:
    """Whether the person has anything that would be lost with their row: a visit, a wish that is open, or a past among
    the staff.
    """
    return bool(
        session.scalar(
            select(
                exists().where(Appointment.patient_id == user_id)
                | exists().where(WaitlistEntry.patient_id == user_id, WaitlistEntry.status.in_(sorted(OPEN)))
                | exists().where(Doctor.user_id == user_id)
                | exists().where(Receptionist.user_id == user_id)
            ),
            execution_options=UNSCOPED,
        )
    )


def move_account(session: Session, sub: str, *, source: int, target: int, now: datetime) -> None:
    """From one person to another. Of the first stays a number that says into whom it went: names, contact, clinics,
    access to the feed, wishes that have ended and kept answers go.
    """
    for forget in (idempotency.remove_answers_about, idempotency.remove_answers_of):
        forget(session, source, _ANSWERS)
    gone = f"merged:{source}"  # no user name that anybody could have chosen
    emptied = {
        "user_name": gone,
        "full_name": gone,
        "email": None,
        "phone": None,
        "email_trusted": None,
        "cognito_sub": None,
        "active": False,
        "merged_into": target,
    }
    changed = {"version": User.version + 1, "updated_at": now}
    for statement in (
        delete(CalendarToken).where(CalendarToken.user_id == source),
        delete(LinkCode).where(LinkCode.user_id == source),
        delete(WaitlistEntry).where(WaitlistEntry.patient_id == source),
        delete(ClinicPatient).where(ClinicPatient.patient_id == source),
        update(User).where(User.user_id == source).values(**emptied, **changed),
        update(User).where(User.user_id == target).values(cognito_sub=sub, **changed),
    ):
        session.execute(statement, execution_options=UNSYNCED)


def purge_expired(session: Session, before: datetime, limit: int) -> int:
    """Removes at most so many codes that have expired by that time; how many there were."""
    statement = delete(LinkCode).where(LinkCode.expires_at < before)
    result = session.execute(statement.with_dialect_options(mysql_limit=limit), execution_options=UNSYNCED)
    return int(result.rowcount)  # type: ignore[attr-defined] # a DELETE answers with a CursorResult
