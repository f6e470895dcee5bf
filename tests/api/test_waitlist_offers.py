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
from tests.api.waiting import Line, free, policy
from tests.clock import Clock
from tests.servers import plain_engine


@pytest.fixture
def line(desk: Desk) -> Line:
    desk.practice.add_patient("ana", clinics=(1,))
    return Line(desk)


@pytest.fixture
def busy(line: Line) -> Any:
    """Books Tuesday 15:00Z with drjay for ana, who is not on the waitlist."""
    return line.desk.booked("rita", at("15:00"), patient="ana")


def test_freed_time_is_offered_to_who_joined_first(line: Line, busy: Any) -> None:
    line.join("kim")
    line.join("pat")

    free(line, busy)

    assert line.entries("kim")[0]["status"] == "OFFERED"
    assert line.entries("kim")[0]["offer"] == {
        "doctor_id": line.desk.id_of("drjay"),
        "starts_at": at("15:00"),
        "ends_at": at("15:30"),
        "expires_at": "2030-01-07T16:00:00Z",
    }
    assert line.offered("pat") is None


def test_an_offer_holds_no_time(line: Line, busy: Any) -> None:
    line.join("kim")
    free(line, busy)
    assert line.desk.practice.claims() == []
    assert line.desk.book("pat", at("15:00")).status == 201


def test_an_offer_lasts_as_long_as_the_clinic_says(line: Line, busy: Any) -> None:
    policy(line, offer_minutes=30)
    line.join("kim")
    free(line, busy)
    assert line.entries("kim")[0]["offer"]["expires_at"] == "2030-01-07T14:30:00Z"


def test_an_offer_ends_before_patients_can_no_longer_book(line: Line, busy: Any, clock: Clock) -> None:
    clock.advance(hours=23, minutes=30)  # 13:30 for a visit at 15:00, with an hour of lead
    line.join("kim")
    free(line, busy)
    assert line.entries("kim")[0]["offer"]["expires_at"] == at("14:00")


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
def test_what_does_not_fit_the_wish_is_not_offered(line: Line, busy: Any, wish: dict[str, Any]) -> None:
    if "doctor" in wish:
        wish = {"doctor_id": line.desk.id_of(wish["doctor"])}
    line.join("kim", **wish)
    line.join("pat")
    free(line, busy)
    assert (line.offered("kim"), line.offered("pat")) == (None, at("15:00"))


def test_whoever_is_busy_then_is_passed_over(line: Line, busy: Any) -> None:
    line.desk.booked("rita", at("15:00"), patient="kim", doctor="drwu")
    line.join("kim")
    line.join("pat")
    free(line, busy)
    assert (line.offered("kim"), line.offered("pat")) == (None, at("15:00"))


def test_whoever_was_deactivated_is_passed_over(line: Line, busy: Any) -> None:
    line.join("kim")
    line.join("pat")
    session = line.desk.practice.session
    session.execute(update(User).where(User.user_name == "kim").values(active=False))
    session.commit()
    free(line, busy)
    assert line.offered("pat") == at("15:00")


def test_whoever_is_no_patient_any_more_is_passed_over(line: Line, busy: Any) -> None:
    line.join("kim")
    line.join("pat")
    session = line.desk.practice.session
    session.execute(update(User).where(User.user_name == "kim").values(user_type=Role.DOCTOR))
    session.commit()
    free(line, busy)
    assert line.offered("pat") == at("15:00")


def test_a_visit_may_use_a_part_of_the_freed_time(line: Line, busy: Any) -> None:
    line.join("kim", **{"from": at("15:10")})
    free(line, busy)
    assert line.offered("kim") == at("15:15")


def test_a_longer_visit_may_reach_out_of_the_freed_time(line: Line, busy: Any) -> None:
    line.desk.booked("rita", at("15:30"), patient="pat")
    line.join("kim", treatment_id=2)  # 45 minutes and 10 after, which end at 15:30 at the latest
    free(line, busy)
    assert line.offered("kim") == at("14:30")


def test_time_within_the_lead_is_not_offered(line: Line, busy: Any, clock: Clock) -> None:
    line.join("kim")
    clock.advance(hours=24, minutes=30)  # 14:30 for a visit at 15:00, with an hour of lead
    free(line, busy)
    assert line.offered("kim") is None


