"""The bus, on which other systems and our own consumers learn what has happened. docs/events.md is its contract."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol


class Message(NamedTuple):
    """A message of some kind. `key` tells it from the others that are published with it, and is no part of it."""

    key: int
    kind: str
    at: datetime
    detail: Mapping[str, Any]


class Bus(Protocol):
    def publish(self, messages: Sequence[Message]) -> Collection[int]:
        """Returns the keys of the messages that the bus has certainly taken, which are none if it is away."""
