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


def _clinic(waitlist: Waitlist, chairs: int) -> None:
    """Adds a clinic with three doctors who work day and night, and with its receptionist roy."""
    practice = waitlist.desk.practice
    clinic_id = practice.add_clinic("Small", "America/Lima", chairs=chairs).clinic_id
    practice.add_receptionist("roy", clinics=(clinic_id,))
    for doctor in ("drone", "drtwo", "drthree"):
        practice.add_doctor(doctor, clinic=clinic_id)
    for patient in ("eva", "leo", "mia"):
        practice.add_patient(patient, clinics=(clinic_id,))


def _join_at(waitlist: Waitlist, user_name: str, doctor: str, start: str, end: str, **wish: Any) -> int:
    return waitlist.join(user_name, doctor_id=waitlist.desk.id_of(doctor), **{"from": at(start), "to": at(end), **wish})


def test_an_offer_whose_time_is_taken_keeps_no_chair_from_others(waitlist: Waitlist) -> None:
    _clinic(waitlist, chairs=2)
    desk = waitlist.desk
    first = desk.booked("roy", at("15:00"), patient="mia", doctor="drone")
    second = desk.booked("roy", at("15:00"), patient="eva", doctor="drtwo")
    _join_at(waitlist, "leo", "drone", "15:00", "15:30")
    _join_at(waitlist, "eva", "drthree", "15:00", "15:30")
    desk.cancelled("roy", first["appointment_id"])
    assert waitlist.offered("leo") == at("15:00")
    desk.booked("roy", at("15:00"), patient="mia", doctor="drone")  # the time that leo was offered

    desk.cancelled("roy", second["appointment_id"])

    assert waitlist.offered("eva") == at("15:00")


def test_an_offer_that_ends_frees_what_is_left_of_its_chair(waitlist: Waitlist) -> None:
    _clinic(waitlist, chairs=1)
    desk = waitlist.desk
    visit = desk.booked("roy", at("15:00"), patient="mia", doctor="drone")
    first = _join_at(waitlist, "leo", "drone", "15:00", "15:30")
    _join_at(waitlist, "eva", "drthree", "14:45", "15:15")
    waitlist.join("mia", treatment_id=3)  # so that somebody waits for a longer time
    desk.cancelled("roy", visit["appointment_id"])
    assert (waitlist.offered("leo"), waitlist.offered("eva")) == (at("15:00"), None)
    desk.booked("roy", at("15:15"), patient="mia", doctor="drtwo")  # in the second half of what leo was offered

    assert waitlist.withdraw("leo", first).status == 204

    assert waitlist.offered("eva") == at("14:45")


@pytest.mark.parametrize("doctor", ["drjay", "drsol"])  # of the same clinic and of another one
def test_who_has_an_offer_gets_no_other_one_at_the_same_time(waitlist: Waitlist, doctor: str) -> None:
    desk = waitlist.desk
    desk.practice.add_patient("leo", clinics=(1, 2))
    first = desk.booked("rita", at("15:00"), patient="ana", doctor="drwu")
    second = desk.booked("rita" if doctor == "drjay" else "rosa", at("15:15"), patient="leo", doctor=doctor)
    _join_at(waitlist, "kim", "drwu", "15:00", "15:30")
    _join_at(waitlist, "kim", doctor, "15:00", "16:00")
    _join_at(waitlist, "pat", doctor, "15:15", "15:45")
    free(waitlist, first)
    assert waitlist.offered("kim") == at("15:00")

    desk.cancelled("rita" if doctor == "drjay" else "rosa", second["appointment_id"])

    offers = [entry["offer"]["starts_at"] for entry in waitlist.entries("kim")]
    assert (offers, waitlist.offered("pat")) == ([at("15:00"), at("15:30")], None)
