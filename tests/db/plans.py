"""The plans of statements that were recorded over thousands of rows. No growing table is read completely, and nothing
beyond a page is sorted.
"""

import re
from typing import Any

from tests.db.recorded import Crowd, Sent
from tests.servers import plain_engine

# The optimiser may read these completely: they have one row, or as many as there are clinics, doctors and treatments.
SMALL = {
    "clinic",
    "chair",
    "treatment",
    "doctor",
    "doctor_treatment",
    "user_type",
    "closure",
    "receptionist_clinic",
} | {"installation", "country"}
PAGE = 200


def _faults(row: Any) -> list[str]:
    """Returns what is wrong with one line of a plan."""
    table = re.sub(r"_\d+$", "", row.table or "")
    found = []
    if row.type in {"ALL", "index"} and table not in SMALL and not table.startswith("<"):
        found.append(f"{row.table} is read whole, {row.rows} rows")
    if "filesort" in (row.Extra or "") and int(row.rows or 0) > PAGE and not table.startswith("<"):
        found.append(f"{row.table} is sorted, {row.rows} rows")
    return found


def check(crowded: Crowd, sent: list[Sent]) -> None:
    """Checks that every statement that reads or changes rows has a good plan."""
    assert sent
    faults = []
    with plain_engine(crowded.desk.practice.url).connect() as connection:
        for one in sent:
            if one.statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE")):
                plan = connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {one.statement}", one.parameters)
                faults += [f"{fault}:\n{one.statement}" for row in plan for fault in _faults(row)]
    assert not faults, "\n\n".join(faults)
