"""Freed time is offered to those who wait, and POST /waitlist/{id}/accept books it."""

from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text, update

from lambda_function.db.models import User, WaitlistEntry
from lambda_function.domain.actor import Role
from tests.api.conditions import move_doctor
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api.waiting import Waitlist, free, policy
from tests.clock import Clock
from tests.servers import plain_engine


@pytest.fixture
def waitlist(desk: Desk) -> Waitlist:
    desk.practice.add_patient("ana", clinics=(1,))
    return Waitlist(desk)


@pytest.fixture
def busy(waitlist: Waitlist) -> Any:
    """Books Tuesday 15:00Z with drjay for ana, who is not on the waitlist."""
    return waitlist.desk.booked("rita", at("15:00"), patient="ana")


def test_freed_time_is_offered_to_who_joined_first(waitlist: Waitlist, busy: Any) -> None:
    waitlist.join("kim")
    waitlist.join("pat")

    free(waitlist, busy)

    assert waitlist.entries("kim")[0]["status"] == "OFFERED"
    assert waitlist.entries("kim")[0]["offer"] == {
        "doctor_id": waitlist.desk.id_of("drjay"),
        "starts_at": at("15:00"),
        "ends_at": at("15:30"),
        "expires_at": "2030-01-07T16:00:00Z",
    }
    assert waitlist.offered("pat") is None


def test_an_offer_holds_no_time(waitlist: Waitlist, busy: Any) -> None:
    waitlist.join("kim")
    free(waitlist, busy)
    assert waitlist.desk.practice.claims() == []
    assert waitlist.desk.book("pat", at("15:00")).status == 201


def test_an_offer_lasts_as_long_as_the_clinic_says(waitlist: Waitlist, busy: Any) -> None:
    policy(waitlist, offer_minutes=30)
    waitlist.join("kim")
    free(waitlist, busy)
    assert waitlist.entries("kim")[0]["offer"]["expires_at"] == "2030-01-07T14:30:00Z"


def test_an_offer_ends_before_patients_can_no_longer_book(waitlist: Waitlist, busy: Any, clock: Clock) -> None:
    clock.advance(hours=23, minutes=30)  # 13:30 for a visit at 15:00, with an hour of lead
    waitlist.join("kim")
    free(waitlist, busy)
    assert waitlist.entries("kim")[0]["offer"]["expires_at"] == at("14:00")


@pytest.mark.parametrize(
    "wish",
    [
        {"from": at("15:30")},
        {"to": at("15:00")},
        {"from": at("15:05"), "to": at("15:40")},
        {"doctor": "drwu"},
        {"clinic_id": 2},
        {"treatment_id": 3, "to": at("15:30"), "from": at("15:00")},
    ],
)
def test_what_does_not_fit_the_wish_is_not_offered(waitlist: Waitlist, busy: Any, wish: dict[str, Any]) -> None:
    if "doctor" in wish:
        wish = {"doctor_id": waitlist.desk.id_of(wish["doctor"])}
    waitlist.join("kim", **wish)
    waitlist.join("pat")
    free(waitlist, busy)
    assert (waitlist.offered("kim"), waitlist.offered("pat")) == (None, at("15:00"))


def test_whoever_is_busy_then_is_passed_over(waitlist: Waitlist, busy: Any) -> None:
    waitlist.desk.booked("rita", at("15:00"), patient="kim", doctor="drwu")
    waitlist.join("kim")
    waitlist.join("pat")
    free(waitlist, busy)
    assert (waitlist.offered("kim"), waitlist.offered("pat")) == (None, at("15:00"))


def test_whoever_was_deactivated_is_passed_over(waitlist: Waitlist, busy: Any) -> None:
    waitlist.join("kim")
    waitlist.join("pat")
    session = waitlist.desk.practice.session
    session.execute(update(User).where(User.user_name == "kim").values(active=False))
    session.commit()
    free(waitlist, busy)
    assert waitlist.offered("pat") == at("15:00")


