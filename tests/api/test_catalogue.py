"""GET /clinics, /treatments and /doctors."""

from typing import Any

import pytest
from sqlalchemy import update

from lambda_function.db.models import Clinic, Treatment, User
from lambda_function.domain.actor import Role
from tests.api.desk import Desk
from tests.api.expect import expect_problem
from tests.api_client import ApiClient
from tests.factories import Practice

EVERYBODY = ("pat", "drjay", "rita")


def _names(answer: Any, key: str = "name") -> list[str]:
    assert answer.status == 200, answer.text
    return [item[key] for item in answer.json["items"]]


def _deactivate(practice: Practice, mapped: type[Any], **which: Any) -> None:
    practice.session.execute(update(mapped).filter_by(**which).values(active=False))
    practice.session.commit()


@pytest.mark.parametrize("user_name", EVERYBODY)
def test_everybody_sees_the_clinics_with_their_policies(client: ApiClient, user_name: str) -> None:
    answer = client.get(user_name, "/clinics")

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["next_cursor"] is None
    assert [clinic["name"] for clinic in answer.json["items"]] == ["Lima Centro", "Santiago Norte"]
    assert answer.json["items"][0] == {
        "clinic_id": 1,
        "name": "Lima Centro",
        "country": "PE",
        "time_zone": "America/Lima",
        "address": "Jirón de la Unión 421, Lima",
        "phone": "+51 1 555 0142",
        "email": "lima@clinic.example",
        "lead_minutes": 60,
        "horizon_days": 400,
        "cutoff_minutes": 1440,
        "slot_step_minutes": 15,
    }


def test_a_clinic_without_address_phone_and_email_is_shown_with_null(client: ApiClient, practice: Practice) -> None:
    practice.add_clinic("Nowhere", "America/Lima")

    shown = client.get("pat", "/clinics").json["items"][-1]

    assert (shown["name"], shown["address"], shown["phone"], shown["email"]) == ("Nowhere", None, None, None)


@pytest.mark.parametrize("user_name", EVERYBODY)
def test_everybody_sees_the_treatments(client: ApiClient, user_name: str) -> None:
    answer = client.get(user_name, "/treatments")

    assert _names(answer, "code") == ["checkup", "cleaning", "implant"]
    assert answer.json["items"][1] == {
        "treatment_id": 2,
        "code": "cleaning",
        "name": "Cleaning",
        "duration_minutes": 45,
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 10,
        "needs_approval": False,
        "recall_months": None,
        "price": "60.00",
    }


@pytest.mark.parametrize("user_name", EVERYBODY)
def test_everybody_sees_the_doctors_of_all_clinics_without_their_contact_data(desk: Desk, user_name: str) -> None:
    answer = desk.client.get(user_name, "/doctors")

    assert answer.json["items"] == [
        {"user_id": desk.id_of(name), "full_name": full_name, "clinic_id": clinic_id, "treatment_ids": [1, 2, 3]}
        for name, full_name, clinic_id in [("drjay", "Jay Quispe", 1), ("drwu", "Wu Mei", 1), ("drsol", "Sol Araya", 2)]
    ]


def test_doctors_are_filtered_by_clinic(client: ApiClient) -> None:
    assert _names(client.get("pat", "/doctors", clinic_id=2), "full_name") == ["Sol Araya"]


def test_doctors_are_filtered_by_treatment(client: ApiClient, practice: Practice) -> None:
    practice.add_doctor("drtwo", treatments=(2,))

    assert "Drtwo" in _names(client.get("pat", "/doctors", treatment_id=2), "full_name")
    assert "Drtwo" not in _names(client.get("pat", "/doctors", treatment_id=1), "full_name")
    assert _names(client.get("pat", "/doctors", treatment_id=1, clinic_id=2), "full_name") == ["Sol Araya"]


def test_a_doctor_who_offers_nothing_is_listed_with_nothing(client: ApiClient, practice: Practice) -> None:
    practice.add_doctor("drnew", treatments=())

    assert client.get("pat", "/doctors").json["items"][-1]["treatment_ids"] == []


def test_a_clinic_without_doctors_has_an_empty_page(client: ApiClient, practice: Practice) -> None:
    clinic = practice.add_clinic("Empty", "America/Lima")

    answer = client.get("pat", "/doctors", clinic_id=clinic.clinic_id)

    assert (answer.status, answer.json) == (200, {"items": [], "next_cursor": None})


@pytest.mark.parametrize("field", ["clinic_id", "treatment_id"])
def test_an_id_that_names_nothing_is_422_on_that_field(client: ApiClient, field: str) -> None:
    expect_problem(client.get("pat", "/doctors", **{field: 999_999}), 422, "validation_error", field)


def test_an_unknown_treatment_is_422_whatever_clinic_is_asked_for(client: ApiClient) -> None:
    expect_problem(
        client.get("pat", "/doctors", clinic_id=1, treatment_id=999_999), 422, "validation_error", "treatment_id"
    )


def test_an_inactive_clinic_is_gone_with_its_doctors(client: ApiClient, practice: Practice) -> None:
    _deactivate(practice, Clinic, clinic_id=2)

    assert _names(client.get("pat", "/clinics")) == ["Lima Centro"]
    assert _names(client.get("pat", "/doctors"), "full_name") == ["Jay Quispe", "Wu Mei"]
    expect_problem(client.get("pat", "/doctors", clinic_id=2), 422, "validation_error", "clinic_id")


def test_an_inactive_treatment_is_gone_and_no_doctor_offers_it(client: ApiClient, practice: Practice) -> None:
    _deactivate(practice, Treatment, treatment_id=2)

    assert _names(client.get("pat", "/treatments"), "code") == ["checkup", "implant"]
    assert client.get("pat", "/doctors").json["items"][0]["treatment_ids"] == [1, 3]


def test_an_inactive_treatment_is_no_filter_for_doctors(client: ApiClient, practice: Practice) -> None:
    _deactivate(practice, Treatment, treatment_id=2)

    expect_problem(client.get("pat", "/doctors", treatment_id=2), 422, "validation_error", "treatment_id")


def test_a_doctor_who_left_is_not_listed(client: ApiClient, practice: Practice) -> None:
    _deactivate(practice, User, user_name="drwu")

    assert _names(client.get("pat", "/doctors"), "full_name") == ["Jay Quispe", "Sol Araya"]


def test_a_doctor_who_is_no_doctor_any_more_is_not_listed(client: ApiClient, practice: Practice) -> None:
    practice.user("drwu").user_type = Role.PATIENT
    practice.session.commit()

    assert _names(client.get("pat", "/doctors"), "full_name") == ["Jay Quispe", "Sol Araya"]


@pytest.mark.parametrize("path", ["/clinics", "/treatments", "/doctors"])
def test_pages_hold_all_items_once_in_the_order_of_their_ids(client: ApiClient, practice: Practice, path: str) -> None:
    whole = client.get("pat", path).json["items"]
    found: list[Any] = []
    cursor: dict[str, str] = {}
    for _ in whole:
        page = client.get("pat", path, limit=1, **cursor).json
        assert len(page["items"]) == 1
        found += page["items"]
        cursor = {"cursor": page["next_cursor"]}

    assert found == whole
    assert cursor == {"cursor": None}


def test_a_clinic_created_between_two_pages_comes_on_a_later_one(client: ApiClient, practice: Practice) -> None:
    first = client.get("pat", "/clinics", limit=1).json
    practice.add_clinic("Third", "America/Lima")

    assert _names(client.get("pat", "/clinics", cursor=first["next_cursor"])) == ["Santiago Norte", "Third"]
