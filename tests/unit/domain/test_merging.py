"""The wishes and the guardians of two patients who are one person."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.merging import GuardianMove, Guardianship, guardian_moves, surplus
from lambda_function.domain.waitlist import MAX_OPEN_WISHES, waits_for_the_same

NOW = datetime(2030, 1, 7, 14, tzinfo=UTC)
TODAY = NOW.date()
FROM, INTO, OTHER, THIRD = 1, 2, 3, 4


@dataclass(frozen=True)
class Wish:
    waitlist_id: int
    treatment_id: int = 1
    doctor_id: int | None = None
    clinic_id: int | None = None
    wished_from: datetime = NOW
    wished_to: datetime = NOW + timedelta(days=1)
    offer_expires_at: datetime | None = None


@st.composite
def queues(draw: st.DrawFn) -> list[Wish]:
    wishes = []
    for waitlist_id in range(1, draw(st.integers(0, 20)) + 1):
        start = NOW + timedelta(days=draw(st.integers(0, 8)))
        wishes.append(
            Wish(
                waitlist_id,
                treatment_id=draw(st.integers(1, 3)),
                wished_from=start,
                wished_to=start + timedelta(days=draw(st.integers(1, 3))),
                offer_expires_at=draw(st.sampled_from([None, NOW - timedelta(hours=1), NOW + timedelta(hours=1)])),
            )
        )
    return wishes


@given(queues())
def test_no_two_are_left_for_the_same_and_no_more_than_the_limit(wishes: list[Wish]) -> None:
    ended = surplus(wishes, NOW)
    kept = [wish for wish in wishes if wish not in ended]
    assert not any(waits_for_the_same(*two) for two in combinations(kept, 2))
    assert len(kept) <= MAX_OPEN_WISHES
    assert all(len(kept) == MAX_OPEN_WISHES or any(waits_for_the_same(wish, one) for one in kept) for wish in ended)


def test_whoever_has_waited_longer_stays() -> None:
    assert surplus([Wish(1), Wish(2), Wish(3, treatment_id=2)], NOW) == [Wish(2)]


def test_a_wish_with_an_offer_stays_although_another_has_waited_longer() -> None:
    offered = Wish(2, offer_expires_at=NOW + timedelta(minutes=1))
    assert surplus([Wish(1), offered], NOW) == [Wish(1)]
    lapsed = replace(offered, offer_expires_at=NOW)
    assert surplus([Wish(1), lapsed], NOW) == [lapsed]


def moves(*rows: Guardianship) -> list[GuardianMove]:
    return guardian_moves(rows, source=FROM, target=INTO, today=TODAY)


def test_a_row_names_the_other_person_and_keeps_its_end() -> None:
    guardian, dependant = Guardianship(OTHER, FROM, date(2031, 1, 1)), Guardianship(FROM, OTHER, None)
    assert moves(guardian) == [GuardianMove(guardian, guardian._replace(patient_id=INTO))]
    assert moves(dependant) == [GuardianMove(dependant, dependant._replace(guardian_id=INTO))]
    assert moves(Guardianship(OTHER, INTO, None)) == []


@pytest.mark.parametrize(
    ("theirs", "lasts"), [(None, False), (date(2031, 1, 1), False), (date(2030, 12, 31), True), (TODAY, True)]
)
def test_of_two_rows_for_the_same_the_one_that_lasts_longer_stays(theirs: date | None, *, lasts: bool) -> None:
    own = Guardianship(OTHER, FROM, date(2031, 1, 1))
    after = own._replace(patient_id=INTO) if lasts else None
    assert moves(own, Guardianship(OTHER, INTO, theirs)) == [GuardianMove(own, after)]


@pytest.mark.parametrize("row", [Guardianship(FROM, INTO, None), Guardianship(INTO, FROM, None)])
def test_one_who_acts_for_the_other_is_another_person(row: Guardianship) -> None:
    with pytest.raises(InvalidInputError, match="two people"):
        moves(row)


@pytest.mark.parametrize("row", [Guardianship(FROM, INTO, TODAY), Guardianship(INTO, FROM, TODAY)])
def test_one_who_acted_for_the_other_is_forgotten(row: Guardianship) -> None:
    assert moves(row) == [GuardianMove(row, None)]


def test_nobody_comes_to_act_for_others_and_have_a_guardian() -> None:
    with pytest.raises(InvalidInputError, match="nobody may do both"):
        moves(Guardianship(FROM, OTHER, None), Guardianship(THIRD, INTO, None))
    past = Guardianship(FROM, OTHER, TODAY)
    assert moves(past, Guardianship(THIRD, INTO, None)) == [GuardianMove(past, past._replace(guardian_id=INTO))]
