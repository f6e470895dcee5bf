"""Identifiers that receptions enter. Nobody learns whose an identifier is, or that somebody has it, by trying many:
refusals are counted, and after REFUSALS_A_DAY nothing more is looked up.
"""

from collections.abc import Sequence

from lambda_function.db.repositories import identifiers as identifier_rows
from lambda_function.db.repositories import outbox
from lambda_function.db.repositories.refusals import RefusalKind, count_refusal, lock_refusals
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor
from lambda_function.domain.errors import IdentifierTakenError, InvalidInputError, ThrottledError
from lambda_function.domain.identifiers import Identifier, IdentifierSystem, ScopedIdentifier, scope_of, scoped
from lambda_function.domain.messages import REGISTRATION_REQUESTED
from lambda_function.domain.people import PersonAction
from lambda_function.services.person_events import note_person
from lambda_function.services.visits import tell

REFUSALS_A_DAY = 5
# So many visits of one patient are registered again at once.
VISITS_TOLD = 100


def clinic_of(actor: Actor, clinic_id: int | None) -> int | None:
    """Returns the clinic for which a person is entered: that one, or else the actor's first, or None if the actor works
    nowhere. Raises InvalidInputError for a clinic of others.
    """
    if clinic_id is not None and clinic_id not in actor.clinic_ids:
        raise InvalidInputError("Give one of the clinics where you work.", field="clinic_id")
    return clinic_id or min(actor.clinic_ids, default=None)


def check_attempts(work: UnitOfWork) -> None:
    """Raises ThrottledError after REFUSALS_A_DAY. The actor's next request with identifiers waits until this one ends.
    Call it before anything is looked up and any lock is taken.
    """
    refused = lock_refusals(work.session, work.actor.user_id, RefusalKind.IDENTIFIER, work.today)
    if refused >= REFUSALS_A_DAY:
        raise ThrottledError("Too many identifiers were refused today. Try again tomorrow, or ask your operators.")


def refusal(work: UnitOfWork) -> IdentifierTakenError:
    """Counts and records a refusal, and returns the error to raise, which tells nothing about anybody."""
    count_refusal(work.session, work.actor.user_id, RefusalKind.IDENTIFIER, work.today)
    note_person(work, work.actor.user_id, PersonAction.IDENTIFIER_REFUSED)
    return IdentifierTakenError("Another person has one of these identifiers. Check them, and ask the patient.")


def in_scopes(work: UnitOfWork, clinic_id: int | None, identifiers: Sequence[Identifier]) -> list[ScopedIdentifier]:
    """Returns identifiers with the scopes of the clinic. Raises InvalidInputError if there is no clinic."""
    clinic_id, country = _place(work, clinic_id)
    return scoped(identifiers, clinic_id=clinic_id, country=country)


def replace(work: UnitOfWork, user_id: int, clinic_id: int | None, identifiers: Sequence[Identifier]) -> bool:
    """Makes these the patient's identifiers in the scopes of the clinic, and returns whether that changed anything. If
    the insurance has changed, the register of the country is asked to read visits again of which something is still to
    come, at most VISITS_TOLD. The caller has called check_attempts and holds the person's row. Raises
    IdentifierTakenError and InvalidInputError.
    """
    clinic_id, country = _place(work, clinic_id)
    wanted = scoped(identifiers, clinic_id=clinic_id, country=country)
    holders = identifier_rows.holders_of(work.session, work.actor, wanted)
    if any(holder.user_id != user_id for holder in holders):
        raise refusal(work)
    scopes = {(system, scope_of(system, clinic_id=clinic_id, country=country)) for system in IdentifierSystem}
    changed = identifier_rows.replace_identifiers(work.session, user_id, wanted, scopes)
    if any(each.system is IdentifierSystem.INSURANCE for each in changed):
        visits = outbox.unfinished_visits_to_tell(work.session, user_id, country, now=work.now, limit=VISITS_TOLD)
        tell(work, REGISTRATION_REQUESTED, visits)
    return bool(changed)


def _place(work: UnitOfWork, clinic_id: int | None) -> tuple[int, str]:
    if clinic_id is None:
        raise InvalidInputError("Identifiers belong to a clinic, and you work in none.", field="identifiers")
    return clinic_id, identifier_rows.country_of(work.session, clinic_id)
