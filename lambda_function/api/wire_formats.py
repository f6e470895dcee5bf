"""What a family of addresses takes for a body, and how it writes a refusal."""

import re
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple

from lambda_function.api.fhir.outcome import of_problem
from lambda_function.api.fhir.parameters import prepared
from lambda_function.api.fhir.wire import BASE
from lambda_function.web.events import Event, Result


class WireFormat(NamedTuple):
    """`body_types` matches the media types of bodies, and None takes any; `refusal` makes the result from that of
    api/problems.py; `prepared` makes the event that a route reads, given the names of its query parameters.
    """

    body_types: re.Pattern[str] | None
    refusal: Callable[[Result, Event], Result]
    prepared: Callable[[Event, Collection[str]], Event]

    def takes(self, content_type: str) -> bool:
        return self.body_types is None or bool(self.body_types.fullmatch(content_type.strip()))


def _as_it_is(problem: Result, _: Event) -> Result:
    return problem


def _unprepared(event: Event, _: Collection[str]) -> Event:
    return event


_PLAIN = WireFormat(
    re.compile(r'application/json\s*(;\s*charset="?utf-8"?\s*)?', re.IGNORECASE), _as_it_is, _unprepared
)
_BY_PREFIX: Mapping[str, WireFormat] = MappingProxyType(
    {
        BASE: WireFormat(
            re.compile(
                r'application/(fhir\+)?json\s*(;\s*(charset="?utf-8"?|fhirVersion="?4\.0"?)\s*){0,2}', re.IGNORECASE
            ),
            of_problem,
            prepared,
        ),
        # The first version of the service read any body as JSON, so its callers may send any type, or their library's.
        "/appointment": WireFormat(None, _as_it_is, _unprepared),
    }
)


def format_of(path: str) -> WireFormat:
    """The format of an address, whether or not there is a route."""
    prefixed = (found for prefix, found in _BY_PREFIX.items() if f"{path}/".startswith(f"{prefix}/"))
    return next(prefixed, _PLAIN)
