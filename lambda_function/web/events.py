"""What API Gateway hands to the Lambda, and what it takes from it, in payload format 2.0."""

from collections.abc import Mapping
from typing import Any

Event = Mapping[str, Any]
Result = dict[str, Any]


def method_of(event: Event) -> str:
    method: str = event["requestContext"]["http"]["method"]
    return method