def test_whoever_is_no_patient_any_more_is_passed_over(waitlist: Waitlist, busy: Any) -> None:
    waitlist.join("kim")
    waitlist.join("pat")
    session = waitlist.desk.practice.session
    session.execute(update(User).where(User.user_name == "kim").values(user_type=Role.DOCTOR))
    session.commit()
    free(waitlist, busy)
    assert waitlist.offered("pat") == at("15:00")


def test_a_visit_may_use_a_part_of_the_freed_time(waitlist: Waitlist, busy: Any) -> None:
    waitlist.join("kim", **{"from": at("15:10")})
    free(waitlist, busy)
    assert waitlist.offered("kim") == at("15:15")


def test_a_longer_visit_may_reach_out_of_the_freed_time(waitlist: Waitlist, busy: Any) -> None:
    waitlist.desk.booked("rita", at("15:30"), patient="pat")
    waitlist.join("kim", treatment_id=2)  # 45 minutes and 10 after, which end at 15:30 at the latest
    free(waitlist, busy)
    assert waitlist.offered("kim") == at("14:30")


def test_time_within_the_lead_is_not_offered(waitlist: Waitlist, busy: Any, clock: Clock) -> None:
    waitlist.join("kim")
    clock.advance(hours=24, minutes=30)  # 14:30 for a visit at 15:00, with an hour of lead
    free(waitlist, busy)
    assert waitlist.offered("kim") is None


def test_long_freed_time_goes_to_several(waitlist: Waitlist) -> None:
    visit = waitlist.desk.booked("rita", at("15:00"), patient="ana", treatment=3)
    for user_name in ("kim", "pat"):
        waitlist.join(user_name)
    free(waitlist, visit)
    assert (waitlist.offered("kim"), waitlist.offered("pat")) == (at("15:00"), at("15:30"))


def test_what_is_on_offer_is_not_offered_a_second_time(waitlist: Waitlist, busy: Any) -> None:
    waitlist.join("kim")
    waitlist.join("pat")
    free(waitlist, busy)
    free(waitlist, waitlist.desk.booked("rita", at("15:00"), patient="ana"))
    assert (waitlist.offered("kim"), waitlist.offered("pat")) == (at("15:00"), None)


def test_moving_away_frees_the_old_time(waitlist: Waitlist, busy: Any) -> None:
    waitlist.join("kim")
    moved = waitlist.desk.client.call(
        "rita", "PATCH", f"/appointments/{busy['appointment_id']}", {"starts_at": at("17:00")}
    )
    assert moved.status == 200
    assert waitlist.offered("kim") == at("15:00")


def test_moving_a_little_offers_nothing_that_is_still_taken(waitlist: Waitlist, busy: Any) -> None:
    waitlist.join("kim", **{"from": at("15:00"), "to": at("15:45")})
    moved = waitlist.desk.client.call(
        "rita", "PATCH", f"/appointments/{busy['appointment_id']}", {"starts_at": at("15:15")}
    )
    assert moved.status == 200
    assert waitlist.offered("kim") is None


def test_missing_a_long_visit_frees_what_is_left_of_it(waitlist: Waitlist, clock: Clock) -> None:
    policy(waitlist, lead_minutes=0)
    visit = waitlist.desk.booked("rita", at("15:00"), patient="ana", treatment=3)
    waitlist.join("kim")
    clock.advance(hours=25, minutes=20)
    answer = waitlist.desk.client.post("rita", f"/appointments/{visit['appointment_id']}/no-show")
    assert answer.status == 200
    assert waitlist.offered("kim") == at("15:30")


