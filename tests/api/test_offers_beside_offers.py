"""Everybody who is offered time can take it, whatever is offered to others: offers keep their buffers from each other,
from visits, and from what is freed later.
"""

from typing import Any

import pytest

from tests.api.desk import Desk, at
from tests.api.waiting import Waitlist, free


@pytest.fixture
def waitlist(desk: Desk) -> Waitlist:
    desk.practice.add_patient("ana", clinics=(1,))
    return Waitlist(desk)


@pytest.fixture
def implant(waitlist: Waitlist) -> Any:
    """Books 14:00Z to 15:30Z with drwu for ana, who is not on the waitlist."""
    return waitlist.desk.booked("rita", at("14:00"), doctor="drwu", patient="ana", treatment=3)


def _join(waitlist: Waitlist, user_name: str, treatment_id: int, start: str, end: str) -> int:
    return waitlist.join(
        user_name,
        treatment_id=treatment_id,
        doctor_id=waitlist.desk.id_of("drwu"),
        **{"from": at(start), "to": at(end)},
    )


def _both_take(waitlist: Waitlist, **waitlist_ids: int) -> None:
    for user_name, waitlist_id in waitlist_ids.items():
        answer = waitlist.accept(user_name, waitlist_id)
        assert answer.status == 201, answer.text


def test_the_buffer_after_an_offer_is_not_offered(waitlist: Waitlist, implant: Any) -> None:
    kim = _join(waitlist, "kim", 2, "14:00", "14:45")  # and ten minutes after it
    pat = _join(waitlist, "pat", 1, "14:00", "15:30")

    free(waitlist, implant)

    assert (waitlist.offered("kim"), waitlist.offered("pat")) == (at("14:00"), at("15:00"))
    _both_take(waitlist, pat=pat, kim=kim)


def test_an_offer_keeps_its_own_buffer_from_the_offers_behind_it(waitlist: Waitlist, implant: Any) -> None:
    kim = _join(waitlist, "kim", 1, "14:45", "15:15")
    pat = _join(waitlist, "pat", 2, "13:30", "15:30")  # 14:00 would need the time until 14:55

    free(waitlist, implant)

    assert (waitlist.offered("kim"), waitlist.offered("pat")) == (at("14:45"), at("13:45"))
    _both_take(waitlist, pat=pat, kim=kim)


@pytest.mark.parametrize(("first", "second"), [("kim", "pat"), ("pat", "kim")])
def test_the_buffer_before_an_offer_is_not_offered(waitlist: Waitlist, first: str, second: str) -> None:
    careful = waitlist.desk.practice.add_treatment(
        "careful", duration_minutes=45, buffer_before_minutes=10
    ).treatment_id
    waitlist.desk.practice.add_doctor("drnew", treatments=(1, 3, careful))
    visit = waitlist.desk.booked("rita", at("14:00"), doctor="drnew", patient="ana", treatment=3)
    drnew = waitlist.desk.id_of("drnew")
    wishes = {
        "kim": {"treatment_id": careful, "from": at("14:45"), "to": at("15:30")},
        "pat": {"treatment_id": 1, "from": at("14:00"), "to": at("14:45")},
    }
    joined = {name: waitlist.join(name, doctor_id=drnew, **wishes[name]) for name in (first, second)}

    free(waitlist, visit)

    assert (waitlist.offered("kim"), waitlist.offered("pat")) == (at("14:45"), at("14:00"))
    _both_take(waitlist, **joined)


def test_what_is_freed_beside_an_offer_keeps_its_buffer(waitlist: Waitlist) -> None:
    earlier = waitlist.desk.booked("rita", at("14:00"), doctor="drwu", patient="ana")
    later = waitlist.desk.booked(
        "rita", at("14:45"), doctor="drwu", patient="ana", treatment=2
    )  # to 15:40 with its buffer
    waitlist.desk.booked("rita", at("13:30"), doctor="drwu", patient="ana")
    kim = _join(waitlist, "kim", 1, "14:00", "14:30")
    pat = _join(waitlist, "pat", 2, "14:00", "16:00")
    free(waitlist, earlier)
    assert (waitlist.offered("kim"), waitlist.offered("pat")) == (at("14:00"), None)

    free(waitlist, later)

    assert waitlist.offered("pat") == at("14:45")
    _both_take(waitlist, kim=kim, pat=pat)


def test_the_buffer_of_an_offer_that_stands_is_kept_when_its_neighbour_is_freed(waitlist: Waitlist) -> None:
    earlier = waitlist.desk.booked("rita", at("14:00"), doctor="drwu", patient="ana", treatment=2)  # to 14:55
    later = waitlist.desk.booked("rita", at("15:00"), doctor="drwu", patient="ana")
    kim = _join(waitlist, "kim", 2, "14:00", "14:45")
    pat = _join(waitlist, "pat", 1, "14:45", "15:45")
    free(waitlist, earlier)
    assert (waitlist.offered("kim"), waitlist.offered("pat")) == (at("14:00"), None)

    free(waitlist, later)

    assert waitlist.offered("pat") == at("15:00")
    _both_take(waitlist, pat=pat, kim=kim)


def test_freed_buffers_are_offered(waitlist: Waitlist) -> None:
    cleaning = waitlist.desk.booked("rita", at("14:00"), doctor="drwu", patient="ana", treatment=2)
    pat = _join(waitlist, "pat", 1, "14:45", "15:15")
    free(waitlist, cleaning)
    assert waitlist.offered("pat") == at("14:45")
    _both_take(waitlist, pat=pat)
