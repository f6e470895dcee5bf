"""What becomes of the wishes and the guardians of two patients who turn out to be one person."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol, TypeVar

from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.waitlist import MAX_OPEN_WISHES, WishedVisit, waits_for_the_same


class QueuedWish(WishedVisit, Protocol):
    """An open wish. `offer_expires_at` is that of its last offer."""

    @property
    def waitlist_id(self) -> int: ...
    @property
    def offer_expires_at(self) -> datetime | None: ...


_Wish = TypeVar("_Wish", bound=QueuedWish)


def surplus(wishes: Iterable[_Wish], now: datetime) -> list[_Wish]:
    """Returns the wishes that end, of all the open wishes of both: those for the same as another one at overlapping
    times, and those that exceed MAX_OPEN_WISHES. Wishes with an offer stay before others, and then those that have
    waited longer.
    """
    kept: list[_Wish] = []
    ended: list[_Wish] = []
    for wish in sorted(wishes, key=lambda wish: (not _is_offered(wish, now), wish.waitlist_id)):
        again = any(waits_for_the_same(wish, other) for other in kept)
        (ended if again or len(kept) >= MAX_OPEN_WISHES else kept).append(wish)
    return ended


def _is_offered(wish: QueuedWish, now: datetime) -> bool:
    return wish.offer_expires_at is not None and wish.offer_expires_at > now


class Guardianship(NamedTuple):
    """One patient acts for another until the day `ends_on` begins, or without an end."""

    guardian_id: int
    patient_id: int
    ends_on: date | None

    def acts_on(self, today: date) -> bool:
        return self.ends_on is None or self.ends_on > today


@dataclass(frozen=True, slots=True)
class GuardianMove:
    """A row of the person who ends, and what it becomes, or None if the other person has one that lasts as long."""

    before: Guardianship
    after: Guardianship | None


def guardian_moves(rows: Sequence[Guardianship], *, source: int, target: int, today: date) -> list[GuardianMove]:
    """Returns what becomes of the rows of `source`, given all rows of both.

    Raises InvalidInputError if one acts for the other, and if the person would both act for others and have a guardian.
    """
    acting = [row for row in rows if row.acts_on(today)]
    if any({row.guardian_id, row.patient_id} == {source, target} for row in acting):
        raise InvalidInputError(
            "One of them is the guardian of the other, so they are two people. Have a reception remove the guardian "
            "first if that was a mistake.",
            field="source",
        )
    both = {source, target}
    if any(row.guardian_id in both for row in acting) and any(row.patient_id in both for row in acting):
        raise InvalidInputError(
            "One of them has a guardian and the other acts for somebody, and nobody may do both. Have a reception "
            "remove the guardian or the dependants first.",
            field="source",
        )
    lasting = {
        (row.guardian_id, row.patient_id): row for row in rows if source not in {row.guardian_id, row.patient_id}
    }
    moves = []
    for row in rows:
        if source not in {row.guardian_id, row.patient_id}:
            continue
        moved = row._replace(
            guardian_id=target if row.guardian_id == source else row.guardian_id,
            patient_id=target if row.patient_id == source else row.patient_id,
        )
        other = lasting.get((moved.guardian_id, moved.patient_id))
        gone = moved.guardian_id == moved.patient_id or (other is not None and _end(other) >= _end(moved))
        moves.append(GuardianMove(row, None if gone else moved))
    return moves


def _end(row: Guardianship) -> date:
    return row.ends_on or date.max
