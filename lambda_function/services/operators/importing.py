"""`import patients`: patients from the file of another system, in batches that may be repeated.

A batch is all or nothing, and a row that has become a patient before is skipped, so whatever ends an import, the
same import continues it. See docs/decisions/0020-import.md.
"""

import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from hashlib import sha256
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from lambda_function.db.repositories import identifiers, importing
from lambda_function.db.repositories.importing import ImportedPatient, Place
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.identifiers import Identifier, IdentifierSystem, ScopedIdentifier, scoped, stored_value
from lambda_function.domain.people import EARLIEST_BIRTH_DATE, Channel, Language, NewUser, check_birth_date
from lambda_function.domain.written_text import as_stored
from lambda_function.services.operators.arguments import ImportBatch, ImportRow
from lambda_function.services.operators.clinics import unknown_clinic
from lambda_function.services.registration import made_user_name
from lambda_function.services.text_rules import BirthDate, Email, IdentifierValue, Name, PersonName, Phone, day_in
from lambda_function.services.value_messages import fault_of

# What a spreadsheet takes for a formula, and what it shows for a wrong one.
_FORMULA = re.compile(r"[=+@#-]")
# What is no key and no identifier: the same, except that these may begin with a hyphen; and what a spreadsheet makes of
# a long number, such as 4,57E+07.
BROKEN = re.compile(r"[=+@#]|[0-9]+([.,][0-9]+)?E\+[0-9]+$", re.IGNORECASE)
_TRUTHS = {"true": True, "false": False}
# What people read about a key or an identifier that comes again.
REPEATED = "Line {line} has the same. Each may come once."


class Problem(NamedTuple):
    """What is wrong in a line of the file. `column` is None if it is the line itself."""

    line: int
    column: str | None
    code: str
    message: str


def _no_formula(name: str) -> str:
    if _FORMULA.match(name):
        raise PydanticCustomError("not_a_name", "A name cannot begin with = + - @ or #. Look for a broken formula.")
    return name


def _unbroken(written: str) -> str:
    if BROKEN.match(written):
        raise PydanticCustomError(
            "malformed",
            "This looks like a broken formula or a rounded number. Format the column as text and save the file again.",
        )
    return written


def _truth(value: object) -> bool:
    truth = _TRUTHS.get(value.lower()) if isinstance(value, str) else None
    if truth is None:
        raise PydanticCustomError("not_a_choice", "Give true or false.")
    return truth


_Key = Annotated[Name, BeforeValidator(_unbroken)]
FileIdentifier = Annotated[IdentifierValue, BeforeValidator(_unbroken)]


class PatientRow(BaseModel):
    """A row of the file. The rules are those of the API, except that names, keys and identifiers cannot look like what
    broken formulas leave.
    """

    model_config = ConfigDict(extra="forbid")

    key: _Key
    full_name: Annotated[PersonName, AfterValidator(_no_formula)]
    birth_date: BirthDate | None = None
    email: Email | None = None
    phone: Phone | None = None
    national_id: FileIdentifier | None = None
    insurance: FileIdentifier | None = None
    chart: FileIdentifier | None = None
    language: Language | None = None
    contact_by: Channel | None = None
    recalls: Annotated[bool, BeforeValidator(_truth)] | None = None

    def new_user(self) -> NewUser:
        return NewUser(
            user_name=made_user_name(),
            user_type=Role.PATIENT,
            full_name=self.full_name,
            email=self.email,
            phone=self.phone,
            birth_date=self.birth_date,
            language=self.language,
            contact_by=self.contact_by,
            recalls=self.recalls,
        )


COLUMNS: tuple[str, ...] = tuple(PatientRow.model_fields)
REQUIRED: tuple[str, ...] = tuple(name for name, field in PatientRow.model_fields.items() if field.is_required())


class Unique(NamedTuple):
    """What no other line of a file may have in a column, such as a key or an identifier."""

    line: int
    column: str
    value: str


