"""Searches: how much of what they find is wanted, and the searchsets that answer them."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl, urlencode

from lambda_function.api.fhir.wire import BASE, Resource, root_url
from lambda_function.api.schemas import paging
from lambda_function.web.errors import EdgeError

# Who asks for a total has at most so many rows counted, by reading them.
MOST_COUNTED = 1000

_CURSOR, _TOTAL = "_cursor", "_total"

_Row = TypeVar("_Row")


class Wanted(NamedTuple):
    """How much of what a search finds is wanted: the parameters that every search takes."""

    size: int
    cursor: str | None
    summary: str | None
    total: str | None

    @property
    def only_total(self) -> bool:
        return self.summary == "count" or self.size == 0

    @property
    def after(self) -> str | None:
        """The cursor, if there is one and it matters."""
        return None if self.only_total else self.cursor

    @property
    def is_counted(self) -> bool:
        """Whether all matches are counted, which only the first page does."""
        return self.only_total or (self.total in {"accurate", "estimate"} and self.cursor is None)

    @property
    def limit(self) -> int:
        """How many rows to read: one more than needed, to know whether there are more."""
        return 1 + (max(self.size, MOST_COUNTED) if self.is_counted else self.size)


def searchset(
    event: Any,
    wanted: Wanted,
    rows: Sequence[_Row],
    *,
    key: Callable[[_Row], tuple[Any, ...]],
    shown: Callable[[_Row], Resource],
    until: int | None = None,
) -> Resource:
    """The Bundle for the search that the event asks for, from at most `wanted.limit` rows. `key` is what the cursor
    after a row says, and `until` as in paging.page. Raises EdgeError if there are too many to be counted and only their
    number is wanted.
    """
    root = root_url(event)
    here = f"{root}{event.raw_path.removeprefix(BASE)}"
    query = parse_qsl(event.raw_query_string, keep_blank_values=True)
    links = [{"relation": "self", "url": _url(here, query)}]
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "link": links}
    if wanted.is_counted and len(rows) <= MOST_COUNTED and until is None:
        bundle["total"] = len(rows)
    if wanted.only_total:
        if "total" not in bundle:
            detail = f"More than {MOST_COUNTED} resources may match, which are not counted. Narrow the search."
            raise EdgeError("not_supported", detail, field="_summary" if wanted.summary == "count" else "_count")
        return bundle
    end = None if until is None else (until,)
    page = paging.page(rows[: wanted.size + 1], wanted.size, key=key, shown=shown, until=end)
    if page["next_cursor"] is not None:
        rest = [pair for pair in query if pair[0] not in {_CURSOR, _TOTAL}]
        links.append({"relation": "next", "url": _url(here, [*rest, (_CURSOR, page["next_cursor"])])})
    if page["items"]:
        bundle["entry"] = [_entry(root, resource) for resource in page["items"]]
    return bundle


def _entry(root: str, resource: Resource) -> Resource:
    address = f"{root}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": address, "resource": resource, "search": {"mode": "match"}}


def _url(path: str, query: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
