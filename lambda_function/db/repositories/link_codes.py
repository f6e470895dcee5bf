"""Codes that link an account to a person, and the account that moves. Only hashes of codes come here. Unscoped, because
the user of a code may not see the person yet.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, exists, or_, select
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.criteria import here
from lambda_function.db.models import (
    Appointment,
    ClinicPatient,
    Doctor,
    Guardian,
    LinkCode,
    Receptionist,
    User,
    WaitlistEntry,
)
from lambda_function.db.repositories import idempotency, merging
from lambda_function.db.repositories.guardians import acting
from lambda_function.db.repositories.merged_people import merged_name
from lambda_function.db.repositories.merging import Pair
from lambda_function.db.repositories.people import anonymous
from lambda_function.db.repositories.person_words import correct_words
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.actor import Role
from lambda_function.domain.waitlist import OPEN


class AccountHolder(NamedTuple):
    """An active person, with the account that they have."""

    user_id: int
    user_type: Role
    cognito_sub: str | None


# An account without visits has few kept answers. Any further ones go after a day, like all kept answers.
_ANSWERS = 1000

_OWNER = select(LinkCode.user_id).where(
    LinkCode.code_hash == bindparam("code_hash"), LinkCode.expires_at > bindparam("now")
)
_ACCOUNT_HOLDERS: AnySelect = (
    select(*columns(AccountHolder, User))
    .where(User.user_id.in_(bindparam("user_ids", expanding=True)), User.active, here(User))
    .order_by(User.user_id)
    .with_for_update()
)


def put_code(session: Session, user_id: int, code_hash: str, *, now: datetime, expires_at: datetime) -> None:
    """Replaces the person's code."""
    values = {"code_hash": code_hash, "created_at": now, "expires_at": expires_at}
    statement = insert(LinkCode).values(user_id=user_id, **values)
    write(session, statement.on_duplicate_key_update(values))


def owner_of(session: Session, code_hash: str, now: datetime) -> int | None:
    """Returns the id of the person for whom the code was made, or None for a code that is unknown or has expired."""
    return session.scalar(_OWNER, {"code_hash": code_hash, "now": now}, execution_options=UNSCOPED)


def take_code(session: Session, user_id: int, code_hash: str) -> bool:
    """Uses up the code, and returns whether it was still the person's."""
    return write(session, delete(LinkCode).where(LinkCode.user_id == user_id, LinkCode.code_hash == code_hash)) > 0


def remove_code(session: Session, user_id: int) -> None:
    """Ends the person's code, if there is one."""
    write(session, delete(LinkCode).where(LinkCode.user_id == user_id))


def lock_account_holders(session: Session, user_ids: Collection[int]) -> Mapping[int, AccountHolder]:
    """Returns the active ones of these people by id, with their rows locked in the order of the ids. Call it after
    locking the patients.
    """
    found = fetch_all(session, AccountHolder, _ACCOUNT_HOLDERS, {"user_ids": sorted(user_ids)}, unscoped=True)
    return {holder.user_id: holder for holder in found}


def has_traces(session: Session, user_id: int, today: date) -> bool:
    """Returns whether the person has anything that would be lost with their row: a visit, an open wish, a guardian or a
    dependant on that day, or a past among the staff.
    """
    return bool(
        session.scalar(
            select(
                exists().where(Appointment.patient_id == user_id)
                | exists().where(WaitlistEntry.patient_id == user_id, WaitlistEntry.status.in_(sorted(OPEN)))
                | exists().where(or_(Guardian.guardian_id == user_id, Guardian.patient_id == user_id), acting(Guardian))
                | exists().where(Doctor.user_id == user_id)
                | exists().where(Receptionist.user_id == user_id)
            ),
            {"today": today},
            execution_options=UNSCOPED,
        )
    )


def move_account(session: Session, sub: str, *, source: int, target: int, now: datetime) -> None:
    """Moves the account from one person to another, with identifiers. Only the first person's number and the person
    whom they were merged into are kept: names, contact data, clinics, access to the feed, ended wishes, kept answers
    and counts of wrong codes are removed.
    """
    pair = Pair(source, target)
    merging.move_imports(session, pair)
    has_identifiers = merging.move_identifiers(session, pair)
    for forget in (idempotency.remove_answers_about, idempotency.remove_answers_of):
        forget(session, source, _ANSWERS)
    merging.end_access(session, source)
    for statement in (
        # What is left of them has ended.
        delete(Guardian).where(or_(Guardian.guardian_id == source, Guardian.patient_id == source)),
        delete(WaitlistEntry).where(WaitlistEntry.patient_id == source),
        delete(ClinicPatient).where(ClinicPatient.patient_id == source),
    ):
        write(session, statement)
    emptied = {**anonymous(merged_name(source)), "active": False, "merged_into": target}
    merging.change_person(session, source, emptied, now)
    merging.change_person(session, target, {"cognito_sub": sub}, now)
    if has_identifiers:
        correct_words(session, [target])


def purge_expired(session: Session, before: datetime, limit: int) -> int:
    """Removes at most `limit` codes that had expired by that time, and answers how many it removed."""
    statement = delete(LinkCode).where(LinkCode.expires_at < before)
    return write(session, statement.with_dialect_options(mysql_limit=limit))
