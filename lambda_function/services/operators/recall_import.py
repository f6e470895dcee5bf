"""`import recalls`: recalls from the file of another system, in batches that may be repeated.

A batch is all or nothing. A row is skipped if its patient has or had a recall for the treatment for that day, so
whatever ends an import, the same import continues it. A row whose patient has an open one for another day is passed
over and named, so that somebody can look at it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from lambda_function.db.repositories import claims, identifiers, importing, recall_backfill, recall_import
from lambda_function.db.repositories.importing import Place
from lambda_function.db.repositories.recall_import import NamedDoctor
from lambda_function.db.repositories.recalls import NewRecall
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.errors import ContentionError, InvalidInputError
from lambda_function.domain.identifiers import Identifier, IdentifierSystem, ScopedIdentifier, scoped
from lambda_function.domain.recalls import check_due_on
from lambda_function.domain.user_names import folded
from lambda_function.services.operators.arguments import ImportBatch, ImportRow
from lambda_function.services.operators.clinics import MOST_LISTED, listed, no_treatment, unknown_clinic
from lambda_function.services.operators.importing import FileIdentifier, Problem, Repeats, Unique, faults
from lambda_function.services.recalls import open_many
from lambda_function.services.text_rules import Name, UserName, day_in, printable


def _day(value: object) -> date:
    day = day_in(value)
    if day is None:
        raise PydanticCustomError("not_a_day", "Write the day as year-month-day, such as 2030-01-31.")
    return day


class RecallRow(BaseModel):
    """A row of the file. Without `clinic`, it is the clinic of the import."""

    model_config = ConfigDict(extra="forbid")

    system: IdentifierSystem
    value: FileIdentifier
    treatment: Annotated[str, Field(max_length=64)]
    due_on: Annotated[date, BeforeValidator(_day)]
    clinic: Name | None = None
    doctor: UserName | None = None
    note: Annotated[str, StringConstraints(max_length=2000), AfterValidator(printable)] | None = None


COLUMNS: tuple[str, ...] = tuple(RecallRow.model_fields)
REQUIRED: tuple[str, ...] = tuple(name for name, field in RecallRow.model_fields.items() if field.is_required())


# What people read about a patient who comes again, whose identifier may be another one.
REPEATED = "Line {line} is about the same patient and treatment. Keep one of the two."


def unique_values(answer: Mapping[str, Any]) -> Iterator[Unique]:
    """Yields what no two lines of a file have in common, from the answer of the import about them."""
    for row in answer["patients"]:
        yield Unique(row["line"], "value", f"{row['patient_id']}:{row['treatment']}")


class _ReadRow(NamedTuple):
    line: int
    recall: RecallRow

    def identifier(self, place: Place) -> ScopedIdentifier:
        written = [Identifier(self.recall.system, self.recall.value)]
        return scoped(written, clinic_id=place.clinic_id, country=place.country)[0]


class _Facts(NamedTuple):
    """What the rows name, as things are."""

    owners: Mapping[ScopedIdentifier, int]
    active: set[int]
    members: set[tuple[int, int]]
    treatments: Mapping[str, int]
    # That of the import, and those that rows name. Only active ones.
    clinics: Mapping[str, int]
    # What to choose from, if a row names another one.
    clinic_names: Sequence[str]
    doctors: Mapping[str, NamedDoctor]


def import_recalls(database: Database, wanted: ImportBatch) -> dict[str, Any]:
    """Opens recalls for the rows, all in one transaction, unless there are problems or it is a dry run. Returns the
    `problems`; how many rows are `new`; how many were `already_imported`, which changes nothing; the lines of those
    whose patient has an `open_already` recall for the treatment that is due on another day, which are passed over; and
    the `patients` of the rows, each with the line and the treatment. A patient comes once for a treatment in a file;
    whoever sends it in several batches compares their answers by `unique_values`.

    Raises InvalidInputError if there is no such clinic.
    """
    rows, problems = _read(wanted)
    run = partial(_import, wanted=wanted, rows=rows, problems=problems)
    return database.transact(run, commit=not wanted.dry_run)


def _read(wanted: ImportBatch) -> tuple[list[_ReadRow], list[Problem]]:
    """Returns the rows that can be read, and what is wrong with the others whatever is in the database."""
    rows: list[_ReadRow] = []
    problems: list[Problem] = []
    for row in wanted.rows:
        try:
            rows.append(_ReadRow(row.line, RecallRow.model_validate(row.values)))
        except ValidationError as error:
            problems += faults(row.line, error, COLUMNS)
    return rows, problems


def _import(
    work: UnitOfWork, wanted: ImportBatch, rows: Sequence[_ReadRow], problems: Sequence[Problem]
) -> dict[str, Any]:
    place = importing.place_of(work.session, wanted.clinic)
    if place is None:
        raise unknown_clinic(work.session, field="clinic")
    facts = _facts(work, place, rows, lock=not wanted.dry_run)
    patients = list(_patients(rows, place, facts))
    found = [
        *problems,
        *_repeated(unique_values({"patients": patients})),
        *(problem for row in rows for problem in _problems_of(row, place, facts)),
        *_days_out_of_range(wanted.rows, work.today),
    ]
    sorted_out = _Sorted([], [], 0) if found else _sort(work, place, rows, facts)
    if not wanted.dry_run:
        open_many(work, sorted_out.new)
    return {
        "new": len(sorted_out.new),
        "already_imported": sorted_out.known,
        "open_already": sorted_out.open_already,
        "patients": patients,
        "problems": [problem._asdict() for problem in sorted(found, key=lambda problem: problem.line)],
    }


def _patients(rows: Sequence[_ReadRow], place: Place, facts: _Facts) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        patient_id = facts.owners.get(row.identifier(place))
        if patient_id is not None:
            yield {"line": row.line, "patient_id": patient_id, "treatment": row.recall.treatment}


def _repeated(values: Iterable[Unique]) -> Iterator[Problem]:
    with Repeats(REPEATED) as repeats:
        for each in values:
            yield from repeats.add([each])


def _facts(work: UnitOfWork, place: Place, rows: Sequence[_ReadRow], *, lock: bool) -> _Facts:
    """Reads what the rows name, with `lock` under the locks of the patients. Raises ContentionError if identifiers were
    given to others meanwhile.
    """
    session = work.session
    sought = {row.identifier(place) for row in rows}
    owners = identifiers.owners_of(session, sought)
    patients = set(owners.values())
    if lock and patients:
        claims.lock_patients(session, patients)
        if identifiers.owners_of(session, sought) != owners:
            raise ContentionError("Identifiers of patients were changed at the same time; try again.")
    named = {row.recall.clinic for row in rows if row.recall.clinic is not None}
    clinics = recall_import.clinics_named(session, {place.name, *named})
    return _Facts(
        owners,
        recall_import.active_patients(session, patients),
        recall_import.members(session, patients),
        {each.code: each.treatment_id for each in recall_backfill.treatments(session)},
        clinics,
        () if named <= clinics.keys() else recall_import.active_clinics(session, MOST_LISTED + 1),
        recall_import.doctors_named(session, {row.recall.doctor for row in rows if row.recall.doctor is not None}),
    )


def _days_out_of_range(rows: Iterable[ImportRow], today: date) -> Iterator[Problem]:
    """Yields what is wrong with the days of rows, also of those with other values that cannot be read."""
    for row in rows:
        due_on = day_in(row.values.get("due_on"))
        if due_on is None:
            continue
        try:
            check_due_on(due_on, today)
        except InvalidInputError as error:
            yield Problem(row.line, "due_on", "not_in_range", error.detail)


def _problems_of(row: _ReadRow, place: Place, facts: _Facts) -> Iterator[Problem]:
    """Yields what is wrong with a row as things are."""
    recall, patient_id = row.recall, facts.owners.get(row.identifier(place))
    clinic_id = _clinic_of(recall, place, facts)
    if recall.treatment not in facts.treatments:
        yield Problem(row.line, "treatment", "not_found", no_treatment(facts.treatments))
    if clinic_id is None and recall.clinic is None:
        message = "The clinic of the import is not active, so it recalls nobody. Name an active one in `clinic`."
        yield Problem(row.line, "clinic", "inactive", message)
    elif clinic_id is None:
        message = f"No active clinic has this name. There are: {listed(facts.clinic_names)}."
        yield Problem(row.line, "clinic", "not_found", message)
    if patient_id is None:
        message = "No patient has this identifier. Import the patient first, or leave out the row."
        yield Problem(row.line, "value", "not_found", message)
    elif patient_id not in facts.active:
        message = f"Patient {patient_id} has this identifier but is inactive. Reactivate them, or leave out the row."
        yield Problem(row.line, "value", "inactive", message)
    elif clinic_id is not None and (patient_id, clinic_id) not in facts.members:
        message = (
            f"Patient {patient_id}, who has this identifier, is not a patient of the clinic. Name theirs in `clinic`."
        )
        yield Problem(row.line, "clinic", "inconsistent", message)
    if recall.doctor is not None:
        yield from _problems_of_doctor(row.line, facts.doctors.get(folded(recall.doctor)), clinic_id)


def _problems_of_doctor(line: int, doctor: NamedDoctor | None, clinic_id: int | None) -> Iterator[Problem]:
    if doctor is None:
        message = "No doctor in practice has this user name. Correct it, or leave it empty."
        yield Problem(line, "doctor", "not_found", message)
    elif clinic_id is not None and doctor.clinic_id != clinic_id:
        message = "This doctor works in another clinic than that of the recall. Correct it, or leave it empty."
        yield Problem(line, "doctor", "inconsistent", message)


def _clinic_of(recall: RecallRow, place: Place, facts: _Facts) -> int | None:
    """Returns the active clinic that recalls the patient, or None if there is no such clinic."""
    return facts.clinics.get(place.name if recall.clinic is None else recall.clinic)


class _Sorted(NamedTuple):
    """What is to be opened, the lines whose patients have an open recall for another day, and how many rows were there
    before.
    """

    new: list[NewRecall]
    open_already: list[int]
    known: int


def _sort(work: UnitOfWork, place: Place, rows: Sequence[_ReadRow], facts: _Facts) -> _Sorted:
    """Tells apart rows that nothing is wrong with."""
    known = recall_import.known(work.session, set(facts.owners.values()), {row.recall.due_on for row in rows})
    has_open = {(each.patient_id, each.treatment_id) for each in known if each.open_key}
    had = {(each.patient_id, each.treatment_id, each.due_on) for each in known}
    new: list[NewRecall] = []
    open_already: list[int] = []
    for row in rows:
        recall = row.recall
        patient_id, treatment_id = facts.owners[row.identifier(place)], facts.treatments[recall.treatment]
        if (patient_id, treatment_id, recall.due_on) in had:
            continue
        if (patient_id, treatment_id) in has_open:
            open_already.append(row.line)
            continue
        clinic_id = facts.clinics[place.name if recall.clinic is None else recall.clinic]
        doctor_id = None if recall.doctor is None else facts.doctors[folded(recall.doctor)].user_id
        new.append(NewRecall(patient_id, treatment_id, clinic_id, doctor_id, recall.due_on, note=recall.note))
    return _Sorted(new, open_already, len(rows) - len(new) - len(open_already))
