"""Pages as searchsets."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from lambda_function.api.fhir.wire import BASE, Resource, root_url

_CURSOR = "_cursor"


def searchset(event: Any, resources: Iterable[Resource], next_cursor: str | None) -> Resource:
    """The page of the search that the event asks for. Without `total`: counting would cost more than the page."""
    root = root_url(event)
    here = f"{root}{event.raw_path.removeprefix(BASE)}"
    query = parse_qsl(event.raw_query_string, keep_blank_values=True)
    links = [{"relation": "self", "url": _url(here, query)}]
    if next_cursor is not None:
        rest = [pair for pair in query if pair[0] != _CURSOR]
        links.append({"relation": "next", "url": _url(here, [*rest, (_CURSOR, next_cursor)])})
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "link": links}
    entries = [
        {
            "fullUrl": f"{root}/{resource['resourceType']}/{resource['id']}",
            "resource": resource,
            "search": {"mode": "match"},
        }
        for resource in resources
    ]
    if entries:
        bundle["entry"] = entries
    return bundle


def _url(path: str, query: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
