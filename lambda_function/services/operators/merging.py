"""Merges two patients who are one person. One transaction decides it and moves what is ahead. What there is much of,
such as the visits of many years, moves before it in batches, and what only has to go goes after it. The same command
can be repeated to its end after any interruption. See docs/decisions/0019.
"""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from lambda_function.db.repositories import claims, idempotency, merged_people, merging, outbox
from lambda_function.db.repositories.link_codes import remove_code
from lambda_function.db.repositories.merged_people import MergedPerson
from lambda_function.db.repositories.merging import MovedVisit, Pair
from lambda_function.db.repositories.person_words import correct_words
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.errors import ContentionError, InvalidInputError, NotFoundError, UnavailableError
from lambda_function.domain.messages import MERGED, REGISTRATION_REQUESTED
from lambda_function.domain.people import PersonAction
from lambda_function.services.guardians import birth_date_changed
from lambda_function.services.offers import record_freed_time, transact_and_offer
from lambda_function.services.operators.accounts import Accounts
from lambda_function.services.operators.arguments import Merger
from lambda_function.services.operators.erasing import remove_answers
from lambda_function.services.operators.merge_plan import (
    AccountFate,
    MergePlan,
    check_collisions,
    check_pair,
    contact_values,
    read_plan,
    shown,
)
from lambda_function.services.person_events import note_person
from lambda_function.services.recalls import dismiss_locked
from lambda_function.services.visits import tell
from lambda_function.services.waitlist import withdraw_locked

# The batch sizes for visits, each with its doctor's lock, and for other rows.
VISITS, ROWS = 100, 1000
# The last transaction moves at most so many visits that are over, ended wishes, or ended recalls.
AT_ONCE = 1000
# Why a recall ends if both have an open one for the same treatment.
_TWICE = "Merged with another recall"

_ID, _NAME = "id:", "name:"
# Once a merge is finished, nothing tells whose name the source had.
_NO_SOURCE = (
    "There is no such person. If you have merged them before, it is done: `person events` for INTO shows MERGE."
)

Document = dict[str, Any]
Watch = Callable[[Iterator[int]], Iterator[int]]


def merge(database: Database, accounts: Accounts | None, wanted: Merger, watch: Watch = iter) -> Document:
    """Makes one patient of two: everything of `source` becomes that of `target`, and only a number is left of it. With
    `plan`, it only says what it would do. `merged` is whether this call did it: it is False for a plan, and for two who
    had been merged before, for whom it only does what was left undone. `account` is what became of the account of
    `source`: `none`, `moved` or `closed`.

    Raises what read_plan raises, ContentionError, and UnavailableError if the people are merged but the account is not
    closed yet.
    """
    source, target, done = database.transact(partial(_find_both, wanted=wanted), commit=False)
    pair = Pair(source.user_id, target.user_id)
    if done and wanted.plan:
        raise InvalidInputError("They have been merged already.", field="source")
    if done:
        closed = _finish(database, accounts, pair, watch)
        account = AccountFate.CLOSED if closed else AccountFate.NONE
        return {"source": shown(source), "target": shown(target), "merged": False, "account": account.value}
    plan = database.transact(partial(read_plan, pair=pair, close_account=wanted.close_account), commit=False)
    if wanted.plan:
        return {**plan.document, "merged": False}
    decide = partial(_decide, pair=pair, close_account=wanted.close_account)
    final: MergePlan | None = None
    while final is None:
        for _ in watch(_batches(database, pair)):
            pass
        final = transact_and_offer(database, decide)
    closed = _finish(database, accounts, pair, watch)
    account = AccountFate.NONE if final.account is AccountFate.CLOSED and not closed else final.account
    # The batches have moved some already.
    moved = {"visits": max(plan.visits, final.visits), "recalls": max(plan.recalls, final.recalls)}
    return {**final.document, **moved, "merged": True, "account": account.value}


def _find_both(work: UnitOfWork, wanted: Merger) -> tuple[MergedPerson, MergedPerson, bool]:
    """Returns both people, and whether the one has been merged into the other, directly or through others."""
    source = _find(work.session, wanted.source, "source")
    target = _find(work.session, wanted.target, "target")
    chain, _ = merged_people.leads_to(work.session, source)
    return source, target, target.user_id in chain