def test_giving_up_time_off_frees_its_time(waitlist: Waitlist) -> None:
    path = f"/doctors/{waitlist.desk.id_of('drjay')}/time-off"
    time_off = {"starts_at": at("00:00"), "ends_at": at("16:00"), "reason": "Away"}
    time_off_id = waitlist.desk.client.post("rita", path, time_off).json["time_off_id"]
    waitlist.join("kim", doctor_id=waitlist.desk.id_of("drjay"))
    assert waitlist.desk.client.call("rita", "DELETE", f"{path}/{time_off_id}").status == 204
    assert waitlist.offered("kim") == at("13:00")


def test_deactivating_a_patient_frees_the_time(waitlist: Waitlist, busy: Any) -> None:
    waitlist.join("ana")
    waitlist.join("kim")
    assert waitlist.desk.client.call("rita", "DELETE", f"/users/{waitlist.desk.id_of('ana')}").status == 204
    assert waitlist.offered("kim") == at("15:00")


def test_deactivating_a_patient_ends_the_waiting_and_passes_the_offer_on(waitlist: Waitlist, busy: Any) -> None:
    offered = waitlist.join("kim")
    waiting = waitlist.join("kim", treatment_id=2)
    waitlist.join("pat")
    free(waitlist, busy)
    assert waitlist.offered("kim") == at("15:00")

    assert waitlist.desk.client.call("rita", "DELETE", f"/users/{waitlist.desk.id_of('kim')}").status == 204

    session = waitlist.desk.practice.session
    mine = WaitlistEntry.waitlist_id.in_([offered, waiting])
    assert session.scalars(select(WaitlistEntry.status).where(mine)).all() == ["WITHDRAWN", "WITHDRAWN"]
    assert waitlist.offered("pat") == at("15:00")


