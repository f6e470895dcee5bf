"""`recalls …`: how many patients were due and booked, and recalls for those who were treated before there were any."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

import click

from lambda_function.cli.command import JsonGroup, Output, Tools
from lambda_function.cli.run_action import run_action
from lambda_function.cli.table import table_text
from lambda_function.services.operators.recall_backfill import Tally

_function = click.option(
    "--function", help="Name of the operators' Lambda, for a database that cannot be reached from here."
)
_COLUMNS = {
    "clinic": "CLINIC",
    "month": "MONTH",
    "due": "DUE",
    "booked_within_30_days": "BOOKED WITHIN 30 DAYS",
    "overdue_3_months": "OVERDUE 3 MONTHS",
    "overdue_6_months": "6 MONTHS",
    "overdue_12_months": "12 MONTHS",
}


@click.group(cls=JsonGroup)
def recalls() -> None:
    """Count and open the recalls of patients who are due for a treatment again."""


@recalls.command()
@click.option("--from", "first", metavar="YYYY-MM", help="First month. The default is eleven months before the last.")
@click.option("--to", metavar="YYYY-MM", help="Last month. The default is the present one.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the table as CSV.")
@_function
@click.pass_obj
def report(tools: Tools, first: str | None, to: str | None, *, as_csv: bool, function: str | None) -> Output:
    """Count, by clinic and month, the patients who were due and those who booked.

    DUE counts the recalls that are due in the month and were not dismissed. BOOKED WITHIN 30 DAYS counts those of them
    with a visit of the treatment that starts at most 30 days after the due day; cancelled and missed visits do not
    count. OVERDUE counts those that are open today, have no visit ahead, and became due at least 3, 6 or 12 months ago.
    """
    document = run_action(tools, "recalls.report", function, **{"from": first, "to": to})
    rows = [list(_COLUMNS.values()), *([str(row[name]) for name in _COLUMNS] for row in document["months"])]
    text = _csv_text(document["months"]) if as_csv else table_text(rows)
    left_out = document["without_time_zone"]
    message = f"Left out, because their time zones are not known: {', '.join(left_out)}." if left_out else ""
    return Output(document, text, message=message)


@recalls.command()
@click.argument("treatment")
@click.option("--plan", is_flag=True, help="Show what would be opened, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@_function
@click.pass_obj
def backfill(tools: Tools, treatment: str, *, plan: bool, yes: bool, function: str | None) -> Output:
    """Open recalls for patients who were treated before TREATMENT, given by its code, had `recall_months`.

    They are due `recall_months` after their last completed visit, in its clinic and with its doctor. Left out are
    patients who are inactive, have an open recall or a later visit, or whose recall was dismissed after the visit.
    Notices whose time has passed are not sent. If it is stopped half-way, run it again.

    It asks for confirmation on a terminal only.
    """
    if plan or (tools.on_terminal() and not yes):
        planned = _backfilled(tools, treatment, function, plan=True)
        if plan:
            return Output(planned.document(plan=True), _backfill_text(planned, "would be opened"))
        click.echo(_backfill_text(planned, "would be opened"), err=True)
        if not planned.recalls:
            return Output(planned.document(plan=False), "There is no recall to open.")
        click.confirm("Open these recalls?", abort=True, err=True)
    done = _backfilled(tools, treatment, function, plan=False)
    return Output(done.document(plan=False), _backfill_text(done, "opened"))


def _backfilled(tools: Tools, treatment: str, function: str | None, *, plan: bool) -> Tally:
    tally = Tally(0)
    while tally.after is not None:
        part = run_action(tools, "recalls.backfill", function, treatment=treatment, plan=plan, after=tally.after)
        tally.add_part(part)
    return tally


def _backfill_text(tally: Tally, done: str) -> str:
    rows = [("CLINIC", "DUE IN", "RECALLS")]
    rows += [(clinic, month, f"{number:,}") for (_, clinic, month), number in sorted(tally.months.items())]
    weeks = ", ".join(f"{number:,}" for number in tally.weeks)
    lines = [
        f"Recalls {done}: {tally.recalls:,}, of which {tally.overdue:,} are due already.",
        f"Notices in each of the next {len(tally.weeks)} weeks, at most: {weeks}.",
        f"Notices whose time has passed, which are not sent: {tally.past:,}.",
    ]
    if tally.without_time_zone:
        lines.append(f"Left out, because the time zone of their clinic is not known: {tally.without_time_zone:,}.")
    return "\n".join([table_text(rows), *lines] if tally.recalls else lines)


def _csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([_plain(str(row[name])) for name in _COLUMNS] for row in rows)
    return text.getvalue().rstrip("\n")


def _plain(value: str) -> str:
    """Returns a value that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@")) else value
