"""`import patients FILE` and `import recalls FILE`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import click

from lambda_function.cli.command import Exit, JsonGroup, Output, RunAction, Tools, progress_of
from lambda_function.cli.csv_file import CsvFile
from lambda_function.cli.run_action import action_runner
from lambda_function.services.operators import importing, recall_import
from lambda_function.services.operators.arguments import MOST_ROWS, ImportRow
from lambda_function.services.operators.importing import Problem, Repeats, Unique

# Lambda takes events of 6 MB. What JSON escapes can make a row six times as long.
BATCH_BYTES = 512 * 1024
# People read so many problems one by one, and the others by their numbers.
MOST_LINES = 100
_OPEN_ALREADY = (
    "The patient has an open recall for this treatment, due on another day, so this row changes nothing. If this day "
    "is right, change that recall."
)
_Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a file brings in, and the action that does it."""

    action: str
    one: str
    many: str
    columns: tuple[str, ...]
    required: tuple[str, ...]
    # What no two rows of the file may have in common, of some rows and what the action answered about them.
    unique_values: Callable[[Sequence[ImportRow], _Answer], Iterator[Unique]]
    # What people read about a row that has it in common with another.
    repeated: str

    def counted(self, number: int) -> str:
        return f"{number:,} {self.one if number == 1 else self.many}"

    def outcome(self, counts: "_Counts") -> str:
        before = f"; {self.counted(counts.known)} imported before" if counts.known else ""
        rows = "row" if len(counts.open_already) == 1 else "rows"
        passed_over = f"; {len(counts.open_already):,} {rows} passed over" if counts.open_already else ""
        return f"{before}{passed_over}"


def _of_patients(rows: Sequence[ImportRow], answer: _Answer) -> Iterator[Unique]:
    return chain.from_iterable(map(importing.unique_values, rows))


def _of_recalls(rows: Sequence[ImportRow], answer: _Answer) -> Iterator[Unique]:
    return recall_import.unique_values(answer)


_PATIENTS = _Kind(
    "patients.import",
    "patient",
    "patients",
    importing.COLUMNS,
    importing.REQUIRED,
    _of_patients,
    importing.REPEATED,
)
_RECALLS = _Kind(
    "recalls.import",
    "recall",
    "recalls",
    recall_import.COLUMNS,
    recall_import.REQUIRED,
    _of_recalls,
    recall_import.REPEATED,
)
_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_dry_run = click.option("--dry-run", is_flag=True, help="Check the file, and write nothing.")
_function = click.option(
    "--function", help="Name of the operators' Lambda, for a database that cannot be reached from here."
)


@click.group("import", cls=JsonGroup)
def import_group() -> None:
    """Bring in what another system has."""


@import_group.command("patients")
@_file
@click.option("--clinic", required=True, help="Name of the clinic whose patients these are.")
@_dry_run
@_function
@click.pass_obj
def patients(tools: Tools, file: Path, clinic: str, *, dry_run: bool, function: str | None) -> Output:
    """Import a clinic's patients from a CSV file, which docs/operators.md describes.

    First the whole file is checked. If anything is wrong, the problems are listed with their lines (the first 100; all
    of them with --json), and nothing is written. Then the patients are written in batches. A row whose key was imported
    before is skipped, so repeat an import that was stopped.
    """
    return _import(_PATIENTS, file, action_runner(tools, function), clinic, dry_run=dry_run)


@import_group.command("recalls")
@_file
@click.option(
    "--clinic", required=True, help="Name of the clinic that recalls the patients, unless a row names another one."
)
@_dry_run
@_function
@click.pass_obj
def recalls(tools: Tools, file: Path, clinic: str, *, dry_run: bool, function: str | None) -> Output:
    """Import from a CSV file when patients are due again, as docs/operators.md describes.

    First the whole file is checked. If anything is wrong, the problems are listed with their lines (the first 100; all
    of them with --json), and nothing is written. Then the recalls are opened in batches. A row that was imported before
    is skipped, so repeat an import that was stopped. A row whose patient has an open recall for the treatment that is
    due on another day is passed over and listed.
    """
    return _import(_RECALLS, file, action_runner(tools, function), clinic, dry_run=dry_run)


def _import(kind: _Kind, file: Path, run: RunAction, clinic: str, *, dry_run: bool) -> Output:
    table = CsvFile(file, kind.columns, kind.required)
    checked = _check(kind, table, run, clinic)
    if checked.problems:
        return _wrong(file, checked.problems, "Nothing was written.")
    if dry_run:
        text = f"Nothing is wrong. {kind.counted(checked.new)} to import{kind.outcome(checked)}."
        return _fine(kind, file, checked, {"dry_run": True, "to_import": checked.new}, text)
    done = _write(kind, table, run, clinic)
    if done.problems:
        written = f"{kind.counted(done.new)} were written before. Correct the file and repeat."
        return _wrong(file, done.problems, written)
    text = f"Imported {kind.counted(done.new)}{kind.outcome(done)}."
    return _fine(kind, file, done, {"dry_run": False, "imported": done.new}, text)