def _find(session: Session, written: str, field: str) -> MergedPerson:
    """Returns the person with this user name or id. `id:7` is an id and `name:7` a user name. Digits alone are either,
    and are refused if they are the id of one person and the user name of another.
    """
    if written.startswith(_ID):
        found = _by_id(session, written.removeprefix(_ID))
    elif written.startswith(_NAME):
        found = merged_people.find_by_name(session, written.removeprefix(_NAME))
    else:
        by_id, found = _by_id(session, written), merged_people.find_by_name(session, written)
        if by_id is not None and found is not None and by_id.user_id != found.user_id:
            raise InvalidInputError(
                f"This is the id of one person and the user name of another. Write {_ID} or {_NAME} before it.",
                field=field,
            )
        found = found or by_id
    if found is None:
        raise NotFoundError(_NO_SOURCE if field == "source" else "There is no such person.", field=field)
    return found


def _by_id(session: Session, written: str) -> MergedPerson | None:
    is_id = written.isascii() and written.isdigit() and len(written) < len(str(2**63))
    return merged_people.find_by_id(session, int(written)) if is_id else None


def _batches(database: Database, pair: Pair) -> Iterator[int]:
    """Moves what is over, if it is too much for one transaction. Both people stay what they are meanwhile. Yields how
    many rows each batch has moved.
    """
    if not database.transact(partial(_is_much, source_id=pair.source_id), commit=False):
        return
    after = 0
    while done := database.transact(partial(_move_over, pair=pair, after=after)):
        after = done[-1]
        yield len(done)
    for move in (_move_ended_wishes, _move_ended_recalls):
        while moved := database.transact(partial(move, pair=pair)):
            yield moved


def _is_much(work: UnitOfWork, source_id: int) -> bool:
    return max(merging.amounts(work.session, source_id, work.now, AT_ONCE + 1)) > AT_ONCE


def _move_over(work: UnitOfWork, pair: Pair, after: int) -> list[int]:
    """Moves the next visits that are over, and returns their ids. Takes the locks of those who write about visits."""
    visits = merging.visits_over(work.session, pair.source_id, work.now, after, VISITS)
    if not visits:
        return []
    claims.lock_doctors(work.session, {visit.doctor_id for visit in visits})
    claims.lock_patients(work.session, pair)
    check_pair(work, pair, lock=True)
    check_collisions(work, pair)
    return _move_visits(work, pair, visits)


def _move_visits(work: UnitOfWork, pair: Pair, visits: Collection[MovedVisit]) -> list[int]:
    """Moves the visits, tells other systems of their new versions, and returns their ids."""
    ids = [visit.appointment_id for visit in visits]
    merging.move_visits(work.session, visits, pair, work.now)
    if ids:
        tell(work, MERGED, outbox.visits_to_tell(work.session, ids))
    return ids


def _move_ended_wishes(work: UnitOfWork, pair: Pair) -> int:
    claims.lock_patients(work.session, pair)
    check_pair(work, pair, lock=True)
    return merging.move_ended_wishes(work.session, pair, ROWS)


def _move_ended_recalls(work: UnitOfWork, pair: Pair) -> int:
    claims.lock_patients(work.session, pair)
    check_pair(work, pair, lock=True)
    return merging.move_ended_recalls(work.session, pair, work.now, ROWS)


def _decide(work: UnitOfWork, pair: Pair, *, close_account: bool) -> MergePlan | None:
    """Merges the two, in one transaction. Returns what it did, or None if there is too much for it by now: then run the
    batches again.

    It holds the locks of all doctors and of all patients concerned. A booking for `source` at the same time is either
    seen here and moved, or refused because the person is gone.
    """
    if _is_much(work, pair.source_id):
        return None
    doctors = {visit.doctor_id for visit in merging.all_visits(work.session, pair.source_id)}
    people = set(pair) | _related(work, pair)
    claims.lock_doctors(work.session, doctors)
    claims.lock_patients(work.session, people)
    plan = read_plan(work, pair, close_account=close_account, locked=True)
    visits = merging.all_visits(work.session, pair.source_id)
    if not ({visit.doctor_id for visit in visits} <= doctors and _related(work, pair) <= people):
        raise ContentionError("One of the patients was changed at the same time; try again.")
    if _is_much(work, pair.source_id):
        return None
    _move(work, pair, plan, visits)
    _close(work, plan)
    return plan


