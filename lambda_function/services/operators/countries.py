"""What operators do about the register of a country: move back what its queue has given up, and compare the register
with the main database. Neither needs a database here: the country's queue and function do the work.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, Self

_BATCH = 10


class DeadLetters(Protocol):
    """The messages of a country that its function could not handle. See aws/dead_letters.py."""

    def count(self) -> int: ...

    def move_back(self, most: int) -> int:
        """Moves up to so many messages back into the country's queue, and returns how many. At worst one is moved
        twice. Raises UnavailableError.
        """
        ...


class Part(NamedTuple):
    """What a comparison found in one part of the visits; see services/registers/checking.py."""

    after: int | None
    last_id: int
    visits: int
    registered: int
    days: Mapping[str, Mapping[str, int]]
    differences: list[dict[str, Any]]
    on_their_way: list[int]
    untold: list[int]
    repaired: int

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(**{name: document[name] for name in cls._fields})


class Register(Protocol):
    """The function of a country, which compares its register. See aws/country_function.py."""

    def check(self, after: int, *, repair: bool) -> Part:
        """Compares a part that begins behind that id. Raises UnavailableError."""
        ...


@dataclass(slots=True)
class Findings:
    """What has been found so far. `after` is where to go on, and None at the end."""

    after: int | None
    visits: int = 0
    registered: int = 0
    days: dict[str, dict[str, int]] = field(default_factory=dict)
    differences: list[dict[str, Any]] = field(default_factory=list)
    on_their_way: list[int] = field(default_factory=list)
    untold: list[int] = field(default_factory=list)
    repaired: int = 0

    @property
    def left(self) -> int:
        """How many differences there still are."""
        return len(self.differences) + len(self.untold) - self.repaired

    def add(self, part: Part) -> None:
        self.after = part.after
        self.visits += part.visits
        self.registered += part.registered
        for day, counts in part.days.items():
            known = self.days.setdefault(day, dict.fromkeys(counts, 0))
            for name, number in counts.items():
                known[name] += number
        self.differences += part.differences
        self.on_their_way += part.on_their_way
        self.untold += part.untold
        self.repaired += part.repaired


def redrive(letters: DeadLetters, waiting: int) -> Iterator[int]:
    """Moves as many messages back as there were, and yields how many after each batch. What arrives meanwhile stays,
    so this ends even if the country refuses everything again.
    """
    while waiting > 0 and (moved := letters.move_back(min(waiting, _BATCH))):
        waiting -= moved
        yield moved


def compare(register: Register, found: Findings, *, repair: bool) -> Iterator[Part]:
    """Compares part by part from where `found` stands, adds each part to it, and then yields it."""
    while found.after is not None:
        part = register.check(found.after, repair=repair)
        found.add(part)
        yield part