def _fine(kind: _Kind, file: Path, counts: "_Counts", document: Mapping[str, Any], text: str) -> Output:
    document = {**document, "already_imported": counts.known}
    if kind is _PATIENTS:
        return Output(document, text)
    lines = [f"{file}:{line}: {_OPEN_ALREADY}" for line in counts.open_already[:MOST_LINES]]
    if len(counts.open_already) > MOST_LINES:
        lines.append(f"… and {len(counts.open_already) - MOST_LINES:,} more. --json names all of them.")
    return Output({**document, "open_already": counts.open_already}, text, message="\n".join(lines))


@dataclass(slots=True)
class _Batch:
    """Rows, what is wrong with the file itself up to them, and how many bytes of the file that is."""

    rows: list[ImportRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    size: int = 0


@dataclass(slots=True)
class _Counts:
    """How many rows are new, and how many were known before. `open_already` has the lines of those that are neither."""

    new: int = 0
    known: int = 0
    open_already: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, answer: _Answer) -> None:
        self.problems += (Problem(**problem) for problem in answer["problems"])
        self.new += answer["new"]
        self.known += answer["already_imported"]
        self.open_already += answer.get("open_already", ())


def _check(kind: _Kind, table: CsvFile, run: RunAction, clinic: str) -> _Counts:
    counts = _Counts()
    with Repeats(kind.repeated) as repeats, progress_of(table.size, "Checking") as bar:
        for batch in _batches(table):
            answer = run(kind.action, _arguments(clinic, batch, dry_run=True))
            counts.problems += batch.problems
            # The action compares the rows of one batch with each other.
            counts.problems += repeats.add(kind.unique_values(batch.rows, answer))
            counts.add(answer)
            bar.update(batch.size)
    return counts


def _write(kind: _Kind, table: CsvFile, run: RunAction, clinic: str) -> _Counts:
    """Stops before the first batch with a problem, which has come up since the check."""
    counts = _Counts()
    with progress_of(table.size, "Importing") as bar:
        for batch in _batches(table):
            answer = run(kind.action, _arguments(clinic, batch, dry_run=False))
            if problems := [*batch.problems, *(Problem(**problem) for problem in answer["problems"])]:
                counts.problems = problems
                break
            counts.add(answer)
            bar.update(batch.size)
    return counts


def _arguments(clinic: str, batch: _Batch, *, dry_run: bool) -> dict[str, Any]:
    return {"clinic": clinic, "rows": [row.model_dump() for row in batch.rows], "dry_run": dry_run}


def _batches(table: CsvFile) -> Iterator[_Batch]:
    batch = _Batch()
    end = 0
    for row in table.read():
        if isinstance(row, Problem):
            batch.problems.append(row)
            continue
        size = row.end - end
        if len(batch.rows) == MOST_ROWS or (batch.rows and batch.size + size > BATCH_BYTES):
            yield batch
            batch = _Batch()
        batch.rows.append(ImportRow(line=row.line, values=row.values))
        batch.size += size
        end = row.end
    yield batch


def _wrong(file: Path, problems: list[Problem], outcome: str) -> Output:
    in_order = sorted(problems, key=lambda problem: problem.line)
    lines = [f"{file}:{each.line}: {_in_column(each.column)}{each.message}" for each in in_order[:MOST_LINES]]
    if len(in_order) > MOST_LINES:
        lines += [f"… and {len(in_order) - MOST_LINES:,} more. In all, there are:", *_kinds(in_order)]
    summary = f"{len(in_order):,} {'problem' if len(in_order) == 1 else 'problems'}. {outcome}"
    error = {"code": "validation_error", "detail": summary, "problems": [each._asdict() for each in in_order]}
    return Output({"error": error}, "", Exit.REFUSED, "\n".join([*lines, summary]))


def _kinds(problems: list[Problem]) -> Iterator[str]:
    """Yields a line for each kind of problem, with how many there are, the most first."""
    kinds: dict[tuple[str | None, str], list[Problem]] = {}
    for each in problems:
        kinds.setdefault((each.column, each.code), []).append(each)
    for (column, _), alike in sorted(kinds.items(), key=lambda kind: -len(kind[1])):
        # Of one kind, messages may name other lines or patients.
        such = "" if len({each.message for each in alike}) == 1 else "such as: "
        yield f"{len(alike):,} times: {_in_column(column)}{such}{alike[0].message}"


def _in_column(column: str | None) -> str:
    return f"{column}: " if column else ""
