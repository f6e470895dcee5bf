"""What the law gives people: a copy of all that is known about them, and to be forgotten."""

from typing import Any

from lambda_function.db.repositories import personal_data
from lambda_function.db.repositories.directory import Directory
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import ForbiddenError
from lambda_function.domain.people import PersonAction
from lambda_function.services.operators.accounts import Accounts
from lambda_function.services.operators.users import close, known_person
from lambda_function.services.person_events import note_person


def export(database: Database, *, user_name: str) -> dict[str, Any]:
    """Sections of rows. Of staff it holds what they did, not what was written about their patients."""

    def run(work: UnitOfWork) -> dict[str, Any]:
        person = known_person(Directory(work.session), user_name)
        return personal_data.everything(work.session, person.user_id)

    return database.transact(run, commit=False)


def erase(
    database: Database, accounts: Accounts | None, *, user_name: str, cancel_visits: bool = False
) -> dict[str, Any]:
    """Forgets a patient: of the visits stays when, where and which treatment, of the person a number. What fails
    half-way is finished by the same command: the account goes after the person has been deactivated and before the
    name is forgotten by which it is found.

    Raises NotFoundError, ForbiddenError for staff, whose names belong to the records of their patients,
    HasBookingsError for visits ahead that are not to be cancelled, and UnavailableError.
    """

    def check(work: UnitOfWork) -> None:
        directory = Directory(work.session)
        if directory.profiles_of(known_person(directory, user_name).user_id) != {Role.PATIENT}:
            raise ForbiddenError("Who treated and received patients stays on their record: deactivate staff instead.")

    database.transact(check, commit=False)
    person, _ = close(database, user_name, cancel_visits=cancel_visits)
    user_id, sub = person.user_id, person.cognito_sub
    deleted = accounts is not None and sub is not None and accounts.delete(sub)
    anonymous = f"erased:{user_id}"  # no user name that anybody could have chosen

    def forget(work: UnitOfWork) -> None:
        personal_data.forget_patient(work.session, user_id, anonymous=anonymous, now=work.now)
        note_person(work, user_id, PersonAction.ERASE)

    database.transact(forget)
    return {"user_id": user_id, "user_name": anonymous, "account": "deleted" if deleted else "none"}
