"""People who were or will be merged into others, and what still names them. Unscoped.

COLUMNS is total: a test fails if a column that names a person is missing from it.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from enum import StrEnum, auto
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, bindparam, literal, select, union_all
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect, Base
from lambda_function.db.models import ClaimKind, User
from lambda_function.db.rows import columns, fetch_all, fetch_one
from lambda_function.domain.actor import Role
from lambda_function.domain.people import Channel, Language
from lambda_function.domain.user_names import folded


class Fate(StrEnum):
    """What becomes of a row that names the person who is merged into another: it names the other from then on, it goes,
    or it stays with the number. STAFF are rows that name no patient.
    """

    MOVED = auto()
    GONE = auto()
    KEPT = auto()
    STAFF = auto()


COLUMNS: Mapping[str, Fate] = MappingProxyType(
    {
        "appointment.patient_id": Fate.MOVED,
        "appointment.doctor_id": Fate.STAFF,
        "appointment.receptionist_id": Fate.STAFF,
        # The history is only ever added to. It shows the name of the person who remains.
        "appointment_event.actor_id": Fate.KEPT,
        "slot_claim.resource_id": Fate.MOVED,
        "waitlist_entry.patient_id": Fate.MOVED,
        "waitlist_entry.doctor_id": Fate.STAFF,
        "waitlist_entry.offer_doctor_id": Fate.STAFF,
        "patient_identifier.user_id": Fate.MOVED,
        # The same file leads to the person who remains.
        "patient_import.user_id": Fate.MOVED,
        "guardian.guardian_id": Fate.MOVED,
        "guardian.patient_id": Fate.MOVED,
        "guardian.created_by": Fate.STAFF,
        "clinic_patient.patient_id": Fate.MOVED,
        "notification.user_id": Fate.MOVED,
        "recall.patient_id": Fate.MOVED,
        "recall.doctor_id": Fate.STAFF,
        "recall_event.actor_id": Fate.STAFF,
        "person_word.user_id": Fate.GONE,
        "calendar_token.user_id": Fate.GONE,
        "link_code.user_id": Fate.GONE,
        "refusals.user_id": Fate.GONE,
        "idempotency_key.user_id": Fate.GONE,
        "idempotency_subject.user_id": Fate.GONE,
        "idempotency_subject.subject_id": Fate.GONE,
        # What happened to a person stays with the number to which it happened. It holds no values.
        "person_event.user_id": Fate.KEPT,
        "person_event.actor_id": Fate.KEPT,
        # Whoever was merged into the person earlier: the chain leads on.
        "user.merged_into": Fate.KEPT,
        "patient.user_id": Fate.KEPT,
        "doctor.user_id": Fate.STAFF,
        "receptionist.user_id": Fate.STAFF,
        "receptionist_clinic.receptionist_id": Fate.STAFF,
        "doctor_treatment.doctor_id": Fate.STAFF,
        "working_hours.doctor_id": Fate.STAFF,
        "working_hours_exception.doctor_id": Fate.STAFF,
        "time_off.doctor_id": Fate.STAFF,
        "freed_time.doctor_id": Fate.STAFF,
    }
)


class MergedPerson(NamedTuple):
    """A person as merging sees them: everybody, whatever has become of them."""

    user_id: int
    user_name: str
    user_type: Role
    full_name: str
    email: str | None
    phone: str | None
    email_trusted: bool | None
    birth_date: date | None
    language: Language | None
    contact_by: Channel | None
    recalls: bool | None
    bounced_email_hash: str | None
    cognito_sub: str | None
    active: bool
    version: int
    erased_at: datetime | None
    merged_into: int | None


class Reference(NamedTuple):
    """A row that still names somebody who was merged into another."""

    column: str
    user_id: int


class _Number(NamedTuple):
    user_id: int
    merged_into: int


_IDS: Any = bindparam("user_ids", expanding=True)
_PEOPLE: AnySelect = select(*columns(MergedPerson, User)).order_by(User.user_id)
_BY_ID = _PEOPLE.where(User.user_id.in_(_IDS))
_BY_NAME = _PEOPLE.where(User.user_name == bindparam("user_name"))
_MERGED: AnySelect = select(*columns(_Number, User)).where(
    User.merged_into.is_not(None), User.user_id.between(bindparam("first_id"), bindparam("last_id"))
)


def merged_name(user_id: int) -> str:
    """Returns the name of a person who was merged into another. Nobody could have chosen it as a user name."""
    return f"merged:{user_id}"


def _references() -> CompoundSelect[*tuple[Any, ...]]:
    """Returns the statement that finds the rows of COLUMNS that should have been moved or removed."""
    found = []
    for name, fate in COLUMNS.items():
        table, column = name.split(".")
        rows = Base.metadata.tables[table].c
        if fate in {Fate.MOVED, Fate.GONE}:
            of_patients = [rows.kind == ClaimKind.PATIENT.value] if name == "slot_claim.resource_id" else []
            found.append(
                select(literal(name).label("column"), rows[column].label("user_id"))
                .where(rows[column].in_(_IDS), *of_patients)
                .distinct()
            )
    return union_all(*found)


_REFERENCES = _references()


def find_by_id(session: Session, user_id: int) -> MergedPerson | None:
    return fetch_one(session, MergedPerson, _BY_ID, {"user_ids": [user_id]}, unscoped=True)


def find_by_name(session: Session, user_name: str) -> MergedPerson | None:
    found = fetch_one(session, MergedPerson, _BY_NAME, {"user_name": user_name}, unscoped=True)
    # The database's comparison overlooks accents, and blanks at the end.
    return found if found is not None and folded(found.user_name) == folded(user_name) else None


def read_people(session: Session, user_ids: Collection[int], *, lock: bool = False) -> dict[int, MergedPerson]:
    """Returns these people by id. To lock their rows, first lock the patients."""
    statement = _BY_ID.with_for_update() if lock else _BY_ID
    found = fetch_all(session, MergedPerson, statement, {"user_ids": sorted(user_ids)}, unscoped=True)
    return {person.user_id: person for person in found}


def leads_to(session: Session, person: MergedPerson) -> tuple[list[int], MergedPerson | None]:
    """Returns the ids to which the chain of merges leads, in order, and the person at its end. It is None if the chain
    leads to nobody or runs in a circle.
    """
    chain: list[int] = []
    following: MergedPerson | None = person
    while following is not None and following.merged_into is not None:
        if following.merged_into in chain:
            return chain, None
        chain.append(following.merged_into)
        following = find_by_id(session, following.merged_into)
    return chain, following


def references_to(session: Session, user_ids: Collection[int]) -> list[Reference]:
    """Returns rows that name these people and should not, each column and person once."""
    return fetch_all(session, Reference, _REFERENCES, {"user_ids": sorted(user_ids)}, unscoped=True)


def merged(session: Session, first_id: int, last_id: int) -> list[tuple[int, int]]:
    """Returns those of the people in the range who were merged into another, each with that person."""
    values = {"first_id": first_id, "last_id": last_id}
    found = fetch_all(session, _Number, _MERGED, values, unscoped=True)
    return [(row.user_id, row.merged_into) for row in found]
