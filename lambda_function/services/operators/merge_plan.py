"""What merging one patient into another would do, and what refuses it. It is read before a merge, and again under its
locks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lambda_function.db.repositories import directory, merged_people, merging, recalls
from lambda_function.db.repositories.identifiers import identifiers_of
from lambda_function.db.repositories.merged_people import MergedPerson
from lambda_function.db.repositories.merging import MovedWish, Pair
from lambda_function.db.repositories.recalls import StoredRecall
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import (
    ForbiddenError,
    HasBookingsError,
    InvalidInputError,
    LinkRefusedError,
    NotFoundError,
)
from lambda_function.domain.identifiers import ScopedIdentifier
from lambda_function.domain.merging import GuardianMove, guardian_moves, surplus
from lambda_function.domain.people import trusts_email

# What the target lacks is filled in from the source.
FILLED = ("email", "phone", "birth_date", "language", "contact_by", "recalls")
_COMPARED = ("full_name", *FILLED)
# The most pairs of visits at the same time that a refusal names.
_PAIRS = 50


class AccountFate(StrEnum):
    """What becomes of the source's account: there is NONE, it is MOVED to the target, or it is CLOSED, because the
    target has one.
    """

    NONE = "none"
    MOVED = "moved"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class MergePlan:
    """`ended` are open wishes of either of the two, and `recalls_ended` open recalls for treatments for which both have
    one; `different` are names of fields.
    """

    source: MergedPerson
    target: MergedPerson
    visits: int
    visits_ahead: int
    wishes: int
    ended: Sequence[MovedWish]
    recalls: int
    recalls_ended: Sequence[StoredRecall]
    identifiers: int
    guardians: Sequence[GuardianMove]
    clinics: int
    filled: Mapping[str, Any]
    different: Sequence[str]
    account: AccountFate

    @property
    def document(self) -> dict[str, Any]:
        return {
            "source": shown(self.source),
            "target": shown(self.target),
            "visits": self.visits,
            "visits_ahead": self.visits_ahead,
            "wishes": self.wishes,
            "wishes_ended": len(self.ended),
            "recalls": self.recalls,
            "recalls_ended": len(self.recalls_ended),
            "identifiers": self.identifiers,
            "guardians": sum(move.after is not None for move in self.guardians),
            "clinics": self.clinics,
            "fields_filled": sorted(self.filled),
            "fields_different": list(self.different),
            "account": self.account.value,
        }


def shown(person: MergedPerson) -> dict[str, Any]:
    return {"user_id": person.user_id, "user_name": person.user_name, "full_name": person.full_name}


def read_plan(work: UnitOfWork, pair: Pair, *, close_account: bool, locked: bool = False) -> MergePlan:
    """Returns what a merge would do now. With `locked`, the caller holds both patients, and the rows of the people and
    of their open wishes are locked.

    Raises NotFoundError, ForbiddenError, InvalidInputError, LinkRefusedError, and HasBookingsError for visits of both
    at the same time.
    """
    source, target = check_pair(work, pair, lock=locked)
    account = _account(source, target, close_account=close_account)
    ties = merging.guardianships(work.session, pair)
    moves = guardian_moves(ties, source=pair.source_id, target=pair.target_id, today=work.today)
    check_collisions(work, pair)
    visits, ahead = merging.number_of_visits(work.session, pair.source_id, work.now)
    wishes = merging.open_wishes(work.session, pair, work.now, lock=locked)
    ended = surplus(wishes, work.now)
    identifiers, others = (identifiers_of(work.session, user_id) for user_id in pair)
    clinics = merging.clinics_of(work.session, pair.source_id) - merging.clinics_of(work.session, pair.target_id)
    return MergePlan(
        source=source,
        target=target,
        visits=visits,
        visits_ahead=ahead,
        wishes=sum(wish.patient_id == pair.source_id and wish not in ended for wish in wishes),
        ended=ended,
        recalls=merging.number_of_recalls(work.session, pair.source_id),
        recalls_ended=_earlier_recalls(recalls.open_of(work.session, *pair), pair),
        identifiers=len(identifiers),
        guardians=moves,
        clinics=len(clinics),
        filled=_filled(source, target),
        different=[*_different(source, target), *(["identifiers"] if _same_scope(identifiers, others) else [])],
        account=account,
    )


def _earlier_recalls(found: Iterable[StoredRecall], pair: Pair) -> list[StoredRecall]:
    """Returns the open recalls for treatments for which both have one that is due later, or on the same day as that of
    the target.
    """
    last_first = sorted(found, key=lambda recall: (recall.due_on, recall.patient_id == pair.target_id), reverse=True)
    kept: set[int] = set()
    ended = []
    for recall in last_first:
        if recall.treatment_id in kept:
            ended.append(recall)
        kept.add(recall.treatment_id)
    return ended


def check_pair(work: UnitOfWork, pair: Pair, *, lock: bool = False) -> tuple[MergedPerson, MergedPerson]:
    """Returns both people, if one may be merged into the other."""
    people = merged_people.read_people(work.session, pair, lock=lock)
    if pair.source_id == pair.target_id:
        raise InvalidInputError("Both are the same person. Name two different people.", field="target")
    for field, user_id in (("source", pair.source_id), ("target", pair.target_id)):
        person = people.get(user_id)
        if person is None:
            raise NotFoundError("There is no such person.", field=field)
        _check_here(work, person, field)
    source, target = people[pair.source_id], people[pair.target_id]
    if not target.active:
        raise InvalidInputError(
            "This person is deactivated. Activate them first, with `users activate`, or merge the other way round.",
            field="target",
        )
    return source, target


def _check_here(work: UnitOfWork, person: MergedPerson, field: str) -> None:
    if person.merged_into is not None:
        raise InvalidInputError(
            f"This person was merged into the person with the id {person.merged_into}. Name that person instead.",
            field=field,
        )
    if person.erased_at is not None:
        raise InvalidInputError("This person has been erased, or is being erased.", field=field)
    if person.user_type is not Role.PATIENT or directory.profiles_of(work.session, person.user_id) != {Role.PATIENT}:
        raise ForbiddenError("Only patients who were never staff are merged: patient records name staff.", field=field)


def _account(source: MergedPerson, target: MergedPerson, *, close_account: bool) -> AccountFate:
    if source.cognito_sub is None:
        return AccountFate.NONE
    if target.cognito_sub is None:
        return AccountFate.MOVED
    if not close_account:
        raise LinkRefusedError(
            "Both have an account. Ask which one the patient uses: the one of the person who remains is kept. Then "
            "close the other one with --close-account (`close_account`), or merge the other way round."
        )
    return AccountFate.CLOSED


def check_collisions(work: UnitOfWork, pair: Pair) -> None:
    pairs = merging.collisions(work.session, pair, _PAIRS)
    if pairs:
        raise HasBookingsError(
            f"Both have visits at the same time: {', '.join(f'{one} with {other}' for one, other in pairs)}. For each "
            "pair, have a reception move or cancel one of the two visits. One that is over can be marked as no-show, "
            "and no longer counts a week later.",
            sorted({appointment_id for two in pairs for appointment_id in two}),
        )


def _filled(source: MergedPerson, target: MergedPerson) -> dict[str, Any]:
    return {
        name: value for name in FILLED if getattr(target, name) is None and (value := getattr(source, name)) is not None
    }


def _different(source: MergedPerson, target: MergedPerson) -> list[str]:
    both = {name: (getattr(source, name), getattr(target, name)) for name in _COMPARED}
    return [name for name, (one, other) in both.items() if None not in {one, other} and one != other]


def _same_scope(one: Sequence[ScopedIdentifier], other: Sequence[ScopedIdentifier]) -> bool:
    """Returns whether both have an identifier where a person usually has one."""
    scopes = {(identifier.system, identifier.scope) for identifier in other}
    return any((identifier.system, identifier.scope) in scopes for identifier in one)


def contact_values(plan: MergePlan) -> dict[str, Any]:
    """Returns the columns of the target that are filled in. An address is trusted for whom it was trusted before,
    although the version rises, and has bounced if it had.
    """
    origin = plan.source if "email" in plan.filled else plan.target
    trusted = origin.email is not None and trusts_email(trusted=origin.email_trusted, version=origin.version)
    return {**plan.filled, "email_trusted": trusted, "bounced_email_hash": origin.bounced_email_hash}
