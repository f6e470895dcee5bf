"""POST /users/{id}/reactivate: a reception lets a patient back in."""

from typing import Any

import pytest

from lambda_function.db.models import Patient, PersonEvent
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api_client import Answer
from tests.clock import NOW


def _reactivate(desk: Desk, user_name: str, target: str) -> Answer:
    return desk.client.post(user_name, f"/users/{desk.id_of(target)}/reactivate")


def _deactivate(desk: Desk, target: str = "kim") -> None:
    assert desk.client.call("rita", "DELETE", f"/users/{desk.id_of(target)}").status == 204


def _events(desk: Desk, target: str) -> list[tuple[Any, ...]]:
    rows = [row for row in desk.practice.rows(PersonEvent) if row.user_id == desk.id_of(target)]
    return [(row.actor_id, row.action) for row in sorted(rows, key=lambda row: row.person_event_id)]


def test_a_patient_who_was_deactivated_by_mistake_comes_back(desk: Desk) -> None:
    before = desk.client.get("rita", f"/users/{desk.id_of('kim')}").json
    _deactivate(desk)

    answer = _reactivate(desk, "rita", "kim")

    assert (answer.status, answer.json) == (200, {**before, "version": 3})
    assert answer.headers["ETag"] == '"3"'
    assert desk.client.get("kim", "/me").status == 200
    assert desk.book("rita", at("15:00"), patient="kim").status == 201
    rita = desk.id_of("rita")
    assert _events(desk, "kim") == [(rita, "DEACTIVATE"), (rita, "REACTIVATE")]


def test_what_was_cancelled_with_the_deactivation_stays_cancelled(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00"), patient="kim")["appointment_id"]
    _deactivate(desk)
    _reactivate(desk, "rita", "kim")

    assert desk.client.get("kim", f"/appointments/{visit}").json["status"] == "CANCELLED"
    assert desk.practice.claims() == []


def test_whoever_is_active_stays_as_they_are(desk: Desk, fingerprint: Fingerprint) -> None:
    before = fingerprint()
    answer = _reactivate(desk, "rita", "kim")

    assert (answer.status, answer.json["version"]) == (200, 1)
    assert fingerprint() == before


@pytest.mark.parametrize("user_name", ["pat", "kim", "drjay"])
def test_nobody_but_a_reception_lets_patients_back_in(desk: Desk, fingerprint: Fingerprint, user_name: str) -> None:
    desk.practice.add_patient("gone", clinics=(1,), active=False)
    before = fingerprint()

    expect_problem(_reactivate(desk, user_name, "gone"), 403, "forbidden")
    assert fingerprint() == before


@pytest.mark.parametrize(
    "columns",
    [{"clinics": (2,)}, {"clinics": (1,), "erased_at": NOW}, {"clinics": (1,), "merged_into": 1}],
    ids=["of another clinic", "erased", "merged"],
)
def test_whom_the_reception_may_not_see_does_not_come_back(
    desk: Desk, fingerprint: Fingerprint, columns: dict[str, Any]
) -> None:
    desk.practice.add_patient("gone", active=False, **columns)
    before = fingerprint()

    expect_problem(_reactivate(desk, "rita", "gone"), 404, "not_found")
    assert fingerprint() == before


def test_a_patient_of_no_clinic_is_let_in_by_any_reception(desk: Desk) -> None:
    desk.practice.add_patient("gone", active=False)
    assert _reactivate(desk, "rosa", "gone").status == 200


def test_staff_are_for_operators(desk: Desk) -> None:
    expect_problem(_reactivate(desk, "rita", "drwu"), 403, "forbidden")
    desk.practice.user("drwu").active = False
    desk.practice.session.commit()
    expect_problem(_reactivate(desk, "rita", "drwu"), 404, "not_found")


def test_staff_who_were_patients_are_for_operators(desk: Desk) -> None:
    desk.practice.add(Patient(user_id=desk.id_of("drwu")))
    expect_problem(_reactivate(desk, "rita", "drwu"), 403, "forbidden")


def test_a_patient_who_has_become_staff_is_for_operators(desk: Desk) -> None:
    """The patient's profile still exists."""
    desk.practice.add_patient("turned", clinics=(1,), active=False)
    turned = desk.practice.user("turned")
    turned.user_type = desk.practice.user("rita").user_type
    desk.practice.session.commit()

    expect_problem(_reactivate(desk, "rita", "turned"), 404, "not_found")
