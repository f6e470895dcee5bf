"""The differences, entry by entry and field by field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lambda_function.services.practice.state import Fields, Kind, State

Things = Mapping[Kind, Mapping[str, Fields]]


class ChangeAction(StrEnum):
    CREATE = "create"
    CHANGE = "change"
    DEACTIVATE = "deactivate"


@dataclass(frozen=True, slots=True)
class PracticeChange:
    """A changed entry. `old` and `new` have the same fields: those that differ. For a new entry these are the fields
    that the file names, and `old` has None for each.
    """

    kind: Kind
    name: str
    old: Fields
    new: Fields
    created: bool

    @property
    def action(self) -> ChangeAction:
        if self.created:
            return ChangeAction.CREATE
        return ChangeAction.DEACTIVATE if self.new.get("active") is False else ChangeAction.CHANGE

    def gone(self, field: str) -> Sequence[Any]:
        """Returns the entries that a list loses."""
        kept = set(self.new[field]) if self.old.get(field) else set()
        return [item for item in self.old.get(field) or () if item not in kept]

    def added(self, field: str) -> Sequence[Any]:
        known = set(self.old[field] or ()) if self.new.get(field) else set()
        return [item for item in self.new.get(field) or () if item not in known]


def changes_between(state: State, wanted: Things) -> list[PracticeChange]:
    return [
        change
        for kind in Kind
        for name, fields in wanted[kind].items()
        if (change := _change(kind, name, state.things[kind].get(name), fields))
    ]


def _change(kind: Kind, name: str, old: Fields | None, new: Fields) -> PracticeChange | None:
    if old is None:
        return PracticeChange(kind, name, dict.fromkeys(new), new, created=True)
    different = [field for field, value in new.items() if value != old[field]]
    if not different:
        return None
    return PracticeChange(
        kind,
        name,
        {field: old[field] for field in different},
        {field: new[field] for field in different},
        created=False,
    )


def afterwards(state: State, wanted: Things) -> dict[Kind, dict[str, Fields]]:
    """Returns all entries as they will be when the file is applied."""
    return {
        kind: {
            name: {**state.things[kind].get(name, {}), **wanted[kind].get(name, {})}
            for name in {**state.things[kind], **wanted[kind]}
        }
        for kind in Kind
    }
