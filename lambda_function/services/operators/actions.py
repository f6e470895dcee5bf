"""The actions of operators by name, the same for the command line and for their Lambda."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from lambda_function.db.unit_of_work import Database
from lambda_function.domain.errors import InvalidInputError
from lambda_function.services import offers
from lambda_function.services.operators import (
    checking,
    erasing,
    importing,
    links,
    merging,
    person_history,
    personal_data,
    purging,
    rebuilding,
    recall_backfill,
    recall_import,
    recall_report,
    users,
)
from lambda_function.services.operators.accounts import Accounts
from lambda_function.services.operators.arguments import (
    Deactivation,
    Erasure,
    ImportBatch,
    LinkEnd,
    Merger,
    NoArguments,
    PersonEventFilter,
    PracticeApplication,
    PracticePlan,
    RecallBackfill,
    RecallReport,
    TypeChange,
    UserCreation,
    UserFilter,
    UserReference,
)
from lambda_function.services.practice.apply import apply_practice
from lambda_function.services.practice.plan import make_plan
from lambda_function.services.practice.plan_document import plan_document
from lambda_function.services.practice.practice_document import practice_document
from lambda_function.services.practice.read_declaration import read_declaration
from lambda_function.services.practice.state import read_state

Document = dict[str, Any]
_Item = TypeVar("_Item")


class Watch(Protocol):
    """Passes the items of long work on, and may show the progress."""

    def __call__(self, items: Iterable[_Item], label: str) -> Iterator[_Item]: ...


def unwatched(items: Iterable[_Item], label: str) -> Iterator[_Item]:
    return iter(items)


@dataclass(frozen=True, slots=True)
class OperatorContext:
    """What actions work with. Without `accounts`, no account is changed."""

    database: Database
    accounts: Accounts | None = None
    watch: Watch = unwatched


def _list(context: OperatorContext, arguments: UserFilter) -> Document:
    return users.page(context.database, arguments)


def _create(context: OperatorContext, arguments: UserCreation) -> Document:
    return users.create(context.database, context.accounts, arguments)


def _set_type(context: OperatorContext, arguments: TypeChange) -> Document:
    return users.set_type(context.database, arguments)


def _deactivate(context: OperatorContext, arguments: Deactivation) -> Document:
    return users.deactivate(context.database, context.accounts, arguments)


def _activate(context: OperatorContext, arguments: UserReference) -> Document:
    return users.activate(context.database, context.accounts, arguments.user_name)


def _rebuild_words(context: OperatorContext, arguments: NoArguments) -> Document:
    batches = context.watch(rebuilding.rebuild_words(context.database), "Rebuilding")
    return {"people_changed": sum(batches)}


def _events(context: OperatorContext, arguments: PersonEventFilter) -> Document:
    return person_history.page(context.database, arguments)


def _end_links(context: OperatorContext, arguments: LinkEnd) -> Document:
    return links.end(context.database, arguments.appointment_id)


def _import_patients(context: OperatorContext, arguments: ImportBatch) -> Document:
    return importing.import_patients(context.database, arguments)


def _report_recalls(context: OperatorContext, arguments: RecallReport) -> Document:
    return recall_report.report(context.database, arguments, watch=lambda parts: context.watch(parts, "Counting"))


def _import_recalls(context: OperatorContext, arguments: ImportBatch) -> Document:
    return recall_import.import_recalls(context.database, arguments)


def _backfill_recalls(context: OperatorContext, arguments: RecallBackfill) -> Document:
    return recall_backfill.backfill(context.database, arguments)


def _export(context: OperatorContext, arguments: UserReference) -> Document:
    found: Document = {section: [] for section in personal_data.SECTIONS}
    batches = personal_data.export(context.database, arguments.user_name)
    for section, rows in context.watch(batches, "Exporting"):
        found[section] += rows
    return found


def _erase(context: OperatorContext, arguments: Erasure) -> Document:
    return erasing.erase(
        context.database, context.accounts, arguments, watch=lambda batches: context.watch(batches, "Erasing")
    )


def _merge(context: OperatorContext, arguments: Merger) -> Document:
    return merging.merge(
        context.database, context.accounts, arguments, watch=lambda batches: context.watch(batches, "Merging")
    )


def _check(context: OperatorContext, arguments: NoArguments) -> Document:
    checks = checking.checks(context.database)
    findings = [finding for check in context.watch(checks, "Checking") for finding in check()]
    return {"ok": not findings, "findings": findings}


def _purge(context: OperatorContext, arguments: NoArguments) -> Document:
    deleted = dict.fromkeys(purging.PURGES, 0)
    for name, rows in context.watch(purging.purge(context.database), "Purging"):
        deleted[name] += rows
    return {"deleted": deleted}


def _plan(context: OperatorContext, arguments: PracticePlan) -> Document:
    declaration = read_declaration(arguments.practice)
    return plan_document(
        context.database.transact(lambda work: make_plan(work, declaration), commit=False), applied=False
    )


def _apply(context: OperatorContext, arguments: PracticeApplication) -> Document:
    declaration = read_declaration(arguments.practice)
    plan = offers.transact_and_offer(
        context.database, lambda work: apply_practice(work, declaration, accept_conflicts=arguments.accept_conflicts)
    )
    return plan_document(plan, applied=True)


def _export_practice(context: OperatorContext, arguments: NoArguments) -> Document:
    """Reads everything as it was at one instant, so an `apply` or a request that commits meanwhile is in the file as a
    whole or not at all, and nobody waits.
    """
    return context.database.transact(
        lambda work: practice_document(read_state(work.session)), commit=False, snapshot=True
    )


@dataclass(frozen=True, slots=True)
class OperatorAction:
    """An action. If it is `scheduled`, a schedule runs it and nobody reads its answer, so the function fails if it is
    refused.
    """

    arguments: type[BaseModel]
    run: Callable[[OperatorContext, Any], Document]
    scheduled: bool = False


ACTIONS: Mapping[str, OperatorAction] = MappingProxyType(
    {
        "practice.plan": OperatorAction(PracticePlan, _plan),
        "practice.apply": OperatorAction(PracticeApplication, _apply),
        "practice.export": OperatorAction(NoArguments, _export_practice),
        "users.list": OperatorAction(UserFilter, _list),
        "users.create": OperatorAction(UserCreation, _create),
        "users.set-type": OperatorAction(TypeChange, _set_type),
        "users.deactivate": OperatorAction(Deactivation, _deactivate),
        "users.activate": OperatorAction(UserReference, _activate),
        "users.merge": OperatorAction(Merger, _merge),
        "users.rebuild-words": OperatorAction(NoArguments, _rebuild_words),
        "person.events": OperatorAction(PersonEventFilter, _events),
        "links.end": OperatorAction(LinkEnd, _end_links),
        "patients.import": OperatorAction(ImportBatch, _import_patients),
        "recalls.report": OperatorAction(RecallReport, _report_recalls),
        "recalls.import": OperatorAction(ImportBatch, _import_recalls),
        "recalls.backfill": OperatorAction(RecallBackfill, _backfill_recalls),
        "check": OperatorAction(NoArguments, _check),
        "export-person": OperatorAction(UserReference, _export),
        "erase-person": OperatorAction(Erasure, _erase),
        "purge": OperatorAction(NoArguments, _purge, scheduled=True),
    }
)


def run(context: OperatorContext, name: object, arguments: object) -> Document:
    """Runs an action. Raises InvalidInputError for an unknown action, pydantic's ValidationError for wrong arguments,
    and what the action raises.
    """
    action = ACTIONS.get(name) if isinstance(name, str) else None
    if action is None:
        raise InvalidInputError(f"There is no such action; there are: {', '.join(ACTIONS)}.", field="action")
    return action.run(context, action.arguments.model_validate(arguments))