def test_an_offer_that_is_made_meanwhile_does_not_outlast_a_deactivation(waitlist: Waitlist, engine: Engine) -> None:
    """Another connection makes the offer just before the waiting ends, and may use whatever is not locked."""
    waiting = waitlist.join("kim")
    free_rows = text("SELECT waitlist_id FROM waitlist_entry WHERE status = 'WAITING' FOR UPDATE SKIP LOCKED")
    offer = text(
        "UPDATE waitlist_entry SET status = 'OFFERED', offer_doctor_id = :doctor, offer_starts_at = '2030-01-08 15:00',"
        " offer_ends_at = '2030-01-08 15:30', offer_expires_at = '2030-01-08 13:00' WHERE waitlist_id = :id"
    )
    made: list[int] = []

    def make_offer(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("UPDATE waitlist_entry") and "WITHDRAWN" in parameters.values():
            with plain_engine(waitlist.desk.practice.url).begin() as other:
                for (waitlist_id,) in other.execute(free_rows).all():
                    other.execute(offer, {"doctor": waitlist.desk.id_of("drjay"), "id": waitlist_id})
                    made.append(waitlist_id)

    event.listen(engine, "before_cursor_execute", make_offer)
    answer = waitlist.desk.client.call("rita", "DELETE", f"/users/{waitlist.desk.id_of('kim')}")
    event.remove(engine, "before_cursor_execute", make_offer)

    assert answer.status == 204, answer.text
    statuses = waitlist.desk.practice.session.scalars(select(WaitlistEntry.status)).all()
    assert statuses == ["WITHDRAWN"], (waiting, made)


def test_accepting_books_the_visit(waitlist: Waitlist, busy: Any) -> None:
    waitlist_id = waitlist.join("kim")
    free(waitlist, busy)

    answer = waitlist.accept("kim", waitlist_id)

    assert answer.status == 201
    assert (answer.json["status"], answer.json["starts_at"]) == ("BOOKED", at("15:00"))
    assert answer.json["patient"]["user_id"] == waitlist.desk.id_of("kim")
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Location"] == f"/appointments/{answer.json['appointment_id']}"
    assert waitlist.desk.client.get("kim", answer.headers["Location"]).json == answer.json
    assert (waitlist.status("kim"), waitlist.offered("kim")) == ("ACCEPTED", None)


def test_the_reception_accepts_for_the_patient(waitlist: Waitlist, busy: Any) -> None:
    waitlist_id = waitlist.join("kim")
    free(waitlist, busy)
    answer = waitlist.accept("rita", waitlist_id)
    assert answer.status == 201
    assert answer.json["receptionist"]["user_id"] == waitlist.desk.id_of("rita")


def test_what_needs_approval_is_requested(waitlist: Waitlist, busy: Any) -> None:
    waitlist_id = waitlist.join("kim", treatment_id=3)
    free(waitlist, busy)
    assert waitlist.accept("kim", waitlist_id).json["status"] == "REQUESTED"


def test_an_offer_is_accepted_once(waitlist: Waitlist, busy: Any) -> None:
    waitlist_id = waitlist.join("kim")
    free(waitlist, busy)
    assert waitlist.accept("kim", waitlist_id).status == 201
    expect_problem(waitlist.accept("kim", waitlist_id), 409, "invalid_transition")


def test_without_an_offer_there_is_nothing_to_accept(waitlist: Waitlist) -> None:
    expect_problem(waitlist.accept("kim", waitlist.join("kim")), 409, "invalid_transition")


def test_somebody_else_may_have_taken_the_time(waitlist: Waitlist, busy: Any) -> None:
    waitlist_id = waitlist.join("kim")
    free(waitlist, busy)
    other = waitlist.desk.booked("pat", at("15:00"))
    expect_problem(waitlist.accept("kim", waitlist_id), 409, "doctor_busy")
    assert waitlist.status("kim") == "OFFERED"

    waitlist.desk.cancelled("rita", other["appointment_id"])

    assert waitlist.accept("kim", waitlist_id).status == 201


def test_the_patient_may_have_something_else_by_then(waitlist: Waitlist, busy: Any) -> None:
    waitlist_id = waitlist.join("kim")
    free(waitlist, busy)
    waitlist.desk.booked("kim", at("15:15"), patient="kim", doctor="drwu")
    expect_problem(waitlist.accept("kim", waitlist_id), 409, "patient_busy")


def test_an_offer_is_good_to_its_last_moment(waitlist: Waitlist, busy: Any, clock: Clock) -> None:
    waitlist_id = waitlist.join("kim")
    free(waitlist, busy)
    clock.advance(minutes=120, microseconds=-1)
    assert waitlist.accept("kim", waitlist_id).status == 201


def test_an_offer_that_has_expired_is_refused(waitlist: Waitlist, busy: Any, clock: Clock) -> None:
    waitlist_id = waitlist.join("kim")
    free(waitlist, busy)
    clock.advance(minutes=120)
    expect_problem(waitlist.accept("kim", waitlist_id), 409, "offer_expired")
    assert waitlist.status("kim") == "WAITING"
    expect_problem(waitlist.accept("kim", waitlist_id), 409, "offer_expired")


def test_withdrawing_passes_the_offer_on(waitlist: Waitlist, busy: Any) -> None:
    first = waitlist.join("kim")
    waitlist.join("pat")
    free(waitlist, busy)
    assert waitlist.withdraw("kim", first).status == 204
    assert (waitlist.status("kim"), waitlist.offered("pat")) == ("WITHDRAWN", at("15:00"))


def test_an_offer_ends_when_its_doctor_works_in_another_clinic_than_was_wished(
    desk: Desk, waitlist: Waitlist, fingerprint: Fingerprint
) -> None:
    taken = desk.booked("rita", at("15:00"), patient="kim")
    waiting = waitlist.join("pat", clinic_id=1)
    free(waitlist, taken)
    assert waitlist.offered("pat") == at("15:00")
    move_doctor(desk.practice, desk.id_of("drjay"), 2)
    before = fingerprint()

    expect_problem(waitlist.accept("pat", waiting), 409, "offer_expired")
    assert fingerprint() == before
