"""People, as operators make, change and close them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from lambda_function.db.base import AnyRow
from lambda_function.db.models import ClaimKind
from lambda_function.db.repositories import claims
from lambda_function.db.repositories.busy import visits_ahead
from lambda_function.db.repositories.directory import Directory
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Role, operator
from lambda_function.domain.errors import (
    ContentionError,
    HasBookingsError,
    InvalidInputError,
    NameTakenError,
    NotFoundError,
    UnavailableError,
)
from lambda_function.domain.people import PersonAction
from lambda_function.services import deactivation, offers
from lambda_function.services.deactivation import Left, deactivate_doctor, leave_by_batches
from lambda_function.services.offers import free
from lambda_function.services.operators.accounts import Accounts
from lambda_function.services.person_events import note_person
from lambda_function.services.waitlist import withdraw_all

Document = dict[str, Any]
SPAN = 5000


def page(
    database: Database,
    *,
    user_type: Role | None = None,
    clinic: str | None = None,
    active: bool | None = None,
    q: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> Document:
    """`items` in the order of user_id, and `next_after`, which is null on the last page. Looks at SPAN ids a
    transaction: there may be hardly anybody whom it is asked for.
    """

    def begin(work: UnitOfWork) -> tuple[int | None, int]:
        directory = Directory(work.session)
        return None if clinic is None else _clinic_ids(directory, [clinic])[0], directory.last_id()

    clinic_id, last_id = database.transact(begin, commit=False)
    items: list[Document] = []

    def run(work: UnitOfWork, start: int) -> list[Document]:
        directory = Directory(work.session)
        rows = directory.page(
            role=user_type,
            clinic_id=clinic_id,
            active=active,
            prefix=q,
            after=start,
            until=start + SPAN,
            limit=limit + 1 - len(items),
        )
        return _documents(directory, rows)

    for start in range(after, last_id, SPAN):
        items += database.transact(partial(run, start=start), commit=False)
        if len(items) > limit:
            return {"items": items[:limit], "next_after": items[limit - 1]["user_id"]}
    return {"items": items, "next_after": None}


def create(
    database: Database,
    accounts: Accounts | None,
    *,
    user_name: str,
    user_type: Role,
    full_name: str,
    email: str | None = None,
    phone: str | None = None,
    clinics: Sequence[str] = (),
    treatments: Sequence[str] = (),
) -> Document:
    """The person, `created` false when there was just this one already, `active` or not, and `account`: `linked`, or
    `none` without a pool or an e-mail. With a pool, the same command again makes the account that is still missing.

    Raises InvalidInputError, NameTakenError, and UnavailableError when the person is there and the account is not.
    """
    if accounts is not None and email is None and user_type is not Role.PATIENT:
        raise InvalidInputError("The account of staff needs an e-mail.", field="email")
    if accounts is not None and email is not None and not _is_linked(database, user_name):
        accounts.check_free(user_name, email)
    person = _NewPerson(user_name, user_type, full_name, email, phone)
    created = database.transact(partial(_create, person=person, clinics=clinics, treatments=treatments))
    if accounts is not None and email is not None and not _is_linked(database, user_name):
        _link(database, accounts, user_name, email)
    shown = _shown(database, user_name)
    return {**shown, "created": created, "account": "linked" if shown["linked"] else "none"}


@dataclass(frozen=True, slots=True)
class _NewPerson:
    user_name: str
    role: Role
    full_name: str
    email: str | None
    phone: str | None

    def is_like(self, row: AnyRow) -> bool:
        known = (row.user_type, row.full_name, row.email, row.phone)
        return known == (self.role, self.full_name, self.email, self.phone)


def _create(work: UnitOfWork, person: _NewPerson, clinics: Sequence[str], treatments: Sequence[str]) -> bool:
    """False when there is this very person already."""
    directory = Directory(work.session)
    known = directory.find(person.user_name)
    if known is not None:
        if person.is_like(known):
            return False
        raise NameTakenError("This user name is taken.", field="user_name")
    clinic_ids, treatment_ids = _places(directory, person.role, clinics, treatments, had_profile=False)
    user_id = directory.add(
        user_name=person.user_name,
        role=person.role,
        full_name=person.full_name,
        email=person.email,
        phone=person.phone,
        now=work.now,
    )
    _make(work, user_id, person.role, clinic_ids, treatment_ids)
    given = {"user_name": person.user_name, "full_name": person.full_name, "email": person.email, "phone": person.phone}
    note_person(work, user_id, PersonAction.CREATE, (name for name, value in given.items() if value is not None))
    return True


def _is_linked(database: Database, user_name: str) -> bool:
    person = database.transact(lambda work: Directory(work.session).find(user_name), commit=False)
    return person is not None and person.cognito_sub is not None


def _link(database: Database, accounts: Accounts, user_name: str, email: str) -> None:
    try:
        sub = accounts.create(user_name, email)
    except UnavailableError as error:
        detail = "The person is in the database, the account is not yet there: run the same again."
        raise UnavailableError(detail) from error

    def run(work: UnitOfWork) -> bool:
        directory = Directory(work.session)
        user_id = known_person(directory, user_name).user_id
        linked = directory.link(user_id, sub, work.now)
        if linked:
            note_person(work, user_id, PersonAction.LINK)
        return linked

    if not database.transact(run):
        raise InvalidInputError("The account belongs to another person already.", field="user_name")


def set_type(
    database: Database,
    *,
    user_name: str,
    user_type: Role,
    clinics: Sequence[str] = (),
    treatments: Sequence[str] = (),
) -> Document:
    """The person, who is something else from the next request on. What the person was before stays on record; a patient
    waits no longer, and what was on offer goes to others.

    Raises NotFoundError, InvalidInputError, and HasBookingsError for visits ahead, which nobody would attend.
    """
    offers.transact(
        database, partial(_set_type, user_name=user_name, role=user_type, clinics=clinics, treatments=treatments)
    )
    return _shown(database, user_name)


def _set_type(work: UnitOfWork, user_name: str, role: Role, clinics: Sequence[str], treatments: Sequence[str]) -> None:
    directory = Directory(work.session)
    person = known_person(directory, user_name)
    if person.user_type is role:
        raise InvalidInputError(f"This person is a {role.lower()} already.", field="user_type")
    had_profile = role in directory.profiles_of(person.user_id)
    clinic_ids, treatment_ids = _places(directory, role, clinics, treatments, had_profile=had_profile)
    _check_free(work, person)
    if not directory.set_type(person.user_id, before=person.user_type, after=role, now=work.now):
        raise ContentionError("Somebody else changed this person at the same time.")
    if person.user_type is Role.PATIENT:
        free(work, withdraw_all(work, person.user_id))
    if clinic_ids or not had_profile:
        _make(work, person.user_id, role, clinic_ids, treatment_ids)
    deactivation.end_access(work, person.user_id)
    note_person(work, person.user_id, PersonAction.SET_TYPE, ["user_type", *(["clinics"] if clinic_ids else [])])


def _check_free(work: UnitOfWork, person: AnyRow) -> None:
    """Under the locks that booking takes: what is booked at the same time is seen here, or refused there."""
    match person.user_type:
        case Role.DOCTOR:
            claims.lock_doctors(work.session, [person.user_id])
            kind = ClaimKind.DOCTOR
        case Role.PATIENT:
            claims.lock_patient(work.session, person.user_id)
            kind = ClaimKind.PATIENT
        case _:
            return
    ahead = [row.appointment_id for row in visits_ahead(work.session, kind, person.user_id, work.now)]
    if ahead:
        raise HasBookingsError("There are visits ahead.", ahead)


def deactivate(
    database: Database,
    accounts: Accounts | None,
    *,
    user_name: str,
    cancel_visits: bool = False,
    keep_visits: bool = False,
) -> Document:
    """`appointment_ids` are the visits ahead that were cancelled (a patient's) or stay for a reception to move
    (a doctor's); `deactivated` is false when the person was inactive already; `account` says `disabled` or `none`.

    Raises NotFoundError, InvalidInputError, HasBookingsError for visits ahead unless told what to do with them, and
    UnavailableError when the person is deactivated but the account could not be disabled.
    """
    person, ids = close(database, user_name, cancel_visits=cancel_visits, keep_visits=keep_visits)
    return {
        "user_id": person.user_id,
        "user_name": user_name,
        "deactivated": person.active,
        "appointment_ids": ids,
        "account": "disabled" if _disable(accounts, person.cognito_sub) else "none",
    }


def _disable(accounts: Accounts | None, sub: str | None) -> bool:
    if accounts is None or sub is None:
        return False
    try:
        return accounts.disable(sub)
    except UnavailableError as error:
        detail = "The person may do nothing any more, but the account is not disabled yet: run the same again."
        raise UnavailableError(detail) from error


def activate(database: Database, accounts: Accounts | None, *, user_name: str) -> Document:
    """Undoes `deactivate`, but for visits and waiting, which stay cancelled. `activated` is false when the person was
    active already; `account` says `enabled` or `none`.

    Raises NotFoundError, and UnavailableError when the person is active but the account could not be enabled.
    """

    def run(work: UnitOfWork) -> tuple[AnyRow, bool]:
        directory = Directory(work.session)
        person = known_person(directory, user_name)
        activated = deactivation.reopen(work, person.user_id, person.user_type)
        # Whoever was erased while this waited for the lock is known no more.
        return known_person(directory, user_name), activated

    person, activated = database.transact(run)
    return {
        "user_id": person.user_id,
        "user_name": user_name,
        "activated": activated,
        "account": "enabled" if _enable(accounts, person.cognito_sub) else "none",
    }


def _enable(accounts: Accounts | None, sub: str | None) -> bool:
    if accounts is None or sub is None:
        return False
    try:
        return accounts.enable(sub)
    except UnavailableError as error:
        detail = "The person is active again, but the account is not enabled yet: run the same again."
        raise UnavailableError(detail) from error


def close(
    database: Database, user_name: str, *, cancel_visits: bool, keep_visits: bool = False
) -> tuple[AnyRow, list[int]]:
    """Deactivates a person, a patient with visits ahead by batches, each a transaction of its own: what is stopped
    half-way is gone on with by the same again. Answers the person as the first batch found them, and the ids of the
    visits that were cancelled or kept.
    """
    run = partial(close_batch, user_name=user_name, cancel_visits=cancel_visits, keep_visits=keep_visits)
    first, left = offers.transact(database, run)
    ids = list(left.cancelled)
    while not left.closed:
        _, left = offers.transact(database, run)
        ids += left.cancelled
    return first, ids


def close_batch(work: UnitOfWork, user_name: str, *, cancel_visits: bool, keep_visits: bool) -> tuple[AnyRow, Left]:
    """One transaction of `close`: the person as found in it, and how far they have left after it."""
    person = known_person(Directory(work.session), user_name)
    if not person.active:
        return person, Left([], closed=True)
    if keep_visits and person.user_type is not Role.DOCTOR:
        raise InvalidInputError("Only a doctor's visits can stay: another doctor can take them.", field="keep_visits")
    if cancel_visits and person.user_type is not Role.PATIENT:
        raise InvalidInputError(
            "Only a patient's visits are cancelled; a reception moves a doctor's.", field="cancel_visits"
        )
    match person.user_type:
        case Role.PATIENT:
            work.act_as(operator(Directory(work.session).all_clinic_ids()))
            return person, leave_by_batches(work, person.user_id, cancel_visits=cancel_visits)
        case Role.DOCTOR:
            kept = deactivate_doctor(work, person.user_id, accept_conflicts=keep_visits)
            return person, Left(kept, closed=True)
        case _:
            deactivation.close(work, person.user_id, person.user_type)
            return person, Left([], closed=True)


def known_person(directory: Directory, user_name: str, *, leaving: bool = False) -> AnyRow:
    """The row of the directory; `leaving` as there. Raises NotFoundError."""
    person = directory.find(user_name, leaving=leaving)
    if person is None:
        raise NotFoundError("There is no such person.")
    return person


def _shown(database: Database, user_name: str) -> Document:
    def run(work: UnitOfWork) -> Document:
        directory = Directory(work.session)
        return _documents(directory, [known_person(directory, user_name)])[0]

    return database.transact(run, commit=False)


def _documents(directory: Directory, rows: Sequence[AnyRow]) -> list[Document]:
    clinics = directory.clinics_of([row.user_id for row in rows]) if rows else {}
    return [
        {
            "user_id": row.user_id,
            "user_name": row.user_name,
            "user_type": row.user_type,
            "full_name": row.full_name,
            "email": row.email,
            "phone": row.phone,
            "active": row.active,
            "linked": row.cognito_sub is not None,
            "clinics": clinics[row.user_id],
        }
        for row in rows
    ]


def _make(work: UnitOfWork, user_id: int, role: Role, clinic_ids: Sequence[int], treatment_ids: Sequence[int]) -> None:
    directory = Directory(work.session)
    match role:
        case Role.PATIENT:
            directory.make_patient(user_id, clinic_ids, work.now)
        case Role.DOCTOR:
            directory.make_doctor(user_id, clinic_ids[0], treatment_ids)
        case Role.RECEPTIONIST:
            directory.make_receptionist(user_id, clinic_ids)


def _places(
    directory: Directory, role: Role, clinics: Sequence[str], treatments: Sequence[str], *, had_profile: bool
) -> tuple[list[int], list[int]]:
    """The ids of clinics and treatments, which must suit the role. Who comes back to a role may leave them out."""
    if role is Role.DOCTOR and (len(clinics) > 1 or not (clinics or had_profile)):
        raise InvalidInputError("A doctor works in one clinic.", field="clinics")
    if role is Role.RECEPTIONIST and not (clinics or had_profile):
        raise InvalidInputError("A receptionist works in at least one clinic.", field="clinics")
    if treatments and not (role is Role.DOCTOR and clinics):
        raise InvalidInputError("Treatments are for a doctor in a clinic.", field="treatments")
    return _clinic_ids(directory, clinics), _in_order(
        treatments,
        directory.treatment_ids(treatments),
        InvalidInputError("There is no such treatment.", field="treatments"),
    )


def _clinic_ids(directory: Directory, names: Sequence[str]) -> list[int]:
    return _in_order(names, directory.clinic_ids(names), InvalidInputError("There is no such clinic.", field="clinics"))


def _in_order(names: Collection[str], ids: Mapping[str, int], refusal: InvalidInputError) -> list[int]:
    if not set(names) <= set(ids):
        raise refusal
    return [ids[name] for name in names]
