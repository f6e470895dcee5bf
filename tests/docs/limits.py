"""How often people call each route, and how often they may: the table of docs/operations.md."""

import re
from decimal import Decimal
from typing import NamedTuple

from tests.docs.documents import OPERATIONS, rows, section, spans

_SECTION = section(OPERATIONS, "Limits of routes")


class Limit(NamedTuple):
    """A row of the table, with the numbers of each of its routes.

    `share` and `limit` are None where the routes may use the whole of the stage's limit.
    """

    routes: tuple[str, ...]
    requests_a_visit: Decimal
    at_peak: Decimal
    share: Decimal | None
    limit: Decimal | None

    @property
    def times(self) -> int:
        """How often the numbers count in a sum; "everything else" names no route."""
        return len(self.routes) or 1


def limits() -> list[Limit]:
    return [
        Limit(tuple(spans(routes)), Decimal(visit), Decimal(peak), _decimal(share), _decimal(limit))
        for routes, visit, peak, share, limit in rows(_SECTION)
    ]


def _decimal(cell: str) -> Decimal | None:
    return Decimal(cell) if cell[0].isdigit() else None


def rate_of_the_table() -> Decimal:
    """Returns the stage's rate that the last column counts with."""
    return Decimal(_number(r"at a rate of (\d+)", _SECTION))


def requests_a_visit() -> Decimal:
    return Decimal(_number(r"(\d+) requests a visit", section(OPERATIONS, "Cost")))


def requests_at_peak() -> Decimal:
    """Returns the requests a second of all callers together, in the busiest hour of the example."""
    return Decimal(_number(r"at peak three\s+times that, (\d+)", section(OPERATIONS, "Cost")))


def parts_of_the_requests() -> dict[str, float]:
    """Returns which part of all requests goes to each route that has a limit of its own."""
    return {
        route: float(limit.requests_a_visit / requests_a_visit())
        for limit in limits()
        if limit.share is not None
        for route in limit.routes
    }


def _number(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, f"operations.md says nothing like {pattern}"
    return found[1]
