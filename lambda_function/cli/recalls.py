"""`recalls …`: how many patients were due and came."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

import click

from lambda_function.cli.command import JsonGroup, Output, Tools
from lambda_function.cli.run_action import run_action
from lambda_function.cli.table import table_text

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
    """Report on the recalls of patients who are due for a treatment again."""


@recalls.command()
@click.option("--from", "first", metavar="YYYY-MM", help="First month. The default is eleven months before the last.")
@click.option("--to", metavar="YYYY-MM", help="Last month. The default is the present one.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the table as CSV.")
@_function
@click.pass_obj
def report(tools: Tools, first: str | None, to: str | None, *, as_csv: bool, function: str | None) -> Output:
    """Count, by clinic and month, the patients who were due and those who booked.

    DUE are recalls that became due in the month and were not dismissed. BOOKED WITHIN 30 DAYS are those of them with a
    visit of the treatment that starts at the latest 30 days after the day; a cancelled or missed one does not count.
    OVERDUE are those that are open today, without a visit ahead, and became due at least 3, 6 or 12 months ago.
    """
    document = run_action(tools, "recalls.report", function, **{"from": first, "to": to})
    rows = [list(_COLUMNS.values()), *([str(row[name]) for name in _COLUMNS] for row in document["months"])]
    text = _csv_text(document["months"]) if as_csv else table_text(rows)
    left_out = document["without_time_zone"]
    message = f"Left out, because their time zones are not known: {', '.join(left_out)}." if left_out else ""
    return Output(document, text, message=message)


def _csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([_plain(str(row[name])) for name in _COLUMNS] for row in rows)
    return text.getvalue().rstrip("\n")


def _plain(value: str) -> str:
    """Returns a value that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@")) else value