class Repeats:
    """What may come once in a file. Only hashes of it are kept, and those of a long file in a temporary file without a
    name, so that the memory does not grow with it. Use it in a `with` statement, whose end removes the file.

    `message` is what people read about a repetition; `{line}` in it is the line that was added.
    """

    def __init__(self, message: str) -> None:
        self._message = message
        self._seen = sqlite3.connect("")
        self._seen.execute("CREATE TABLE seen (hash INTEGER PRIMARY KEY, line INTEGER)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._seen.close()

    def add(self, values: Iterable[Unique]) -> list[Problem]:
        """Adds the values, and returns which of them were added by an earlier call."""
        hashes = [(hash((column, value)), line, column) for line, column, value in values]
        problems = []
        for number, line, column in hashes:
            found = self._seen.execute("SELECT line FROM seen WHERE hash = ?", (number,)).fetchone()
            if found is not None:
                problems.append(Problem(line, column, "duplicate", self._message.format(line=found[0])))
        added = ((number, line) for number, line, _ in hashes)
        self._seen.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", added)
        return problems


def unique_values(row: ImportRow) -> Iterator[Unique]:
    """Yields the key and the identifiers of a row, as they are compared."""
    if "key" in row.values and not BROKEN.match(row.values["key"]):
        yield Unique(row.line, "key", as_stored(row.values["key"]))
    for system, value in _identifiers(row.values):
        yield Unique(row.line, system, value)


def _identifiers(values: Mapping[str, str]) -> list[Identifier]:
    written = ((system, values[system]) for system in IdentifierSystem if system in values)
    stored = ((system, stored_value(value)) for system, value in written if not BROKEN.match(value))
    return [Identifier(system, value) for system, value in stored if value is not None]


class _ReadRow(NamedTuple):
    """A row of which what concerns other patients is known. `patient` is None if something is wrong with it."""

    line: int
    key_hash: str
    identifiers: Sequence[Identifier]
    born: date | None
    patient: PatientRow | None


def import_patients(database: Database, wanted: ImportBatch) -> dict[str, Any]:
    """Makes patients of the clinic from the rows, all in one transaction, unless there are problems or it is a dry run.
    Returns the `problems`; how many rows are `new`; and how many were `already_imported`, which changes nothing, even
    if a row is different now.

    Raises InvalidInputError if there is no such clinic.
    """
    rows, problems = _read(wanted)
    run = partial(_import, wanted=wanted, rows=rows, problems=problems)
    return database.transact(run, commit=not wanted.dry_run)


def _read(wanted: ImportBatch) -> tuple[list[_ReadRow], list[Problem]]:
    """Returns the rows, and what is wrong with them whatever is in the database."""
    rows: list[_ReadRow] = []
    problems: list[Problem] = []
    with Repeats(REPEATED) as repeats:
        for row in wanted.rows:
            problems += repeats.add(unique_values(row))
            patient = None
            try:
                patient = PatientRow.model_validate(row.values)
            except ValidationError as error:
                problems += faults(row.line, error, COLUMNS)
            key_hash = sha256(as_stored(row.values.get("key", "")).encode()).hexdigest()
            born = day_in(row.values.get("birth_date"))
            rows.append(_ReadRow(row.line, key_hash, _identifiers(row.values), born, patient))
    return rows, problems


def faults(line: int, error: ValidationError, columns: Collection[str]) -> Iterator[Problem]:
    """Yields what is wrong with the values of a row that has these columns."""
    for item in error.errors(include_url=False, include_input=False):
        column = str(item["loc"][0])
        yield Problem(line, column if column in columns else None, *fault_of(item))


def _import(
    work: UnitOfWork, wanted: ImportBatch, rows: Sequence[_ReadRow], problems: Sequence[Problem]
) -> dict[str, Any]:
    place = importing.place_of(work.session, wanted.clinic)
    if place is None:
        raise unknown_clinic(work.session, field="clinic")
    if not wanted.dry_run:
        importing.wait_for_others(work.session)
    known = importing.known_keys(work.session, place.clinic_id, [row.key_hash for row in rows])
    new = [row for row in rows if row.key_hash not in known]
    found = [*problems, *_problems_of(work, place, new)]
    if new and not found and not wanted.dry_run:
        importing.add_patients(work.session, place.clinic_id, list(_imported(new, place)), work.now)
    return {
        "new": len(new),
        "already_imported": len(rows) - len(new),
        "problems": [problem._asdict() for problem in sorted(found, key=lambda problem: problem.line)],
    }


def _problems_of(work: UnitOfWork, place: Place, rows: Sequence[_ReadRow]) -> Iterator[Problem]:
    """Yields what is wrong with new rows as things are."""
    owned = {identifier: row.line for row in rows for identifier in _scoped(row, place)}
    for identifier, user_id in identifiers.owners_of(work.session, owned).items():
        message = f"Patient {user_id} has this. Leave out the row, or the value, and merge the two afterwards."
        yield Problem(owned[identifier], identifier.system, "identifier_taken", message)
    for row in rows:
        # PatientRow has already reported what is not a date, or is too early.
        if row.born is None or row.born < EARLIEST_BIRTH_DATE:
            continue
        try:
            check_birth_date(row.born, work.today)
        except InvalidInputError as error:
            yield Problem(row.line, "birth_date", "not_a_birth_date", error.detail)


def _scoped(row: _ReadRow, place: Place) -> list[ScopedIdentifier]:
    return scoped(row.identifiers, clinic_id=place.clinic_id, country=place.country)


def _imported(rows: Sequence[_ReadRow], place: Place) -> Iterator[ImportedPatient]:
    for row in rows:
        if row.patient is not None:
            yield ImportedPatient(row.key_hash, row.patient.new_user(), _scoped(row, place))
