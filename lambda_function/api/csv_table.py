"""Answers as CSV (RFC 4180), for spreadsheets."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from lambda_function.domain.messages import rfc3339

MEDIA_TYPE = "text/csv"
CSV = f"{MEDIA_TYPE}; charset=utf-8"

_WEIGHT = re.compile(r";\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)", re.IGNORECASE)
# A spreadsheet takes a cell that begins with one of these for a formula, some also behind white space.
_FORMULA = re.compile(r"\s*[=+\-@]|[\t\r]")


def asks_for_csv(accept: str | None) -> bool:
    """Whether an Accept header names CSV, and not JSON with the same weight or a greater one."""
    weights: dict[str, float] = {}
    for part in (accept or "").split(","):
        weight = _WEIGHT.search(part)
        weights[part.partition(";")[0].strip().lower()] = float(weight[1]) if weight else 1.0
    wanted = weights.get(MEDIA_TYPE, 0.0)
    return wanted > weights.get("application/json", 0.0)


def table(names: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A header and the rows, as `flat` makes them. None is an empty cell."""
    columns = list(names)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in columns])
    return text.getvalue()


def flat(value: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an item and of its parts, whose names must differ."""
    found: dict[str, Any] = {}
    for name, part in value.items():
        found |= flat(part) if isinstance(part, Mapping) else {name: part}
    return found


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and _FORMULA.match(text) else text
