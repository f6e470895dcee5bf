"""Reads a practice file, and finds everything that is wrong in it."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from lambda_function.domain.errors import InvalidInputError, NameTakenError
from lambda_function.domain.user_names import folded
from lambda_function.domain.working_hours import WEEKDAYS, WeeklyHours, check_week, clock
from lambda_function.services.practice.declaration import Declaration, DeclaredHours
from lambda_function.services.practice.declaration_messages import place_and_message

Path = tuple[str | int, ...]
Problem = tuple[Path, str]


class DeclarationError(InvalidInputError):
    """The file is wrong. `problems` are its places (keys and positions from the top) and what is wrong there."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(f"{path_text(path)}: {message}" for path, message in problems))
        self.problems = problems


class NamesTakenError(DeclarationError):
    """New entries have names that are already taken."""

    code = NameTakenError.code


def path_text(path: Path) -> str:
    return ".".join(map(str, path)) or "the whole file"


def read_declaration(document: Any) -> Declaration:
    """Returns the declaration in a document of dicts, lists and plain values. Raises DeclarationError."""
    try:
        declaration = Declaration.model_validate(document)
    except ValidationError as error:
        raise DeclarationError([place_and_message(each) for each in error.errors(include_url=False)]) from None
    problems = [*_people_named_twice(declaration), *_overlaps(declaration)]
    if problems:
        raise DeclarationError(problems)
    return declaration


def _people_named_twice(declaration: Declaration) -> Iterator[Problem]:
    """Yields people who share a user name, in the order of the file."""
    seen: dict[str, tuple[str, str]] = {}
    for section, people in (("doctors", declaration.doctors), ("receptionists", declaration.receptionists)):
        for name in people:
            first_section, first = seen.setdefault(folded(name), (section, name))
            if first_section != section:
                yield (section, name), f"is also in {first_section}, as {first}; keep one of the two entries"
            elif first != name:
                yield (
                    (section, name),
                    f"is the same user name as {first}: capital letters make no difference; keep one of the two",
                )


def _overlaps(declaration: Declaration) -> Iterator[Problem]:
    """Yields, for each doctor, the first entry of hours that overlaps one above it."""
    for name, doctor in declaration.doctors.items():
        week = [(number, entry, day) for number, entry in enumerate(doctor.hours or ()) for day in entry.weekly()]
        try:
            check_week([day for _, _, day in week], "hours")
        except InvalidInputError as error:
            later = week[int(str(error.field).rsplit(".", 1)[1])]
            earlier = next(each for each in week if _overlap(each[2], later[2]))
            message = f"{_written(*later)} overlaps {_written(*earlier)}; change one of the two"
            yield ("doctors", name, "hours", later[0]), message


def _overlap(one: WeeklyHours, other: WeeklyHours) -> bool:
    try:
        check_week([one, other], "hours")
    except InvalidInputError:
        return True
    return False


def _written(number: int, entry: DeclaredHours, day: WeeklyHours) -> str:
    first = f" from {entry.valid_from}" if entry.valid_from else ""
    last = f" to {entry.valid_to}" if entry.valid_to else ""
    return f"{WEEKDAYS[day.weekday - 1]} {clock(entry.start)}-{clock(entry.end)}{first}{last} (hours.{number})"
