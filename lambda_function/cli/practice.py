"""`practice plan FILE` and `practice apply FILE`."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from lambda_function.cli.command import Exit, JsonGroup, Output, Tools, refusal
from lambda_function.cli.yaml_file import YamlError, YamlFile
from lambda_function.domain.working_hours import WeeklyHours
from lambda_function.services import offers
from lambda_function.services.practice.apply import PracticeConflictsError, apply_practice
from lambda_function.services.practice.changes import ChangeAction, PracticeChange
from lambda_function.services.practice.declaration import Declaration
from lambda_function.services.practice.plan import Plan, make_plan
from lambda_function.services.practice.plan_document import plan_document
from lambda_function.services.practice.read_declaration import DeclarationError, path_text, read_declaration
from lambda_function.services.practice.state import ClosedDays
from lambda_function.services.practice.texts import WEEKDAYS, clock

_SIGNS = {ChangeAction.CREATE: "+", ChangeAction.CHANGE: "~", ChangeAction.DEACTIVATE: "-"}
_WORDS = {None: "null", True: "true", False: "false"}

_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group(cls=JsonGroup)
def practice() -> None:
    """Clinics, chairs, treatments, staff, hours and closures, declared in one YAML file.

    Treatments are known by their code, staff by user name, clinics by name, chairs by name within the clinic. What the
    file does not name, and what it leaves out of a thing, stays as it is; docs/practice.md describes the file.
    """


@practice.command("plan")
@_file
@click.pass_obj
def plan_command(tools: Tools, file: Path) -> Output:
    """Show how the practice differs from FILE; change nothing.

    Exit code 0: no difference; 3: apply would change something; 1: the file is wrong, or apply would refuse.
    """
    return _answer(file, lambda practice: _planned(tools, practice))


@practice.command("apply")
@_file
@click.option("--accept-conflicts", is_flag=True, help="Close days over appointments: these stay, to be moved.")
@click.pass_obj
def apply_command(tools: Tools, file: Path, accept_conflicts: bool) -> Output:  # noqa: FBT001 - click passes it by name
    """Make the practice as FILE declares it: all of it or nothing.

    Refused when it would take doctor, chair, clinic or treatment away from an appointment ahead.
    """
    return _answer(file, lambda practice: _applied(tools, practice, accept_conflicts=accept_conflicts))


def _planned(tools: Tools, declaration: Declaration) -> Output:
    plan = tools.database().transact(lambda work: make_plan(work, declaration), commit=False)
    code = Exit.REFUSED if plan.conflicts else Exit.DIFFERENT if plan.changes else Exit.DONE
    message = "Apply would refuse this." if plan.conflicts else ""
    return Output(plan_document(plan, applied=False), shown_plan(plan, "Plan"), code, message)


def _applied(tools: Tools, declaration: Declaration, *, accept_conflicts: bool) -> Output:
    try:
        plan = offers.transact(
            tools.database(), lambda work: apply_practice(work, declaration, accept_conflicts=accept_conflicts)
        )
    except PracticeConflictsError as error:
        document = plan_document(error.plan, applied=False)
        return Output(document, shown_plan(error.plan, "Not done"), Exit.REFUSED, refusal(error))
    return Output(plan_document(plan, applied=True), shown_plan(plan, "Done"))


def _answer(path: Path, use: Callable[[Declaration], Output]) -> Output:
    try:
        file = YamlFile(path)
    except YamlError as error:
        return _wrong_file([{"path": None, "line": None, "message": str(error)}], [f"{path}: {error}"])
    try:
        return use(read_declaration(file.data))
    except DeclarationError as error:
        problems = [
            {"path": path_text(place), "line": file.line_of(place), "message": message}
            for place, message in error.problems
        ]
        lines = [f"{path}:{each['line'] or 1}: {each['path']}: {each['message']}" for each in problems]
        return _wrong_file(problems, lines, error.code)


def _wrong_file(problems: list[dict[str, Any]], lines: list[str], code: str = DeclarationError.code) -> Output:
    error = {"code": code, "detail": "The file is wrong.", "problems": problems}
    return Output({"error": error}, "", Exit.REFUSED, "\n".join(lines))


def shown_plan(plan: Plan, title: str) -> str:
    return "\n".join(_lines(plan, title))


def _lines(plan: Plan, title: str) -> Iterator[str]:
    for change in plan.changes:
        yield f"{_SIGNS[change.action]} {change.kind} {change.name}"
        for field in change.new:
            yield f"    {field}: {_difference(change, field)}"
    for conflict in plan.conflicts:
        how = " (--accept-conflicts accepts this)" if conflict.acceptable else ""
        visits = _listed(conflict.appointment_ids)
        yield f"! {conflict.kind} {conflict.name} {conflict.reason}{how}: appointments {visits}"
    for name, ids in plan.outside_hours.items():
        yield f"* doctor {name} has appointments outside these hours; they stay: {_listed(ids)}"
    for name, number in plan.zone_moves.items():
        yield f"* clinic {name} has {number} appointments ahead: their instants stay, its clocks will show other times"
    for kind, names in plan.not_in_file.items():
        if names:
            yield f"* not in the file, left as they are: {kind.section} {_listed(names)}"
    yield _summary(plan, title)


def _summary(plan: Plan, title: str) -> str:
    if not plan.changes:
        return "No difference."
    numbers = (f"{sum(change.action is sort for change in plan.changes)} {sort}d" for sort in ChangeAction)
    return f"{title}: {', '.join(numbers)}."


def _difference(change: PracticeChange, field: str) -> str:
    new = change.new[field]
    if isinstance(new, tuple):
        gone = [f"- {item}" for item in _items(change.gone(field))]
        return ", ".join([*gone, *(f"+ {item}" for item in _items(change.added(field)))]) or "none"
    return _shown(new) if change.created else f"{_shown(change.old[field])} → {_shown(new)}"


def _items(items: Sequence[Any]) -> list[str]:
    """The same hours on several weekdays are one item."""
    days: dict[str, list[str]] = {}
    for item in items:
        match item:
            case WeeklyHours(weekday, window, first, last):
                dates = (f" from {first}" if first else "") + (f" to {last}" if last else "")
                days.setdefault(f"{clock(window.start)}-{clock(window.end)}{dates}", []).append(WEEKDAYS[weekday - 1])
            case ClosedDays(first, last, reason):
                days[f"{first} to {last}" + (f" ({reason})" if reason else "")] = []
            case _:
                days[str(item)] = []
    return [" ".join([*names, text]) for text, names in days.items()]


def _shown(value: Any) -> str:
    return _WORDS[value] if value is None or isinstance(value, bool) else str(value)


def _listed(items: Any) -> str:
    return ", ".join(map(str, items))
