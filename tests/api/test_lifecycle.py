"""POST /appointments/{id}/confirm, check-in, complete, no-show and cancel: each step in each status, who may take it,
and when.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from lambda_function.db.models import AppointmentEvent
from lambda_function.domain.appointment import HOLDING, TRANSITIONS, Status, Step
from tests.api.conditions import move_doctor
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api_client import Answer
from tests.clock import Clock

DAY = "2030-01-10"
START = instant("15:00", DAY)
PATHS: Mapping[Step, str] = {
    Step.CONFIRM: "confirm",
    Step.CANCEL: "cancel",
    Step.CHECK_IN: "check-in",
    Step.COMPLETE: "complete",
    Step.NO_SHOW: "no-show",
}
ACTORS: Mapping[Step, tuple[str, ...]] = {
    Step.CONFIRM: ("drjay", "rita"),
    Step.CANCEL: ("pat", "drjay", "rita"),
    Step.CHECK_IN: ("rita",),
    Step.COMPLETE: ("drjay",),
    Step.NO_SHOW: ("drjay", "rita"),
}
# A time at which the clock allows the step.
TIMELY: Mapping[Step, timedelta] = {
    Step.CONFIRM: -timedelta(days=2),
    Step.CANCEL: -timedelta(days=2),
    Step.CHECK_IN: timedelta(0),
    Step.COMPLETE: timedelta(minutes=30),
    Step.NO_SHOW: timedelta(minutes=30),
}
FROM: Mapping[Step, Status] = {
    Step.CONFIRM: Status.REQUESTED,
    Step.CANCEL: Status.BOOKED,
    Step.CHECK_IN: Status.BOOKED,
    Step.COMPLETE: Status.CHECKED_IN,
    Step.NO_SHOW: Status.BOOKED,
}


def _take(desk: Desk, user_name: str, appointment_id: int, step: Step, **headers: str) -> Answer:
    body = {"reason": "Changed my mind"} if step is Step.CANCEL else None
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return desk.client.post(user_name, f"/appointments/{appointment_id}/{PATHS[step]}", body, headers=given)


def _at_state(desk: Desk, status: Status) -> int:
    """Returns a visit of pat with drjay on Thursday at 15:00Z, without claims."""
    return desk.practice.add_appointment(START, status=status).appointment_id


def _refused(desk: Desk, fingerprint: Fingerprint, answer_of: Any, status: int, code: str) -> None:
    before = fingerprint()
    expect_problem(answer_of(), status, code)
    assert fingerprint() == before


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("step", Step)
def test_each_step_leads_from_each_state_where_the_table_says(
    desk: Desk, fingerprint: Fingerprint, clock: Clock, step: Step, status: Status
) -> None:
    appointment_id = _at_state(desk, status)
    clock.now = START + TIMELY[step]
    user_name = ACTORS[step][-1]
    after = TRANSITIONS[status].get(step)

    if after is None:
        _refused(desk, fingerprint, lambda: _take(desk, user_name, appointment_id, step), 409, "invalid_transition")
        return
    answer = _take(desk, user_name, appointment_id, step)
    assert (answer.status, answer.json["status"], answer.json["version"]) == (200, after, 2)
    assert answer.headers["ETag"] == '"2"'
    assert answer.json == desk.client.get(user_name, f"/appointments/{appointment_id}").json
    [event] = desk.practice.rows(AppointmentEvent)
    assert (event.action, event.from_status, event.to_status) == (step, status, after)
    assert (event.actor_id, event.at) == (desk.id_of(user_name), clock.now)


@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
@pytest.mark.parametrize("step", Step)
def test_each_step_is_for_those_whom_the_contract_names(
    desk: Desk, fingerprint: Fingerprint, clock: Clock, step: Step, user_name: str
) -> None:
    appointment_id = _at_state(desk, FROM[step])
    clock.now = START + TIMELY[step]

    if user_name in ACTORS[step]:
        assert _take(desk, user_name, appointment_id, step).status == 200
    else:
        _refused(desk, fingerprint, lambda: _take(desk, user_name, appointment_id, step), 403, "forbidden")


@pytest.mark.parametrize("user_name", ["kim", "drwu", "drsol", "rosa"])
@pytest.mark.parametrize("step", Step)
def test_who_does_not_see_the_visit_does_not_find_it(
    desk: Desk, fingerprint: Fingerprint, step: Step, user_name: str
) -> None:
    appointment_id = _at_state(desk, FROM[step])

    _refused(desk, fingerprint, lambda: _take(desk, user_name, appointment_id, step), 404, "not_found")


@pytest.mark.parametrize("step", Step)
def test_a_step_happens_to_the_version_that_was_read_only(
    desk: Desk, fingerprint: Fingerprint, clock: Clock, step: Step
) -> None:
    appointment_id = _at_state(desk, FROM[step])
    clock.now = START + TIMELY[step]
    user_name = ACTORS[step][-1]

    def stale() -> Answer:
        return _take(desk, user_name, appointment_id, step, If_Match='"2"')

    _refused(desk, fingerprint, stale, 412, "stale_version")
    assert _take(desk, user_name, appointment_id, step, If_Match='"1"').status == 200


@pytest.mark.parametrize(
    ("step", "user_name", "last_refused", "first_allowed"),
    [
        (Step.COMPLETE, "drjay", START - timedelta(microseconds=1), START),
        (Step.NO_SHOW, "drjay", START - timedelta(microseconds=1), START),
        (Step.NO_SHOW, "rita", START - timedelta(microseconds=1), START),
        # Midnight in Lima, before and after the day of the visit.
        (Step.CHECK_IN, "rita", instant("04:59", DAY), instant("05:00", DAY)),
        (Step.CHECK_IN, "rita", instant("05:00", "2030-01-11"), instant("04:59", "2030-01-11")),
        (Step.CONFIRM, "drjay", START, START - timedelta(microseconds=1)),
        (Step.CONFIRM, "rita", START, START - timedelta(microseconds=1)),
        (Step.CANCEL, "rita", START, START - timedelta(microseconds=1)),
        (Step.CANCEL, "drjay", START, START - timedelta(microseconds=1)),
    ],
)
def test_the_clock_allows_a_step_to_the_instant(  # noqa: PLR0917 - pytest passes them by name
    desk: Desk,
    fingerprint: Fingerprint,
    clock: Clock,
    step: Step,
    user_name: str,
    last_refused: Any,
    first_allowed: Any,
) -> None:
    appointment_id = _at_state(desk, FROM[step])
    clock.now = last_refused
    _refused(desk, fingerprint, lambda: _take(desk, user_name, appointment_id, step), 409, "invalid_transition")

    clock.now = first_allowed
    assert _take(desk, user_name, appointment_id, step).status == 200


def test_a_patient_cancels_until_the_cut_off_to_the_second(desk: Desk, fingerprint: Fingerprint, clock: Clock) -> None:
    appointment_id = _at_state(desk, Status.BOOKED)
    clock.now = START - timedelta(days=1) + timedelta(seconds=1)
    _refused(desk, fingerprint, lambda: _take(desk, "pat", appointment_id, Step.CANCEL), 422, "past_cutoff")

    clock.now -= timedelta(seconds=1)
    assert _take(desk, "pat", appointment_id, Step.CANCEL).status == 200


def test_the_cut_off_is_elapsed_time_across_a_change_of_clocks(
    desk: Desk, fingerprint: Fingerprint, clock: Clock
) -> None:
    """New York puts its clocks forward on 10 March 2030 at 02:00: noon there is 23 hours after noon the day before."""
    clinic = desk.practice.add_clinic("Hudson", "America/New_York")
    noon = instant("16:00", "2030-03-10")
    visit = desk.practice.add_appointment(noon, clinic_id=clinic.clinic_id).appointment_id
    move_doctor(desk.practice, desk.id_of("drjay"), clinic.clinic_id)

    clock.now = instant("17:00", "2030-03-09")  # noon of the day before
    _refused(desk, fingerprint, lambda: _take(desk, "pat", visit, Step.CANCEL), 422, "past_cutoff")
    clock.now = instant("16:00", "2030-03-09")
    assert _take(desk, "pat", visit, Step.CANCEL).status == 200


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.CHECKED_IN])
@pytest.mark.parametrize("user_name", ["drjay", "rita"])
def test_staff_cancel_what_was_requested_and_has_passed_and_what_is_checked_in(
    desk: Desk, clock: Clock, user_name: str, status: Status
) -> None:
    appointment_id = _at_state(desk, status)
    clock.now = START + timedelta(hours=1)

    assert _take(desk, user_name, appointment_id, Step.CANCEL).json["status"] == "CANCELLED"


def test_patients_do_not_cancel_what_is_checked_in(desk: Desk, fingerprint: Fingerprint) -> None:
    appointment_id = _at_state(desk, Status.CHECKED_IN)

    _refused(desk, fingerprint, lambda: _take(desk, "pat", appointment_id, Step.CANCEL), 409, "invalid_transition")


def test_whoever_of_the_reception_confirms_is_its_receptionist(desk: Desk) -> None:
    request = desk.booked("pat", at("15:00", DAY), treatment=3)
    assert (request["status"], request["receptionist"]) == ("REQUESTED", None)

    confirmed = _take(desk, "rita", request["appointment_id"], Step.CONFIRM).json

    assert confirmed["receptionist"] == {"user_id": desk.id_of("rita"), "full_name": "Rita Flores"}
    assert confirmed["status"] == "BOOKED"


def test_a_doctor_who_confirms_is_no_receptionist(desk: Desk) -> None:
    request = desk.booked("pat", at("15:00", DAY), treatment=3)["appointment_id"]

    assert _take(desk, "drjay", request, Step.CONFIRM).json["receptionist"] is None


def test_confirming_twice_is_409_and_one_event(desk: Desk, fingerprint: Fingerprint) -> None:
    request = desk.booked("pat", at("15:00", DAY), treatment=3)["appointment_id"]
    assert _take(desk, "rita", request, Step.CONFIRM).status == 200

    _refused(desk, fingerprint, lambda: _take(desk, "drjay", request, Step.CONFIRM), 409, "invalid_transition")
    assert [event.action for event in desk.practice.rows(AppointmentEvent)] == ["BOOK", "CONFIRM"]


def test_a_request_holds_its_time_until_it_is_cancelled(desk: Desk) -> None:
    request = desk.booked("pat", at("15:00", DAY), treatment=3)["appointment_id"]
    expect_problem(desk.book("rita", at("15:30", DAY), patient="kim"), 409, "doctor_busy")

    assert _take(desk, "rita", request, Step.CANCEL).status == 200
    assert desk.book("rita", at("15:30", DAY), patient="kim").status == 201


def test_a_patients_move_of_a_confirmed_request_asks_again_and_can_be_confirmed_again(desk: Desk) -> None:
    request = desk.booked("pat", at("15:00", DAY), treatment=3)["appointment_id"]
    _take(desk, "rita", request, Step.CONFIRM)
    path = f"/appointments/{request}"

    moved = desk.client.call("pat", "PATCH", path, {"starts_at": at("17:00", DAY)}).json

    assert (moved["status"], moved["version"]) == ("REQUESTED", 3)
    assert _take(desk, "drjay", request, Step.CONFIRM).json["status"] == "BOOKED"


@pytest.mark.parametrize("step", Step)
def test_only_what_holds_its_time_keeps_its_claims(desk: Desk, clock: Clock, step: Step) -> None:
    visit = desk.booked("pat", at("15:00", DAY), treatment=3)["appointment_id"]
    claims = desk.practice.claims()
    assert claims
    if step is not Step.CONFIRM:
        assert _take(desk, "rita", visit, Step.CONFIRM).status == 200
    clock.now = START + TIMELY[step]
    if step is Step.COMPLETE:
        assert _take(desk, "rita", visit, Step.CHECK_IN).status == 200

    after = Status(_take(desk, ACTORS[step][-1], visit, step).json["status"])

    assert desk.practice.claims() == (claims if after in HOLDING else [])


@pytest.mark.parametrize("path", ["confirm", "check-in", "complete", "no-show"])
@pytest.mark.parametrize("body", [None, {}, ""])
def test_the_body_of_a_step_may_be_empty(desk: Desk, clock: Clock, path: str, body: Any) -> None:
    step = next(step for step, known in PATHS.items() if known == path)
    appointment_id = _at_state(desk, FROM[step])
    clock.now = START + TIMELY[step]

    answer = desk.client.post(ACTORS[step][-1], f"/appointments/{appointment_id}/{path}", body)

    assert answer.status == 200, answer.text


@pytest.mark.parametrize("path", ["confirm", "check-in", "complete", "no-show"])
def test_the_body_of_a_step_holds_nothing(desk: Desk, fingerprint: Fingerprint, path: str) -> None:
    appointment_id = _at_state(desk, Status.REQUESTED)
    before = fingerprint()

    answer = desk.client.post("rita", f"/appointments/{appointment_id}/{path}", {"reason": "Why not"})

    expect_problem(answer, 422, "validation_error", "reason")
    assert fingerprint() == before


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "x" * 10_000, None, 7])
def test_cancelling_needs_a_reason_of_up_to_five_hundred_characters(
    desk: Desk, fingerprint: Fingerprint, reason: Any
) -> None:
    appointment_id = _at_state(desk, Status.BOOKED)
    before = fingerprint()

    answer = desk.client.post("rita", f"/appointments/{appointment_id}/cancel", {"reason": reason})

    expect_problem(answer, 422, "validation_error", "reason")
    assert fingerprint() == before
    assert desk.cancel("rita", appointment_id, "x" * 500).status == 200