def test_long_freed_time_goes_to_several(line: Line) -> None:
    visit = line.desk.booked("rita", at("15:00"), patient="ana", treatment=3)
    for user_name in ("kim", "pat"):
        line.join(user_name)
    free(line, visit)
    assert (line.offered("kim"), line.offered("pat")) == (at("15:00"), at("15:30"))


def test_what_is_on_offer_is_not_offered_a_second_time(line: Line, busy: Any) -> None:
    line.join("kim")
    line.join("pat")
    free(line, busy)
    free(line, line.desk.booked("rita", at("15:00"), patient="ana"))
    assert (line.offered("kim"), line.offered("pat")) == (at("15:00"), None)


def test_moving_away_frees_the_old_time(line: Line, busy: Any) -> None:
    line.join("kim")
    moved = line.desk.client.call(
        "rita", "PATCH", f"/appointments/{busy['appointment_id']}", {"starts_at": at("17:00")}
    )
    assert moved.status == 200
    assert line.offered("kim") == at("15:00")


def test_moving_a_little_offers_nothing_that_is_still_taken(line: Line, busy: Any) -> None:
    line.join("kim", **{"from": at("15:00"), "to": at("15:45")})
    moved = line.desk.client.call(
        "rita", "PATCH", f"/appointments/{busy['appointment_id']}", {"starts_at": at("15:15")}
    )
    assert moved.status == 200
    assert line.offered("kim") is None


def test_missing_a_long_visit_frees_what_is_left_of_it(line: Line, clock: Clock) -> None:
    policy(line, lead_minutes=0)
    visit = line.desk.booked("rita", at("15:00"), patient="ana", treatment=3)
    line.join("kim")
    clock.advance(hours=25, minutes=20)
    answer = line.desk.client.post("rita", f"/appointments/{visit['appointment_id']}/no-show")
    assert answer.status == 200
    assert line.offered("kim") == at("15:30")


def test_giving_up_leave_frees_its_time(line: Line) -> None:
    path = f"/doctors/{line.desk.id_of('drjay')}/time-off"
    leave = {"starts_at": at("00:00"), "ends_at": at("16:00"), "reason": "Away"}
    time_off_id = line.desk.client.post("rita", path, leave).json["time_off_id"]
    line.join("kim", doctor_id=line.desk.id_of("drjay"))
    assert line.desk.client.call("rita", "DELETE", f"{path}/{time_off_id}").status == 204
    assert line.offered("kim") == at("13:00")


def test_deactivating_a_patient_frees_the_time(line: Line, busy: Any) -> None:
    line.join("ana")
    line.join("kim")
    assert line.desk.client.call("rita", "DELETE", f"/users/{line.desk.id_of('ana')}").status == 204
    assert line.offered("kim") == at("15:00")


def test_deactivating_a_patient_ends_the_waiting_and_passes_the_offer_on(line: Line, busy: Any) -> None:
    offered = line.join("kim")
    waiting = line.join("kim", treatment_id=2)
    line.join("pat")
    free(line, busy)
    assert line.offered("kim") == at("15:00")

    assert line.desk.client.call("rita", "DELETE", f"/users/{line.desk.id_of('kim')}").status == 204

    session = line.desk.practice.session
    mine = WaitlistEntry.waitlist_id.in_([offered, waiting])
    assert session.scalars(select(WaitlistEntry.status).where(mine)).all() == ["WITHDRAWN", "WITHDRAWN"]
    assert line.offered("pat") == at("15:00")