def _related(work: UnitOfWork, pair: Pair) -> set[int]:
    """Returns those who act for one of the two, and those for whom one of them acts."""
    rows = merging.guardianships(work.session, pair)
    return {user_id for row in rows for user_id in (row.guardian_id, row.patient_id)}


def _move(work: UnitOfWork, pair: Pair, plan: MergePlan, visits: list[MovedVisit]) -> None:
    session = work.session
    _move_visits(work, pair, visits)
    record_freed_time(work, withdraw_locked(work, plan.ended))
    merging.move_wishes(session, pair)
    dismiss_locked(work, plan.recalls_ended, _TWICE)
    merging.move_recalls(session, pair, work.now)
    merging.move_guardians(session, plan.guardians)
    merging.move_identifiers(session, pair)
    merging.move_imports(session, pair)
    merging.move_notifications(session, pair)
    merging.move_clinics(session, pair, work.now)


def _close(work: UnitOfWork, plan: MergePlan) -> None:
    """Ends the one person, whose account can then become the other's."""
    source, target = plan.source, plan.target
    merging.end_access(work.session, source.user_id)
    keep_account = plan.account is AccountFate.CLOSED
    merging.close(work.session, source, target.user_id, keep_account=keep_account, now=work.now)
    values, changed = contact_values(plan), set(plan.filled)
    if plan.account is AccountFate.MOVED:
        values["cognito_sub"] = source.cognito_sub
        changed.add("account")
        remove_code(work.session, target.user_id)
    merging.change_person(work.session, target.user_id, values, work.now)
    if "birth_date" in plan.filled or plan.guardians:
        birth_date_changed(work, target.user_id, plan.filled.get("birth_date", target.birth_date))
    correct_words(work.session, [target.user_id])
    note_person(work, source.user_id, PersonAction.MERGE)
    note_person(work, target.user_id, PersonAction.MERGE, changed)


def _finish(database: Database, accounts: Accounts | None, pair: Pair, watch: Watch) -> bool:
    """Has visits registered again, removes kept answers, then the account, and the name last. Returns whether an
    account was deleted.
    """
    source_id = pair.source_id
    for _ in watch(_register_again(database, pair.target_id)):
        pass
    for _ in watch(remove_answers(database, source_id)):
        pass
    person = database.transact(lambda work: merged_people.find_by_id(work.session, source_id), commit=False)
    closed = False
    if accounts is not None and person is not None and person.cognito_sub is not None:
        try:
            closed = accounts.delete(person.cognito_sub)
        except UnavailableError as error:
            detail = "The people are merged, but the account is not closed yet: run the same again."
            raise UnavailableError(detail) from error
    while not database.transact(partial(_forget, source_id=source_id)):
        pass
    return closed


def _register_again(database: Database, target_id: int) -> Iterator[int]:
    """Asks the registers of countries to read again what they have of the person, whose insurance identifier there may
    be one that was the other person's. Most of the visits that moved did so before the identifiers.
    """
    after = 0
    while done := database.transact(partial(_ask_to_register, user_id=target_id, after=after)):
        after = done[-1]
        yield len(done)


def _ask_to_register(work: UnitOfWork, user_id: int, after: int) -> list[int]:
    ids = merging.insured_visits(work.session, user_id, after, ROWS)
    if ids:
        tell(work, REGISTRATION_REQUESTED, outbox.visits_to_tell(work.session, ids))
    return ids


def _forget(work: UnitOfWork, source_id: int) -> bool:
    """Removes the name, and the answers that were kept since the batches, as erasing does. Returns False if there are
    too many of them: then call it again.
    """
    claims.lock_patient(work.session, source_id)
    for remove in (idempotency.remove_answers_about, idempotency.remove_answers_of):
        if remove(work.session, source_id, ROWS) == ROWS:
            return False
    person = merged_people.find_by_id(work.session, source_id)
    if person is not None and person.user_name != merged_people.merged_name(source_id):
        merging.forget_name(work.session, source_id, work.now)
    return True
