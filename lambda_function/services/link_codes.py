"""Links an account to the person whom a reception has entered, by a code that the reception hands to the person.

If the e-mail does not link the account by itself (sign_up.py), signing up makes a new person. The code joins the two:
the account moves to the person who was entered, and the new row is emptied.
"""

from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_bytes

from lambda_function.db.repositories import claims, link_codes
from lambda_function.db.repositories.people import PersonView, get_for_change
from lambda_function.db.repositories.refusals import RefusalKind, count_refusal, lock_refusals
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import ContentionError, LinkRefusedError, NotFoundError, ThrottledError
from lambda_function.domain.people import PersonAction
from lambda_function.domain.permissions import Action, require
from lambda_function.domain.secret_tokens import hash_of
from lambda_function.services.people import get, identify, require_patient
from lambda_function.services.person_events import note_person

GOOD_FOR = timedelta(days=7)
WRONG_CODES_A_DAY = 10
_BYTES = 16
_REFUSED = "This code cannot link this account. Check it, and ask the reception for help."
_CHANGED = "This account became something else at the same time."


@dataclass(frozen=True, slots=True)
class NewCode:
    code: str
    expires_at: datetime


def new_code(work: UnitOfWork, user_id: int) -> NewCode:
    """Makes the patient's code, which replaces the one before. It can be used once, for GOOD_FOR, and is never shown
    again.

    Raises NotFoundError, ForbiddenError for a visible person who is not a patient, and LinkRefusedError for somebody
    who already has an account.
    """
    require_patient(work, user_id, Action.CREATE_LINK_CODE)
    person = get_for_change(work.session, user_id)
    if person is None:
        raise NotFoundError("There is no such person.")
    if person.cognito_sub is not None:
        raise LinkRefusedError("This person already has an account.")
    # 26 letters and digits that can be told apart in print and over the telephone.
    code = b32encode(token_bytes(_BYTES)).decode().rstrip("=")
    expires_at = work.now + GOOD_FOR
    link_codes.put_code(work.session, user_id, _hash(code), now=work.now, expires_at=expires_at)
    note_person(work, user_id, PersonAction.LINK_CODE)
    return NewCode(code, expires_at)


def link_account(work: UnitOfWork, code: str) -> PersonView:
    """Gives the actor's account to the person for whom the code was made, returns that person, and acts as them from
    here on. The actor's previous row is emptied.

    Raises LinkRefusedError for a code that is not valid, which is counted, and for an actor who has visits, open
    wishes, guardians, dependants or a past among the staff; the error does not say which. Raises ThrottledError after
    WRONG_CODES_A_DAY.
    """
    require(work.actor, Action.LINK_ACCOUNT)
    caller_id, code_hash = work.actor.user_id, _hash(code)
    if lock_refusals(work.session, caller_id, RefusalKind.LINK_CODE, work.today) >= WRONG_CODES_A_DAY:
        raise ThrottledError("There were too many wrong codes today. Try again tomorrow, or ask the reception.")
    target_id = link_codes.owner_of(work.session, code_hash, work.now)
    if target_id is None:
        if caller_id not in link_codes.lock_account_holders(work.session, (caller_id,)):
            raise ContentionError(_CHANGED)
        count_refusal(work.session, caller_id, RefusalKind.LINK_CODE, work.today)
        raise LinkRefusedError(_REFUSED, commits_writes=True)
    sub = _move(work, caller_id, target_id, code_hash)
    note_person(work, caller_id, PersonAction.MERGE)
    note_person(work, target_id, PersonAction.LINK)
    work.act_as(identify(work, sub))
    return get(work, target_id)


def _move(work: UnitOfWork, caller_id: int, target_id: int, code_hash: str) -> str:
    """Moves the account under the locks that booking, deactivating and guardians take, and returns its `sub`."""
    claims.lock_patients(work.session, {caller_id, target_id})
    people = link_codes.lock_account_holders(work.session, (caller_id, target_id))
    caller, target = people.get(caller_id), people.get(target_id)
    if caller is None or caller.cognito_sub is None or caller.user_type is not Role.PATIENT:
        raise ContentionError(_CHANGED)
    if not link_codes.take_code(work.session, target_id, code_hash):
        raise ContentionError("This code was used at the same time; try again.")
    if target is None or target.cognito_sub is not None or target.user_type is not Role.PATIENT:
        raise LinkRefusedError(_REFUSED)
    if link_codes.has_traces(work.session, caller_id, work.today):
        raise LinkRefusedError(_REFUSED)
    link_codes.move_account(work.session, caller.cognito_sub, source=caller_id, target=target_id, now=work.now)
    return caller.cognito_sub


def _hash(code: str) -> str:
    return hash_of("".join(code.split()).replace("-", "").upper())
