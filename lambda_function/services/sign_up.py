"""Makes a person who has signed up a patient.

Only a verified e-mail links an account to a patient whom a reception has entered, because the reception meant the
person who receives mail there. A name proves nothing, because anybody may choose it first. Neither does an address that
staff have changed, because they could have entered their own and become the patient. Those patients link by a code
(link_codes.py).
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError

from lambda_function.db.repositories import people
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import ContentionError, NameTakenError
from lambda_function.domain.people import NewUser, PersonAction, trusts_email
from lambda_function.domain.written_text import without_refused
from lambda_function.services.person_events import note_person
from lambda_function.services.text_rules import MAX_EMAIL, MAX_NAME, Email, PersonName, UserName

_EMAIL: TypeAdapter[str] = TypeAdapter(Email)
_ANY_ADDRESS: TypeAdapter[str] = TypeAdapter(
    Annotated[str, StringConstraints(max_length=MAX_EMAIL, pattern=r"^[^\x00-\x1f\x7f-\x9f]+@[^\x00-\x20\x7f-\xa0@]+$")]
)
_PERSON_NAME: TypeAdapter[str] = TypeAdapter(PersonName)
_USER_NAME: TypeAdapter[str] = TypeAdapter(UserName)


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the user pool describes it. `email` is None unless it is verified; names may be anything."""

    sub: str
    user_name: str
    full_name: str | None
    email: str | None


def sign_up(work: UnitOfWork, account: Account) -> None:
    """Links the account to the one active patient without an account who has its e-mail, entered at registration and
    not changed by staff since, or else makes a patient. Does nothing for an account that somebody already has.

    Raises ContentionError, after which Database.transact tries again, if another call has just taken account or name.
    """
    if people.is_linked(work.session, account.sub):
        return
    email = _address(account.email)
    if email is not None:
        rows = people.lock_unlinked_patients(work.session, email)
        same = [row for row in rows if row.email.lower() == email.lower()]
        # If several people share the address, such as a family, only a reception can tell who this is.
        if len(same) == 1 and trusts_email(trusted=same[0].email_trusted, version=same[0].version):
            people.link(work.session, same[0].user_id, account.sub, work.now)
            note_person(work, same[0].user_id, PersonAction.LINK)
            return
    user_name = _valid(_USER_NAME, account.user_name)
    if user_name is None or people.is_user_name_taken(work.session, user_name):
        user_name = account.sub
    full_name = _full_name(account.full_name) or user_name
    patient = NewUser(
        user_name=user_name, user_type=Role.PATIENT, full_name=full_name, email=email, cognito_sub=account.sub
    )
    try:
        user_id = people.add_patient(work.session, patient, work.now)
    except NameTakenError:
        raise ContentionError("Another person has just taken this user name; try again.") from None
    note_person(work, user_id, PersonAction.CREATE, patient.fields_entered)


def _full_name(typed: str | None) -> str | None:
    """Returns as much of a name as can be stored, because nobody is there to correct it: without the characters that
    are refused elsewhere, and cut to the length of the column. None if no letter is left.
    """
    return _valid(_PERSON_NAME, typed) or _valid(_PERSON_NAME, without_refused(typed or "")[:MAX_NAME])


def _address(verified: str | None) -> str | None:
    """Returns the address as it is stored. The user pool has proved that mail arrives there, so one that no form of
    ours would take is kept as it is, if it fits on a line and into the column.
    """
    return _valid(_EMAIL, verified) or _valid(_ANY_ADDRESS, verified)


def _valid(kind: "TypeAdapter[str]", value: str | None) -> str | None:
    try:
        return kind.validate_python(value)
    except ValidationError:
        return None
