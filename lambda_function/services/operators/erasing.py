"""Erases a patient for good, in batches, each in its own transaction, in an order that can be repeated to its end after
any interruption. The name by which the command finds the person goes last. See docs/decisions/0012.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from lambda_function.db.repositories import claims, directory, erasing, idempotency, outbox
from lambda_function.db.repositories.directory import DirectoryEntry
from lambda_function.db.repositories.idempotency import Attribution
from lambda_function.db.repositories.keyset import Position
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import ContentionError, ForbiddenError
from lambda_function.domain.messages import ERASED
from lambda_function.domain.people import PersonAction
from lambda_function.services import guardians
from lambda_function.services.idempotency import named_in
from lambda_function.services.operators.accounts import Accounts
from lambda_function.services.operators.arguments import Deactivation, Erasure
from lambda_function.services.operators.users import deactivate_in_batches, known_person
from lambda_function.services.person_events import note_person
from lambda_function.services.visits import tell

# The batch sizes for visits, each with its doctor's lock, and for rows that are only deleted.
VISITS, ROWS = 100, 1000

Watch = Callable[[Iterator[int]], Iterator[int]]


def erase(database: Database, accounts: Accounts | None, wanted: Erasure, watch: Watch = iter) -> dict[str, Any]:
    """Erases a patient: only the times, places and treatments of the visits are kept, and a number for the person. If
    it fails half-way, the same command finishes it. `watch` passes the batches on, each as the number of rows that it
    handled.

    Raises NotFoundError, ForbiddenError for staff, whose names belong to the records of their patients,
    HasBookingsError for future visits that are not to be cancelled, and UnavailableError.
    """
    user_name = wanted.user_name
    if database.transact(partial(_is_active, user_name=user_name), commit=False):
        deactivate_in_batches(database, Deactivation(user_name=user_name, cancel_visits=wanted.cancel_visits))
    person = database.transact(partial(_mark, user_name=user_name))
    user_id = person.user_id
    for _ in watch(_batches(database, user_id)):
        pass
    deleted = accounts is not None and person.cognito_sub is not None and accounts.delete(person.cognito_sub)
    name = f"erased:{user_id}"  # no user name that anybody could have chosen
    while not database.transact(partial(_forget, user_id=user_id, name=name)):
        pass
    return {"user_id": user_id, "user_name": name, "account": "deleted" if deleted else "none"}


def _is_active(work: UnitOfWork, user_name: str) -> bool:
    person = known_person(work.session, user_name, leaving=True)
    if directory.profiles_of(work.session, person.user_id) != {Role.PATIENT}:
        raise ForbiddenError("Staff cannot be erased: patient records name them. Deactivate the person instead.")
    return person.active


def _mark(work: UnitOfWork, user_name: str) -> DirectoryEntry:
    """Marks the person as erased, so that nobody writes anything more about them: writers hold the patient's lock and
    check the mark. Returns the person as they are under the lock, when no account can be linked any more.
    """
    person = known_person(work.session, user_name, leaving=True)
    claims.lock_patient(work.session, person.user_id)
    if not erasing.mark(work.session, person.user_id, work.now):
        raise ContentionError("This person was reactivated at the same time. Run the command again.")
    return known_person(work.session, user_name, leaving=True)


def _batches(database: Database, user_id: int) -> Iterator[int]:
    """Removes kept answers, then texts, then the waitlist and the recalls."""
    yield from remove_answers(database, user_id)
    after = 0
    while done := database.transact(partial(_forget_visits, user_id=user_id, after=after)):
        after = done[-1]
        yield len(done)
    for remove in (erasing.remove_waiting, erasing.remove_recalls):
        yield from _emptied(database, partial(remove, user_id=user_id, limit=ROWS))


def remove_answers(database: Database, user_id: int) -> Iterator[int]:
    """Removes the kept answers to a person and about them in batches, and yields how many rows each handled."""
    for remove in (idempotency.remove_answers_about, idempotency.remove_answers_of):
        yield from _emptied(database, partial(remove, user_id=user_id, limit=ROWS))
    yield from _unattributed(database, user_id)


def _emptied(database: Database, remove: Callable[..., int]) -> Iterator[int]:
    while removed := database.transact(lambda work: remove(work.session)):
        yield removed


def _unattributed(database: Database, user_id: int) -> Iterator[int]:
    """Reads the answers without a record of whom they are about: those of the last release, and those about nobody."""
    after: Position | None = None
    while rows := database.transact(partial(_read_answers, user_id=user_id, after=after)):
        after = rows[-1].position
        yield len(rows)


def _read_answers(work: UnitOfWork, user_id: int, after: Position | None) -> Sequence[Attribution]:
    """Reads the next of all answers, and removes those that name the person."""
    rows = idempotency.attributions(work.session, after, ROWS)
    unknown = [(row.user_id, row.key_hash) for row in rows if not row.attributed]
    if unknown:
        bodies = idempotency.bodies(work.session, unknown)
        idempotency.remove(
            work.session, [(row.user_id, row.key_hash) for row in bodies if user_id in named_in(row.body)]
        )
    return rows


def _forget_visits(work: UnitOfWork, user_id: int, after: int) -> list[int]:
    """Erases the texts of the next visits and returns their ids. Takes the locks of those who write about visits.

    Other systems learn of the new versions. The person is marked by now, so registers hold no identifier any more.
    """
    rows = erasing.next_visits(work.session, user_id, after, VISITS)
    if not rows:
        return []
    claims.lock_doctors(work.session, {row.doctor_id for row in rows})
    claims.lock_patient(work.session, user_id)
    ids = [row.appointment_id for row in rows]
    erasing.forget_words(work.session, ids, work.now)
    tell(work, ERASED, outbox.visits_to_tell(work.session, ids))
    return ids


def _forget(work: UnitOfWork, user_id: int, name: str) -> bool:
    """Erases the rest, and the name. Returns False if there is too much of it for one transaction: then call it again.

    A request that is about to keep an answer with the name holds the patient's lock until it is kept. Answers kept
    since the batches are therefore seen here, and no more can follow.
    """
    claims.lock_patient(work.session, user_id)
    for remove in (
        idempotency.remove_answers_about,
        idempotency.remove_answers_of,
        erasing.remove_waiting,
        erasing.remove_recalls,
    ):
        if remove(work.session, user_id, ROWS) == ROWS:
            return False
    guardians.remove_all(work, user_id)
    erasing.forget_person(work.session, user_id, name=name, now=work.now)
    note_person(work, user_id, PersonAction.ERASE)
    return True