def test_an_offer_that_is_made_meanwhile_does_not_outlast_a_deactivation(line: Line, engine: Engine) -> None:
    """Another connection makes the offer just before the waiting ends, and may use whatever is not locked."""
    waiting = line.join("kim")
    free_rows = text("SELECT waitlist_id FROM waitlist_entry WHERE status = 'WAITING' FOR UPDATE SKIP LOCKED")
    offer = text(
        "UPDATE waitlist_entry SET status = 'OFFERED', offer_doctor_id = :doctor, offer_starts_at = '2030-01-08 15:00',"
        " offer_ends_at = '2030-01-08 15:30', offer_expires_at = '2030-01-08 13:00' WHERE waitlist_id = :id"
    )
    made: list[int] = []

    def make_offer(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("UPDATE waitlist_entry") and "WITHDRAWN" in parameters.values():
            with plain_engine(line.desk.practice.url).begin() as other:
                for (waitlist_id,) in other.execute(free_rows).all():
                    other.execute(offer, {"doctor": line.desk.id_of("drjay"), "id": waitlist_id})
                    made.append(waitlist_id)

    event.listen(engine, "before_cursor_execute", make_offer)
    answer = line.desk.client.call("rita", "DELETE", f"/users/{line.desk.id_of('kim')}")
    event.remove(engine, "before_cursor_execute", make_offer)

    assert answer.status == 204, answer.text
    statuses = line.desk.practice.session.scalars(select(WaitlistEntry.status)).all()
    assert statuses == ["WITHDRAWN"], (waiting, made)


def test_accepting_books_the_visit(line: Line, busy: Any) -> None:
    waitlist_id = line.join("kim")
    free(line, busy)

    answer = line.accept("kim", waitlist_id)

    assert answer.status == 201
    assert (answer.json["status"], answer.json["starts_at"]) == ("BOOKED", at("15:00"))
    assert answer.json["patient"]["user_id"] == line.desk.id_of("kim")
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Location"] == f"/appointments/{answer.json['appointment_id']}"
    assert line.desk.client.get("kim", answer.headers["Location"]).json == answer.json
    assert (line.status("kim"), line.offered("kim")) == ("ACCEPTED", None)


def test_the_reception_accepts_for_the_patient(line: Line, busy: Any) -> None:
    waitlist_id = line.join("kim")
    free(line, busy)
    answer = line.accept("rita", waitlist_id)
    assert answer.status == 201
    assert answer.json["receptionist"]["user_id"] == line.desk.id_of("rita")


def test_what_needs_approval_is_requested(line: Line, busy: Any) -> None:
    waitlist_id = line.join("kim", treatment_id=3)
    free(line, busy)
    assert line.accept("kim", waitlist_id).json["status"] == "REQUESTED"


def test_an_offer_is_accepted_once(line: Line, busy: Any) -> None:
    waitlist_id = line.join("kim")
    free(line, busy)
    assert line.accept("kim", waitlist_id).status == 201
    expect_problem(line.accept("kim", waitlist_id), 409, "invalid_transition")


def test_without_an_offer_there_is_nothing_to_accept(line: Line) -> None:
    expect_problem(line.accept("kim", line.join("kim")), 409, "invalid_transition")


def test_somebody_else_may_have_taken_the_time(line: Line, busy: Any) -> None:
    waitlist_id = line.join("kim")
    free(line, busy)
    other = line.desk.booked("pat", at("15:00"))
    expect_problem(line.accept("kim", waitlist_id), 409, "doctor_busy")
    assert line.status("kim") == "OFFERED"

    line.desk.cancelled("rita", other["appointment_id"])

    assert line.accept("kim", waitlist_id).status == 201


def test_the_patient_may_have_something_else_by_then(line: Line, busy: Any) -> None:
    waitlist_id = line.join("kim")
    free(line, busy)
    line.desk.booked("kim", at("15:15"), patient="kim", doctor="drwu")
    expect_problem(line.accept("kim", waitlist_id), 409, "patient_busy")


def test_an_offer_is_good_to_its_last_moment(line: Line, busy: Any, clock: Clock) -> None:
    waitlist_id = line.join("kim")
    free(line, busy)
    clock.advance(minutes=120, microseconds=-1)
    assert line.accept("kim", waitlist_id).status == 201


def test_an_offer_that_has_expired_is_refused(line: Line, busy: Any, clock: Clock) -> None:
    waitlist_id = line.join("kim")
    free(line, busy)
    clock.advance(minutes=120)
    expect_problem(line.accept("kim", waitlist_id), 409, "offer_expired")
    assert line.status("kim") == "WAITING"
    expect_problem(line.accept("kim", waitlist_id), 409, "offer_expired")


def test_withdrawing_passes_the_offer_on(line: Line, busy: Any) -> None:
    first = line.join("kim")
    line.join("pat")
    free(line, busy)
    assert line.withdraw("kim", first).status == 204
    assert (line.status("kim"), line.offered("pat")) == ("WITHDRAWN", at("15:00"))


def test_an_offer_ends_when_its_doctor_works_in_another_clinic_than_was_wished(
    desk: Desk, line: Line, fingerprint: Fingerprint
) -> None:
    taken = desk.booked("rita", at("15:00"), patient="kim")
    waiting = line.join("pat", clinic_id=1)
    free(line, taken)
    assert line.offered("pat") == at("15:00")
    move_doctor(desk.practice, desk.id_of("drjay"), 2)
    before = fingerprint()

    expect_problem(line.accept("pat", waiting), 409, "offer_expired")
    assert fingerprint() == before
