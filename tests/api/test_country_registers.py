"""`country` and `registration` in the answers about appointments."""

from datetime import timedelta
from typing import Any

import pytest

from lambda_function.db.models import AppointmentRegistration, Country
from lambda_function.domain.registration import Outcome
from tests.api.desk import Desk, at
from tests.api.scene import AHEAD, REQUESTED, UNDER_WAY, Scene, State
from tests.clock import NOW

PENDING = {"status": "PENDING", "error": None, "at": None}


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """The demo practice, whose country has a register."""
    desk.practice.add(Country(code="PE"))
    return desk


def outcome(desk: Desk, visit: int, *, version: int = 1, status: Outcome = Outcome.DONE, **more: Any) -> None:
    row = AppointmentRegistration(appointment_id=visit, version=version, status=status, at=NOW, **more)
    desk.practice.session.merge(row)
    desk.practice.session.commit()


def shown(desk: Desk, user_name: str, visit: int) -> tuple[str, Any]:
    answer = desk.client.get(user_name, f"/appointments/{visit}").json
    return answer["country"], answer["registration"]


@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
def test_a_visit_whose_outcome_is_not_known_is_pending(desk: Desk, user_name: str) -> None:
    visit = desk.booked("rita", at("15:00"))

    assert (visit["country"], visit["registration"]) == ("PE", {**PENDING, "version": 1})
    assert shown(desk, user_name, visit["appointment_id"]) == ("PE", {**PENDING, "version": 1})


def test_the_outcome_for_the_present_version_is_shown(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00"))["appointment_id"]
    outcome(desk, visit, status=Outcome.FAILED, error="unavailable")

    expected = {"status": "FAILED", "version": 1, "error": "unavailable", "at": "2030-01-07T14:00:00Z"}
    assert shown(desk, "pat", visit) == ("PE", expected)

    outcome(desk, visit, error=None)
    assert shown(desk, "pat", visit)[1] == {**expected, "status": "DONE", "error": None}


def test_a_list_shows_the_same(desk: Desk) -> None:
    visits = [desk.booked("rita", at(start))["appointment_id"] for start in ("15:00", "16:00")]
    outcome(desk, visits[1])

    items = desk.client.get("rita", "/appointments").json["items"]

    assert [(item["country"], item["registration"]) for item in items] == [shown(desk, "rita", each) for each in visits]
    assert [item["registration"]["status"] for item in items] == ["PENDING", "DONE"]


@pytest.mark.parametrize(
    "change", [{"starts_at": at("17:00")}, {"patient_note": "Hello"}, {"starts_at": at("17:00"), "patient_note": "Hi"}]
)
def test_a_change_makes_it_pending_again(desk: Desk, change: dict[str, str]) -> None:
    visit = desk.booked("rita", at("15:00"))["appointment_id"]
    outcome(desk, visit)

    changed = desk.client.call("rita", "PATCH", f"/appointments/{visit}", change).json

    assert changed["registration"] == {**PENDING, "version": 2}
    assert shown(desk, "rita", visit) == ("PE", changed["registration"])


def test_a_change_that_changes_nothing_keeps_the_outcome(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00"))["appointment_id"]
    outcome(desk, visit)

    answer = desk.client.call("rita", "PATCH", f"/appointments/{visit}", {"starts_at": at("15:00")})

    assert answer.json["registration"]["status"] == "DONE"


@pytest.mark.parametrize(
    ("user_name", "step", "state"),
    [
        ("rita", "confirm", REQUESTED),
        ("pat", "confirm-attendance", AHEAD),
        ("rita", "cancel", AHEAD),
        ("drjay", "complete", UNDER_WAY),
    ],
)
def test_a_step_answers_and_leaves_it_pending(desk: Desk, user_name: str, step: str, state: State) -> None:
    visit = Scene(desk).appointment("pat", "drjay", state)
    outcome(desk, visit)

    body = {"reason": "Ill"} if step == "cancel" else None
    answer = desk.client.post(user_name, f"/appointments/{visit}/{step}", body)

    assert answer.json["registration"] == {**PENDING, "version": answer.json["version"]}
    assert shown(desk, user_name, visit) == ("PE", answer.json["registration"])


def test_a_visit_in_a_country_without_a_register_has_none(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00"))["appointment_id"]
    outcome(desk, visit)
    desk.practice.session.query(Country).delete()
    desk.practice.session.commit()

    assert shown(desk, "rita", visit) == ("PE", None)
    assert desk.booked("rita", at("16:00"))["registration"] is None


def test_the_answers_of_fhir_and_of_the_first_version_do_not_have_it(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00"), patient="pat")["appointment_id"]

    fhir = desk.client.get("pat", f"/fhir/R4/Appointment/{visit}").text
    legacy = desk.client.get("rita", "/appointment").text

    for text in (fhir, legacy):
        assert "registration" not in text
        assert "country" not in text


def test_the_time_of_an_outcome_is_exact(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00"))["appointment_id"]
    row = AppointmentRegistration(
        appointment_id=visit, version=1, status=Outcome.DONE, at=NOW + timedelta(microseconds=123_456)
    )
    desk.practice.add(row)

    assert shown(desk, "rita", visit)[1]["at"] == "2030-01-07T14:00:00.123456Z"
