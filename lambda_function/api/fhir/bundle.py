"""Pages as searchsets."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from lambda_function.api.fhir.wire import BASE, Resource, root_url
from lambda_function.api.schemas.paging import Page

_CURSOR = "_cursor"


def searchset(event: Any, page: Page[Resource]) -> Resource:
    """A page of the search that the event asks for. It has no `total`: counting would cost more than the page."""
    root = root_url(event)
    here = f"{root}{event.raw_path.removeprefix(BASE)}"
    query = parse_qsl(event.raw_query_string, keep_blank_values=True)
    links = [{"relation": "self", "url": _url(here, query)}]
    if page["next_cursor"] is not None:
        rest = [pair for pair in query if pair[0] != _CURSOR]
        links.append({"relation": "next", "url": _url(here, [*rest, (_CURSOR, page["next_cursor"])])})
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "link": links}
    entries = [
        {
            "fullUrl": f"{root}/{resource['resourceType']}/{resource['id']}",
            "resource": resource,
            "search": {"mode": "match"},
        }
        for resource in page["items"]
    ]
    if entries:
        bundle["entry"] = entries
    return bundle


def _url(path: str, query: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
