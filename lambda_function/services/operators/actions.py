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
from lambda_function.services.text_rules import Email, PersonName, Phone, UserName

Document = dict[str, Any]
_Item = TypeVar("_Item")
_Text = Annotated[str, Field(min_length=1, max_length=200)]


class Watch(Protocol):
    """Passes the items of long work on, and may show how far it is."""

    def __call__(self, items: Iterable[_Item], label: str) -> Iterator[_Item]: ...


def unwatched(items: Iterable[_Item], label: str) -> Iterator[_Item]:
    return iter(items)


@dataclass(frozen=True, slots=True)
class OperatorContext:
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


def _list(context: OperatorContext, given: People) -> Document:
    return users.page(context.database, **dict(given))


def _create(context: OperatorContext, given: NewPerson) -> Document:
    return users.create(context.database, context.accounts, **dict(given))


def _set_type(context: OperatorContext, given: NewType) -> Document:
    return users.set_type(context.database, **dict(given))


def _deactivate(context: OperatorContext, given: Leaver) -> Document:
    return users.deactivate(context.database, context.accounts, **dict(given))


def _activate(context: OperatorContext, given: Somebody) -> Document:
    return users.activate(context.database, context.accounts, user_name=given.user_name)


def _export(context: OperatorContext, given: Somebody) -> Document:
    found: Document = {section: [] for section in personal_data.SECTIONS}
    batches = personal_data.export(context.database, user_name=given.user_name)
    for section, rows in context.watch(batches, "Exporting"):
        found[section] += rows
    return found


def _erase(context: OperatorContext, given: Forgotten) -> Document:
    return erasing.erase(
        context.database, context.accounts, **dict(given), watch=lambda batches: context.watch(batches, "Erasing")
    )


def _check(context: OperatorContext, given: Nothing) -> Document:
    steps = checking.steps(context.database)
    findings = [finding for step in context.watch(steps, "Checking") for finding in step()]
    return {"ok": not findings, "findings": findings}


def _purge(context: OperatorContext, given: Nothing) -> Document:
    deleted = dict.fromkeys(purging.PURGES, 0)
    for name, rows in context.watch(purging.purge(context.database), "Purging"):
        deleted[name] += rows
    return {"deleted": deleted}


def _plan(context: OperatorContext, given: Practice) -> Document:
    declaration = declared(given.practice)
    return document_of(
        context.database.transact(lambda work: make_plan(work, declaration), commit=False), applied=False
    )


def _apply(context: OperatorContext, given: NewPractice) -> Document:
    declaration = declared(given.practice)
    plan = offers.transact(
        context.database, lambda work: apply_practice(work, declaration, accept_conflicts=given.accept_conflicts)
    )
    return document_of(plan, applied=True)


@dataclass(frozen=True, slots=True)
class Action:
    """Of a scheduled one nobody reads the answer."""

    arguments: type[BaseModel]
    run: Callable[[OperatorContext, Any], Document]
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


def run(context: OperatorContext, name: object, arguments: object) -> Document:
    """Raises InvalidInputError for an unknown action, pydantic's ValidationError for arguments that it does not take,
    and what the action raises.
    """
    action = ACTIONS.get(name) if isinstance(name, str) else None
    if action is None:
        raise InvalidInputError(f"There is no such action; there are: {', '.join(ACTIONS)}.", field="action")
    return action.run(context, action.arguments.model_validate(arguments))
