"""What operators can do, by name: the same for the command line and for their Lambda."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from lambda_function.db.unit_of_work import Database
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import InvalidInputError
from lambda_function.services import offers
from lambda_function.services.operators import checking, erasing, personal_data, purging, users
from lambda_function.services.operators.accounts import Accounts
from lambda_function.services.practice.apply import apply_practice
from lambda_function.services.practice.declaration import declared
from lambda_function.services.practice.plan import make_plan
from lambda_function.services.practice.shown import document_of
from lambda_function.services.texts import Email, PersonName, Phone, UserName

Document = dict[str, Any]
_Item = TypeVar("_Item")
_Text = Annotated[str, Field(min_length=1, max_length=200)]


class Watch(Protocol):
    """Passes the items of long work on, and may show how far it is."""

    def __call__(self, items: Iterable[_Item], label: str) -> Iterator[_Item]: ...


def unwatched(items: Iterable[_Item], label: str) -> Iterator[_Item]:
    return iter(items)


@dataclass(frozen=True, slots=True)
class Workplace:
    """What actions work with. Without `accounts` they are left alone."""

    database: Database
    accounts: Accounts | None = None
    watch: Watch = unwatched


class Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid")


class People(Nothing):
    user_type: Role | None = None
    clinic: _Text | None = None
    active: StrictBool | None = None
    q: _Text | None = None
    after: Annotated[StrictInt, Field(ge=0)] = 0
    limit: Annotated[StrictInt, Field(ge=1, le=1000)] = 100


class NewPerson(Nothing):
    user_name: UserName
    user_type: Role
    full_name: PersonName
    email: Email | None = None
    phone: Phone | None = None
    clinics: list[_Text] = []
    treatments: list[_Text] = []


class NewType(Nothing):
    user_name: _Text
    user_type: Role
    clinics: list[_Text] = []
    treatments: list[_Text] = []


class Somebody(Nothing):
    user_name: _Text


class Leaver(Somebody):
    cancel_visits: StrictBool = False
    keep_visits: StrictBool = False


class Forgotten(Somebody):
    cancel_visits: StrictBool = False


class Practice(Nothing):
    """What a practice file says, as JSON; see docs/practice.md."""

    practice: Any


class NewPractice(Practice):
    accept_conflicts: StrictBool = False


def _list(place: Workplace, given: People) -> Document:
    return users.page(place.database, **dict(given))


def _create(place: Workplace, given: NewPerson) -> Document:
    return users.create(place.database, place.accounts, **dict(given))


def _set_type(place: Workplace, given: NewType) -> Document:
    return users.set_type(place.database, **dict(given))


def _deactivate(place: Workplace, given: Leaver) -> Document:
    return users.deactivate(place.database, place.accounts, **dict(given))


def _activate(place: Workplace, given: Somebody) -> Document:
    return users.activate(place.database, place.accounts, user_name=given.user_name)


def _export(place: Workplace, given: Somebody) -> Document:
    found: Document = {section: [] for section in personal_data.SECTIONS}
    batches = personal_data.export(place.database, user_name=given.user_name)
    for section, rows in place.watch(batches, "Exporting"):
        found[section] += rows
    return found


def _erase(place: Workplace, given: Forgotten) -> Document:
    return erasing.erase(
        place.database, place.accounts, **dict(given), watch=lambda batches: place.watch(batches, "Erasing")
    )


def _check(place: Workplace, given: Nothing) -> Document:
    steps = checking.steps(place.database)
    findings = [finding for step in place.watch(steps, "Checking") for finding in step()]
    return {"ok": not findings, "findings": findings}


def _purge(place: Workplace, given: Nothing) -> Document:
    deleted = dict.fromkeys(purging.PURGES, 0)
    for name, rows in place.watch(purging.purge(place.database), "Purging"):
        deleted[name] += rows
    return {"deleted": deleted}


def _plan(place: Workplace, given: Practice) -> Document:
    declaration = declared(given.practice)
    return document_of(place.database.transact(lambda work: make_plan(work, declaration), commit=False), applied=False)


def _apply(place: Workplace, given: NewPractice) -> Document:
    declaration = declared(given.practice)
    plan = offers.transact(
        place.database, lambda work: apply_practice(work, declaration, accept_conflicts=given.accept_conflicts)
    )
    return document_of(plan, applied=True)


@dataclass(frozen=True, slots=True)
class Action:
    """Of a scheduled one nobody reads the answer."""

    arguments: type[BaseModel]
    run: Callable[[Workplace, Any], Document]
    scheduled: bool = False


ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "practice.plan": Action(Practice, _plan),
        "practice.apply": Action(NewPractice, _apply),
        "users.list": Action(People, _list),
        "users.create": Action(NewPerson, _create),
        "users.set-type": Action(NewType, _set_type),
        "users.deactivate": Action(Leaver, _deactivate),
        "users.activate": Action(Somebody, _activate),
        "check": Action(Nothing, _check),
        "export-person": Action(Somebody, _export),
        "erase-person": Action(Forgotten, _erase),
        "purge": Action(Nothing, _purge, scheduled=True),
    }
)


def run(place: Workplace, name: object, arguments: object) -> Document:
    """Raises InvalidInputError for an unknown action, pydantic's ValidationError for arguments that it does not take,
    and what the action raises.
    """
    action = ACTIONS.get(name) if isinstance(name, str) else None
    if action is None:
        raise InvalidInputError(f"There is no such action; there are: {', '.join(ACTIONS)}.", field="action")
    return action.run(place, action.arguments.model_validate(arguments))
