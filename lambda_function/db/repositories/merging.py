"""Moves everything of one patient to another, as COLUMNS in merged_people.py says. Unscoped. The caller holds the locks
that docs/decisions/0019 names.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Update,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from lambda_function.db.base import AnySelect, instant_parameter
from lambda_function.db.errors import duplicate
from lambda_function.db.models import (
    Appointment,
    CalendarToken,
    ClaimKind,
    Clinic,
    ClinicPatient,
    Country,
    Guardian,
    LinkCode,
    Notification,
    PatientIdentifier,
    PatientImport,
    PersonWord,
    Recall,
    Refusals,
    SlotClaim,
    User,
    WaitlistEntry,
)
from lambda_function.db.models.appointments import CLAIM_ROWS
from lambda_function.db.repositories import links
from lambda_function.db.repositories.identifiers import identifiers_of, insert_identifiers
from lambda_function.db.repositories.merged_people import MergedPerson, merged_name
from lambda_function.db.repositories.people import anonymous
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.appointment import HOLDING
from lambda_function.domain.errors import ContentionError
from lambda_function.domain.identifiers import IdentifierSystem
from lambda_function.domain.merging import GuardianMove, Guardianship
from lambda_function.domain.waitlist import OPEN, WaitlistStatus


class Pair(NamedTuple):
    """`source` is merged into `target`."""

    source_id: int
    target_id: int


class MovedVisit(NamedTuple):
    appointment_id: int
    doctor_id: int


class MovedWish(NamedTuple):
    waitlist_id: int
    status: WaitlistStatus
    patient_id: int
    treatment_id: int
    doctor_id: int | None
    clinic_id: int | None
    wished_from: datetime
    wished_to: datetime
    offer_expires_at: datetime | None


class Amounts(NamedTuple):
    """How much there is of a person, at most the limit that was asked for: visits that are over or hold no time, and
    wishes and recalls that have ended.
    """

    visits: int
    wishes: int
    recalls: int


class Collision(NamedTuple):
    """The ids of a visit of the source and a visit of the target at the same time."""

    one: int
    other: int


_SOURCE: Any = bindparam("source_id")
_TARGET: Any = bindparam("target_id")
_BOTH: Any = bindparam("user_ids", expanding=True)
_AHEAD = and_(Appointment.status.in_(sorted(HOLDING)), Appointment.ends_at > instant_parameter("now"))
_OWN = Appointment.patient_id == _SOURCE
_VISITS: AnySelect = select(*columns(MovedVisit, Appointment)).where(_OWN).order_by(Appointment.appointment_id)
_NEXT_OVER = _VISITS.where(not_(_AHEAD), Appointment.appointment_id > bindparam("after")).limit(bindparam("most"))
_NUMBER_AHEAD = select(func.count()).select_from(Appointment).where(_OWN, _AHEAD)
_NUMBER = select(func.count()).select_from(Appointment).where(_OWN)


def _up_to(column: Any, *where: ColumnElement[bool]) -> ColumnElement[int]:
    """Counts rows, and stops at the limit."""
    return (
        select(func.count())
        .select_from(select(column).where(*where).limit(bindparam("most")).subquery())
        .scalar_subquery()
    )


_AMOUNTS: AnySelect = select(
    *columns(
        Amounts,
        visits=_up_to(Appointment.appointment_id, _OWN, not_(_AHEAD)),
        wishes=_up_to(
            WaitlistEntry.waitlist_id, WaitlistEntry.patient_id == _SOURCE, WaitlistEntry.status.not_in(sorted(OPEN))
        ),
        recalls=_up_to(Recall.recall_id, Recall.patient_id == _SOURCE, Recall.open_key.is_(None)),
    )
)
_ONE, _OTHER = aliased(SlotClaim), aliased(SlotClaim)
_COLLISIONS: AnySelect = (
    select(*columns(Collision, one=_ONE.appointment_id, other=_OTHER.appointment_id))
    .join(_OTHER, _OTHER.slot_at == _ONE.slot_at)
    .where(
        _ONE.kind == ClaimKind.PATIENT.value,
        _ONE.resource_id == _SOURCE,
        _OTHER.kind == ClaimKind.PATIENT.value,
        _OTHER.resource_id == _TARGET,
    )
    .distinct()
    .order_by(_ONE.appointment_id, _OTHER.appointment_id)
    .limit(bindparam("most"))
)
_OPEN_WISHES: AnySelect = (
    select(*columns(MovedWish, WaitlistEntry))
    .where(
        WaitlistEntry.patient_id.in_(_BOTH),
        WaitlistEntry.status.in_(sorted(OPEN)),
        WaitlistEntry.wished_to > instant_parameter("now"),
    )
    .order_by(WaitlistEntry.waitlist_id)
)
_TIES: AnySelect = (
    select(*columns(Guardianship, Guardian))
    .where(or_(Guardian.guardian_id.in_(_BOTH), Guardian.patient_id.in_(_BOTH)))
    .order_by(Guardian.guardian_id, Guardian.patient_id)
)
_INSURED: AnySelect = (
    select(Appointment.appointment_id)
    .join(Clinic, Clinic.clinic_id == Appointment.clinic_id)
    .join(Country, Country.code == Clinic.country)
    .where(
        Appointment.patient_id == bindparam("user_id"),
        Appointment.appointment_id > bindparam("after"),
        exists().where(
            PatientIdentifier.user_id == Appointment.patient_id,
            PatientIdentifier.system == IdentifierSystem.INSURANCE,
            PatientIdentifier.scope == Clinic.country,
        ),
    )
    .order_by(Appointment.appointment_id)
    .limit(bindparam("most"))
)
_CLINICS = select(ClinicPatient.clinic_id).where(ClinicPatient.patient_id == _SOURCE).order_by(ClinicPatient.clinic_id)


def amounts(session: Session, source_id: int, now: datetime, most: int) -> Amounts:
    [found] = fetch_all(session, Amounts, _AMOUNTS, {"source_id": source_id, "now": now, "most": most}, unscoped=True)
    return found


def number_of_visits(session: Session, source_id: int, now: datetime) -> tuple[int, int]:
    """Returns how many visits there are in all, and how many of them hold time and are not over."""
    values = {"source_id": source_id, "now": now}
    whole = session.execute(_NUMBER, {"source_id": source_id}, execution_options=UNSCOPED).scalar_one()
    return whole, session.execute(_NUMBER_AHEAD, values, execution_options=UNSCOPED).scalar_one()


def all_visits(session: Session, source_id: int) -> list[MovedVisit]:
    return fetch_all(session, MovedVisit, _VISITS, {"source_id": source_id}, unscoped=True)


def visits_over(session: Session, source_id: int, now: datetime, after: int, limit: int) -> list[MovedVisit]:
    """Returns at most `limit` visits that are over or hold no time, with ids after `after`, in order."""
    values = {"source_id": source_id, "now": now, "after": after, "most": limit}
    return fetch_all(session, MovedVisit, _NEXT_OVER, values, unscoped=True)


def insured_visits(session: Session, user_id: int, after: int, limit: int) -> list[int]:
    """Returns at most `limit` ids of the person's visits in countries that have a register and where the person is
    insured, with ids after `after`, in order.
    """
    values = {"user_id": user_id, "after": after, "most": limit}
    return list(session.scalars(_INSURED, values, execution_options=UNSCOPED))


def collisions(session: Session, pair: Pair, limit: int) -> list[Collision]:
    """Returns visits of both that claim the same time of the patient, at most `limit` pairs in order."""
    values = {**pair._asdict(), "most": limit}
    return fetch_all(session, Collision, _COLLISIONS, values, unscoped=True)


def move_visits(session: Session, visits: Collection[MovedVisit], pair: Pair, now: datetime) -> None:
    """Gives the visits and their claims to the other person. Each gets a new version, because its patient has changed.

    Raises ContentionError if the other person has taken the time meanwhile.
    """
    if not visits:
        return
    ids = sorted(visit.appointment_id for visit in visits)
    own = and_(
        SlotClaim.kind == ClaimKind.PATIENT.value,
        SlotClaim.resource_id == pair.source_id,
        SlotClaim.appointment_id.in_(ids),
    )
    taken = select(SlotClaim.kind, literal(pair.target_id), SlotClaim.slot_at, SlotClaim.appointment_id).where(own)
    try:
        write(session, insert(CLAIM_ROWS).from_select(["kind", "resource_id", "slot_at", "appointment_id"], taken))
    except IntegrityError as error:
        if duplicate(error) is None:
            raise
        raise ContentionError("The patient was given another visit at the same time; try again.") from None
    write(session, delete(SlotClaim).where(own))
    moved = update(Appointment).where(Appointment.appointment_id.in_(ids), Appointment.patient_id == pair.source_id)
    write(session, moved.values(patient_id=pair.target_id, version=Appointment.version + 1, updated_at=now))


def open_wishes(session: Session, user_ids: Collection[int], now: datetime, *, lock: bool = False) -> list[MovedWish]:
    statement = _OPEN_WISHES.with_for_update() if lock else _OPEN_WISHES
    return fetch_all(session, MovedWish, statement, {"user_ids": sorted(user_ids), "now": now}, unscoped=True)


def move_ended_wishes(session: Session, pair: Pair, limit: int) -> int:
    statement = update(WaitlistEntry).where(
        WaitlistEntry.patient_id == pair.source_id, WaitlistEntry.status.not_in(sorted(OPEN))
    )
    return write(session, statement.values(patient_id=pair.target_id).ext(mysql.limit(limit)))


def move_wishes(session: Session, pair: Pair) -> None:
    """Moves all entries of the waitlist, which keep their places."""
    write(
        session,
        update(WaitlistEntry).where(WaitlistEntry.patient_id == pair.source_id).values(patient_id=pair.target_id),
    )


def number_of_recalls(session: Session, source_id: int) -> int:
    statement = select(func.count()).select_from(Recall).where(Recall.patient_id == _SOURCE)
    return session.execute(statement, {"source_id": source_id}, execution_options=UNSCOPED).scalar_one()


def move_ended_recalls(session: Session, pair: Pair, now: datetime, limit: int) -> int:
    ended = _moved_recalls(pair, now).where(Recall.open_key.is_(None))
    return write(session, ended.ext(mysql.limit(limit)))


def move_recalls(session: Session, pair: Pair, now: datetime) -> None:
    """Moves all recalls. The two have no open ones for the same treatment."""
    write(session, _moved_recalls(pair, now))


def _moved_recalls(pair: Pair, now: datetime) -> Update:
    """Each recall gets a new version, because its patient has changed."""
    own = update(Recall).where(Recall.patient_id == pair.source_id)
    return own.values(patient_id=pair.target_id, version=Recall.version + 1, updated_at=now)


def guardianships(session: Session, user_ids: Collection[int]) -> list[Guardianship]:
    """Returns who acts for these people and for whom they act, and also who did and no longer does."""
    return fetch_all(session, Guardianship, _TIES, {"user_ids": sorted(user_ids)}, unscoped=True)


def move_guardians(session: Session, moves: Sequence[GuardianMove]) -> None:
    """Replaces the rows by what they become. A row that the other person already has, and that ends earlier, goes."""
    for move in moves:
        if move.after is None:
            write(session, delete(Guardian).where(*_tie(move.before)))
            continue
        write(session, delete(Guardian).where(*_tie(move.after)))
        both = {"guardian_id": move.after.guardian_id, "patient_id": move.after.patient_id}
        write(session, update(Guardian).where(*_tie(move.before)).values(both))


def _tie(row: Guardianship) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Guardian.guardian_id == row.guardian_id, Guardian.patient_id == row.patient_id


def move_identifiers(session: Session, pair: Pair) -> bool:
    """Moves all identifiers, and returns whether there are any. The words of both people are to be corrected then."""
    found = identifiers_of(session, pair.source_id)
    if found:
        write(session, delete(PatientIdentifier).where(PatientIdentifier.user_id == pair.source_id))
        insert_identifiers(session, [(identifier, pair.target_id) for identifier in found])
    return bool(found)


def move_imports(session: Session, pair: Pair) -> None:
    own = update(PatientImport).where(PatientImport.user_id == pair.source_id)
    write(session, own.values(user_id=pair.target_id))


def move_notifications(session: Session, pair: Pair) -> None:
    """Moves the messages. What both were told, as the guardians of one patient, stays with the other person, and so do
    the links in it.
    """
    told = aliased(Notification)
    both = select(Notification.notification_id, told.notification_id).join(
        told, and_(told.subject == Notification.subject, told.user_id == pair.target_id)
    )
    pairs = session.execute(both.where(Notification.user_id == pair.source_id), execution_options=UNSCOPED)
    twice: dict[int, int] = {own_id: told_id for own_id, told_id in pairs}  # noqa: C416 - mypy knows no rows as pairs
    if twice:
        links.move(session, twice)
        write(session, delete(Notification).where(Notification.notification_id.in_(twice)))
    own = update(Notification).where(Notification.user_id == pair.source_id)
    write(session, own.values(user_id=pair.target_id))


def clinics_of(session: Session, user_id: int) -> set[int]:
    return set(session.scalars(_CLINICS, {"source_id": user_id}, execution_options=UNSCOPED))


def move_clinics(session: Session, pair: Pair, now: datetime) -> None:
    more = sorted(clinics_of(session, pair.source_id) - clinics_of(session, pair.target_id))
    if more:
        rows = [{"clinic_id": clinic_id, "patient_id": pair.target_id, "created_at": now} for clinic_id in more]
        write(session, insert(ClinicPatient).values(rows))
    write(session, delete(ClinicPatient).where(ClinicPatient.patient_id == pair.source_id))


def end_access(session: Session, user_id: int) -> None:
    """Ends the address of the feed and the link code of a person, and the counts of what was refused to them."""
    for mapped in (CalendarToken, LinkCode, Refusals, PersonWord):
        write(session, delete(mapped).where(mapped.user_id == user_id))


def close(session: Session, person: MergedPerson, target_id: int, *, keep_account: bool, now: datetime) -> None:
    """Ends a person, of whom only the names stay until `forget_name`, and the account if it still has to be deleted."""
    gone = {
        **anonymous(person.user_name),
        "cognito_sub": person.cognito_sub if keep_account else None,
        "active": False,
        "merged_into": target_id,
    }
    del gone["full_name"]
    change_person(session, person.user_id, gone, now)


def forget_name(session: Session, user_id: int, now: datetime) -> None:
    """Leaves nothing of the person except the number."""
    change_person(session, user_id, anonymous(merged_name(user_id)), now)


def change_person(session: Session, user_id: int, values: Mapping[str, Any], now: datetime) -> None:
    person = update(User).where(User.user_id == user_id)
    write(session, person.values(**values, version=User.version + 1, updated_at=now))
