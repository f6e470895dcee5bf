"""Operators create, change and deactivate people."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from lambda_function.db.models import ClaimKind
from lambda_function.db.repositories import claims, directory, recalls
from lambda_function.db.repositories.busy import visits_ahead
from lambda_function.db.repositories.directory import DirectoryEntry
from lambda_function.db.repositories.people import add_user
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
from lambda_function.domain.people import NewUser, PersonAction
from lambda_function.domain.person_words import sought_words
from lambda_function.services import deactivation, guardians, offers
from lambda_function.services.deactivation import DeactivationProgress, deactivate_by_batches, deactivate_doctor
from lambda_function.services.freed_hours import free_all_time
from lambda_function.services.offers import record_freed_time
from lambda_function.services.operators.accounts import Accounts
from lambda_function.services.operators.arguments import Deactivation, TypeChange, UserCreation, UserFilter
from lambda_function.services.operators.clinics import unknown_clinic
from lambda_function.services.person_events import note_person
from lambda_function.services.recalls import dismiss_locked
from lambda_function.services.waitlist import withdraw_all

Document = dict[str, Any]
# Why the recalls of a patient end who becomes staff.
_NO_PATIENT = "No longer a patient"
# The number of ids that one transaction of a list reads.
SPAN = 5000


def page(database: Database, wanted: UserFilter) -> Document:
    """Returns `items` in the order of user_id, and `next_after`, which is None on the last page. Each transaction reads
    SPAN ids, because there may be hardly anybody who fits the filter.
    """

    def begin(work: UnitOfWork) -> tuple[int | None, int]:
        clinic_id = None if wanted.clinic is None else _clinic_ids(work.session, [wanted.clinic])[0]
        return clinic_id, directory.last_id(work.session)

    words = sought_words(wanted.q or "")
    if wanted.q is not None and not words:
        return {"items": [], "next_after": None}
    clinic_id, last_id = database.transact(begin, commit=False)
    items: list[Document] = []

    def read(work: UnitOfWork, start: int) -> list[Document]:
        entries = directory.page(
            work.session,
            role=wanted.user_type,
            clinic_id=clinic_id,
            active=wanted.active,
            words=words,
            after=start,
            until=start + SPAN,
            limit=wanted.limit + 1 - len(items),
        )
        return _documents(work.session, entries)

    for start in range(wanted.after, last_id, SPAN):
        items += database.transact(partial(read, start=start), commit=False)
        if len(items) > wanted.limit:
            return {"items": items[: wanted.limit], "next_after": items[wanted.limit - 1]["user_id"]}
    return {"items": items, "next_after": None}


def create(database: Database, accounts: Accounts | None, wanted: UserCreation) -> Document:
    """Returns the person; `created`, which is false if this very person already existed, `active` or not; and
    `account`: `linked`, or `none` without a pool or an e-mail. With a pool, the same command again makes the account
    that is missing.

    Raises InvalidInputError, NameTakenError, and UnavailableError if the person was created but the account was not.
    """
    user_name, email = wanted.user_name, wanted.email
    if accounts is not None and email is None and wanted.user_type is not Role.PATIENT:
        raise InvalidInputError("An account for staff needs an e-mail address. Give one.", field="email")
    if accounts is not None and email is not None and not _is_linked(database, user_name):
        accounts.check_free(user_name, email)
    created = database.transact(partial(_create, wanted=wanted))
    if accounts is not None and email is not None and not _is_linked(database, user_name):
        _link(database, accounts, user_name, email)
    shown = _shown(database, user_name)
    return {**shown, "created": created, "account": "linked" if shown["linked"] else "none"}


def _create(work: UnitOfWork, wanted: UserCreation) -> bool:
    """Creates the person. Returns False if this very person already exists."""
    user = wanted.new_user()
    known = directory.find(work.session, user.user_name)
    if known is not None:
        if _is_known_as(user, known):
            return False
        raise NameTakenError("This user name is taken.", field="user_name")
    clinic_ids, treatment_ids = _profile_ids(work.session, wanted, had_profile=False)
    user_id = add_user(work.session, user, work.now)
    _make_profile(work, user_id, user.user_type, clinic_ids, treatment_ids)
    note_person(work, user_id, PersonAction.CREATE, user.fields_entered)
    return True


def _is_known_as(user: NewUser, known: DirectoryEntry) -> bool:
    """Returns whether the person with this user name has the same type, name and contact data."""
    told = ("user_type", "full_name", "email", "phone")
    return all(getattr(known, name) == getattr(user, name) for name in told)


def _is_linked(database: Database, user_name: str) -> bool:
    person = database.transact(lambda work: directory.find(work.session, user_name), commit=False)
    return person is not None and person.cognito_sub is not None


def _link(database: Database, accounts: Accounts, user_name: str, email: str) -> None:
    try:
        sub = accounts.create(user_name, email)
    except UnavailableError as error:
        detail = "The person is in the database, the account is not yet there: run the same again."
        raise UnavailableError(detail) from error

    def run(work: UnitOfWork) -> bool:
        user_id = known_person(work.session, user_name).user_id
        linked = directory.link(work.session, user_id, sub, work.now)
        if linked:
            note_person(work, user_id, PersonAction.LINK)
        return linked

    if not database.transact(run):
        raise InvalidInputError("The account already belongs to another person.", field="user_name")


def set_type(database: Database, wanted: TypeChange) -> Document:
    """Returns the person, who has the new role from the next request on. What the person was before stays on record. A
    patient no longer waits, and what was on offer goes to others; nor are they recalled, nor do they act for anybody,
    or anybody for them. The time of whoever is a doctor again is offered.

    Raises NotFoundError, InvalidInputError, and HasBookingsError for future visits, which nobody would attend.
    """
    offers.transact_and_offer(database, partial(_set_type, wanted=wanted))
    return _shown(database, wanted.user_name)


def _set_type(work: UnitOfWork, wanted: TypeChange) -> None:
    role = wanted.user_type
    person = known_person(work.session, wanted.user_name)
    if person.user_type is role:
        raise InvalidInputError(f"This person is a {role.lower()} already.", field="user_type")
    had_profile = role in directory.profiles_of(work.session, person.user_id)
    clinic_ids, treatment_ids = _profile_ids(work.session, wanted, had_profile=had_profile)
    _check_free(work, person)
    if not directory.set_type(work.session, person.user_id, before=person.user_type, after=role, now=work.now):
        raise ContentionError("Another operator changed this person at the same time; try again.")
    if person.user_type is Role.PATIENT:
        record_freed_time(work, withdraw_all(work, person.user_id))
        dismiss_locked(work, recalls.open_of(work.session, person.user_id), _NO_PATIENT)
        guardians.remove_all(work, person.user_id)
    if clinic_ids or not had_profile:
        _make_profile(work, person.user_id, role, clinic_ids, treatment_ids)
    if role is Role.DOCTOR:
        free_all_time(work, [person.user_id])
    deactivation.end_access(work, person.user_id)
    note_person(work, person.user_id, PersonAction.SET_TYPE, ["user_type", *(["clinics"] if clinic_ids else [])])


def _check_free(work: UnitOfWork, person: DirectoryEntry) -> None:
    """Raises HasBookingsError for future visits. Takes the locks that booking takes: a simultaneous booking is either
    seen here or refused there.
    """
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
        raise HasBookingsError("The person has visits ahead. Cancel or move them first.", ahead)


def deactivate(database: Database, accounts: Accounts | None, wanted: Deactivation) -> Document:
    """Deactivates a person. `appointment_ids` are the future visits that were cancelled (a patient's) or stay for a
    reception to move (a doctor's). `deactivated` is false if the person was already inactive. `account` is `disabled`
    or `none`.

    Raises NotFoundError, InvalidInputError, HasBookingsError for future visits unless the arguments say what to do with
    them, and UnavailableError if the person is deactivated but the account could not be disabled.
    """
    person, ids = deactivate_in_batches(database, wanted)
    return {
        "user_id": person.user_id,
        "user_name": wanted.user_name,
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


def activate(database: Database, accounts: Accounts | None, user_name: str) -> Document:
    """Undoes `deactivate`, except for visits and waiting, which stay cancelled. A doctor's time is offered to those who
    wait. `activated` is false if the person was already active. `account` is `enabled` or `none`.

    Raises NotFoundError, and UnavailableError if the person is active but the account could not be enabled.
    """

    def run(work: UnitOfWork) -> tuple[DirectoryEntry, bool]:
        person = known_person(work.session, user_name)
        activated = deactivation.reactivate(work, person.user_id, person.user_type)
        # A person who was erased while this waited for the lock is no longer found.
        return known_person(work.session, user_name), activated

    person, activated = offers.transact_and_offer(database, run)
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


def deactivate_in_batches(database: Database, wanted: Deactivation) -> tuple[DirectoryEntry, list[int]]:
    """Deactivates a person. A patient with future visits is deactivated in batches, each in its own transaction: after
    an interruption, the same call continues. Returns the person as the first batch found them, and the ids of the
    visits that were cancelled or kept.
    """
    run = partial(deactivate_batch, wanted=wanted)
    first, progress = offers.transact_and_offer(database, run)
    ids = list(progress.appointment_ids)
    while not progress.closed:
        _, progress = offers.transact_and_offer(database, run)
        ids += progress.appointment_ids
    return first, ids


def deactivate_batch(work: UnitOfWork, wanted: Deactivation) -> tuple[DirectoryEntry, DeactivationProgress]:
    """Runs one transaction of `deactivate_in_batches`. Returns the person as found in it, and the progress after it."""
    person = known_person(work.session, wanted.user_name)
    if not person.active:
        return person, DeactivationProgress([], closed=True)
    if wanted.keep_visits and person.user_type is not Role.DOCTOR:
        raise InvalidInputError(
            "Only a doctor's visits can be kept, since another doctor can take them over.", field="keep_visits"
        )
    if wanted.cancel_visits and person.user_type is not Role.PATIENT:
        raise InvalidInputError(
            "Only a patient's visits are cancelled; a reception moves a doctor's.", field="cancel_visits"
        )
    match person.user_type:
        case Role.PATIENT:
            work.act_as(operator(directory.all_clinic_ids(work.session)))
            return person, deactivate_by_batches(work, person.user_id, cancel_visits=wanted.cancel_visits)
        case Role.DOCTOR:
            kept = deactivate_doctor(work, person.user_id, accept_conflicts=wanted.keep_visits)
            return person, DeactivationProgress(kept, closed=True)
        case _:
            deactivation.deactivate(work, person.user_id, person.user_type)
            return person, DeactivationProgress([], closed=True)


def known_person(session: Session, user_name: str, *, leaving: bool = False) -> DirectoryEntry:
    """Returns the person whom `directory.find` finds. Raises NotFoundError."""
    person = directory.find(session, user_name, leaving=leaving)
    if person is None:
        raise NotFoundError("There is no such person.")
    return person


def _shown(database: Database, user_name: str) -> Document:
    def run(work: UnitOfWork) -> Document:
        return _documents(work.session, [known_person(work.session, user_name)])[0]

    return database.transact(run, commit=False)


def _documents(session: Session, people: Sequence[DirectoryEntry]) -> list[Document]:
    clinics = directory.clinics_of(session, [person.user_id for person in people]) if people else {}
    return [
        {
            **{name: value for name, value in person._asdict().items() if name != "cognito_sub"},
            "linked": person.cognito_sub is not None,
            "clinics": clinics[person.user_id],
        }
        for person in people
    ]


def _make_profile(
    work: UnitOfWork, user_id: int, role: Role, clinic_ids: Sequence[int], treatment_ids: Sequence[int]
) -> None:
    match role:
        case Role.PATIENT:
            directory.make_patient(work.session, user_id, clinic_ids, work.now)
        case Role.DOCTOR:
            directory.make_doctor(work.session, user_id, clinic_ids[0], treatment_ids)
        case Role.RECEPTIONIST:
            directory.make_receptionist(work.session, user_id, clinic_ids)


def _profile_ids(
    session: Session, wanted: UserCreation | TypeChange, *, had_profile: bool
) -> tuple[list[int], list[int]]:
    """Returns the ids of clinics and treatments, which must suit the role. A person who comes back to a role may leave
    them out.
    """
    role, clinics, treatments = wanted.user_type, wanted.clinics, wanted.treatments
    if role is Role.DOCTOR and (len(clinics) > 1 or not (clinics or had_profile)):
        raise InvalidInputError("A doctor works in one clinic.", field="clinics")
    if role is Role.RECEPTIONIST and not (clinics or had_profile):
        raise InvalidInputError("A receptionist works in at least one clinic.", field="clinics")
    if treatments and not (role is Role.DOCTOR and clinics):
        raise InvalidInputError("Treatments are for a doctor in a clinic.", field="treatments")
    return _clinic_ids(session, clinics), _treatment_ids(session, treatments)


def _clinic_ids(session: Session, names: Sequence[str]) -> list[int]:
    ids = directory.clinic_ids_by_name(session, names)
    if not set(names) <= set(ids):
        raise unknown_clinic(session, field="clinics")
    return [ids[name] for name in names]


def _treatment_ids(session: Session, codes: Sequence[str]) -> list[int]:
    ids = directory.treatment_ids_by_code(session, codes)
    if not set(codes) <= set(ids):
        raise InvalidInputError("There is no such treatment.", field="treatments")
    return [ids[code] for code in codes]
