"""GET /users, GET /users/{id} and POST /users; searching is in test_user_search.py."""

from typing import Any

import pytest

from lambda_function.db.models import ClinicPatient, Patient, User
from lambda_function.domain.actor import Role
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api_client import Answer, ApiClient
from tests.factories import Practice

DEMO = {"drjay", "drwu", "drsol", "rita", "rosa", "pat", "kim"}


def _names(answer: Answer) -> set[str]:
    assert answer.status == 200, answer.text
    return {person["user_name"] for person in answer.json["items"]}


@pytest.mark.parametrize(
    ("user_name", "visible"),
    [
        ("pat", {"pat", "drjay", "drwu", "drsol"}),
        ("drjay", {"pat", "kim", "drjay", "drwu", "drsol"}),
        ("rita", {"pat", "kim", "drjay", "drwu", "rita"}),
        ("rosa", {"pat", "kim", "drsol", "rosa"}),
    ],
)
def test_each_role_lists_whom_it_may_see_and_reads_exactly_those(desk: Desk, user_name: str, visible: set[str]) -> None:
    assert _names(desk.client.get(user_name, "/users")) == visible
    for other in DEMO:
        answer = desk.client.get(user_name, f"/users/{desk.id_of(other)}")
        if other in visible:
            assert (answer.status, answer.json["user_name"]) == (200, other)
        else:
            expect_problem(answer, 404, "not_found")


def test_people_are_listed_in_the_order_of_their_ids_with_the_fields_of_the_contract(desk: Desk) -> None:
    answer = desk.client.get("rita", "/users")

    ids = [person["user_id"] for person in answer.json["items"]]
    assert ids == sorted(ids)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["items"][-1] == {
        "user_id": desk.id_of("kim"),
        "user_name": "kim",
        "user_type": "PATIENT",
        "full_name": "Kim Soto",
        "email": "kim@example.org",
        "phone": None,
        "birth_date": None,
        "identifiers": [],
        "language": "en",
        "contact_by": "EMAIL",
        "recalls": True,
        "active": True,
        "version": 1,
    }


@pytest.mark.parametrize(
    ("user_type", "visible"),
    [("PATIENT", {"pat", "kim"}), ("DOCTOR", {"drjay", "drwu"}), ("RECEPTIONIST", {"rita"})],
)
def test_people_are_filtered_by_type(client: ApiClient, user_type: str, visible: set[str]) -> None:
    assert _names(client.get("rita", "/users", user_type=user_type)) == visible


@pytest.mark.parametrize("user_type", ["patient", "ADMIN", "", "1"])
def test_a_type_that_does_not_exist_is_422(client: ApiClient, user_type: str) -> None:
    expect_problem(client.get("rita", "/users", user_type=user_type), 422, "validation_error", "user_type")


def test_a_patient_of_another_clinic_is_invisible_to_staff(client: ApiClient, practice: Practice) -> None:
    stranger = practice.add_patient("stranger", clinics=(2,))

    for user_name in ("rita", "drjay", "pat"):
        expect_problem(client.get(user_name, f"/users/{stranger.user_id}"), 404, "not_found")
    for user_name in ("rosa", "drsol", "stranger"):
        assert client.get(user_name, f"/users/{stranger.user_id}").status == 200


def test_a_patient_of_no_clinic_is_visible_to_every_reception_and_no_doctor(
    client: ApiClient, practice: Practice
) -> None:
    new = practice.add_patient("newcomer")

    assert client.get("rita", f"/users/{new.user_id}").status == 200
    assert client.get("rosa", f"/users/{new.user_id}").status == 200
    expect_problem(client.get("drjay", f"/users/{new.user_id}"), 404, "not_found")


def test_deactivated_people_are_gone(client: ApiClient, practice: Practice) -> None:
    kim = practice.user("kim")
    kim.active = False
    practice.session.commit()

    assert "kim" not in _names(client.get("rita", "/users"))
    expect_problem(client.get("rita", f"/users/{kim.user_id}"), 404, "not_found")


@pytest.mark.parametrize("user_id", ["0", "-1", "9223372036854775808", "1e3", "abc", "1.0", "+1", "%31", "1 ", "ME"])
def test_what_is_no_id_in_the_path_is_404(client: ApiClient, user_id: str) -> None:
    expect_problem(client.get("rita", f"/users/{user_id}"), 404, "not_found")


def test_the_largest_id_is_404_and_no_more(client: ApiClient) -> None:
    expect_problem(client.get("rita", f"/users/{2**63 - 1}"), 404, "not_found")


def test_a_doctor_sees_contact_data_only_of_patients_treated(desk: Desk) -> None:
    desk.booked("rita", at("15:00"), doctor="drjay", patient="pat")
    emails = {
        (doctor, patient): desk.client.get(doctor, f"/users/{desk.id_of(patient)}").json["email"]
        for doctor in ("drjay", "drwu")
        for patient in ("pat", "kim")
    }

    assert emails == {
        ("drjay", "pat"): "pat@example.org",
        ("drjay", "kim"): None,
        ("drwu", "pat"): None,
        ("drwu", "kim"): None,
    }


def test_a_cancelled_visit_is_no_treatment(desk: Desk) -> None:
    booked = desk.booked("rita", at("15:00"), doctor="drjay", patient="pat")
    desk.cancelled("rita", booked["appointment_id"])

    assert desk.client.get("drjay", f"/users/{desk.id_of('pat')}").json["email"] is None


def test_nobody_but_the_reception_sees_contact_data_of_doctors(client: ApiClient, practice: Practice) -> None:
    doctor = practice.user("drwu")
    doctor.email, doctor.phone = "wu@example.org", "+51 1 555"
    practice.session.commit()
    shown = {
        name: [client.get(name, f"/users/{doctor.user_id}").json[field] for field in ("email", "phone")]
        for name in ("pat", "drjay", "rita", "drwu")
    }

    known = ["wu@example.org", "+51 1 555"]
    assert shown == {"pat": [None, None], "drjay": [None, None], "rita": known, "drwu": known}


def test_contact_data_in_a_list_follows_the_same_rule(desk: Desk) -> None:
    desk.booked("rita", at("15:00"), doctor="drjay", patient="pat")
    listed = desk.client.get("drjay", "/users", user_type="PATIENT").json["items"]

    assert [person["email"] for person in listed] == ["pat@example.org", None]


def test_pages_hold_everybody_once_while_people_come_and_go(client: ApiClient, practice: Practice) -> None:
    added = [practice.add_patient(clinics=(1,)) for _ in range(6)]
    seen: list[str] = []
    page = client.get("rita", "/users", user_type="PATIENT", limit=2).json
    seen += [person["user_name"] for person in page["items"]]
    practice.add_patient("late", clinics=(1,))
    practice.user("pat").active = False
    practice.session.commit()
    while page["next_cursor"] is not None:
        page = client.get("rita", "/users", user_type="PATIENT", limit=2, cursor=page["next_cursor"]).json
        seen += [person["user_name"] for person in page["items"]]

    assert seen == ["pat", "kim", *(user.user_name for user in added), "late"]


def test_a_receptionist_creates_a_patient(client: ApiClient, practice: Practice) -> None:
    body = {"user_name": "ana.p", "full_name": "Ana Pérez", "email": "ana@example.org", "phone": "+51 999 888 777"}

    answer = client.post("rita", "/users", body)

    assert answer.status == 201
    created = practice.user("ana.p")
    assert answer.headers["Location"] == f"/users/{created.user_id}"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json == {
        "user_id": created.user_id,
        "user_type": "PATIENT",
        "birth_date": None,
        "identifiers": [],
        "language": "en",
        "contact_by": "EMAIL",
        "recalls": True,
        "active": True,
        "version": 1,
        **body,
    }
    assert client.get("rita", answer.headers["Location"]).json == answer.json
    assert created.cognito_sub is None
    assert created.user_id in {row.user_id for row in practice.rows(Patient)}


def test_contact_data_of_a_new_patient_may_be_missing(client: ApiClient) -> None:
    answer = client.post("rita", "/users", {"user_name": "ana", "full_name": "Ana"})

    assert (answer.status, answer.json["email"], answer.json["phone"]) == (201, None, None)


def test_a_new_patient_belongs_to_the_clinics_of_the_creator_and_no_other(
    client: ApiClient, practice: Practice
) -> None:
    practice.add_receptionist("both", clinics=(1, 2))
    created = {
        name: client.post(name, "/users", {"user_name": f"by-{name}", "full_name": "New"}).json["user_id"]
        for name in ("rita", "both")
    }
    clinics = {
        name: {row.clinic_id for row in practice.rows(ClinicPatient) if row.patient_id == created[name]}
        for name in created
    }

    assert clinics == {"rita": {1}, "both": {1, 2}}
    expect_problem(client.get("rosa", f"/users/{created['rita']}"), 404, "not_found")


@pytest.mark.parametrize("taken", ["pat", "drsol", "rosa"])
def test_a_user_name_that_is_taken_is_409_even_by_somebody_invisible(
    client: ApiClient, taken: str, fingerprint: Fingerprint
) -> None:
    before = fingerprint()

    answer = client.post("rita", "/users", {"user_name": taken, "full_name": "Somebody Else"})

    expect_problem(answer, 409, "name_taken")
    assert fingerprint() == before


@pytest.mark.parametrize("user_name", ["pat", "drjay"])
def test_nobody_else_creates_patients(client: ApiClient, user_name: str) -> None:
    expect_problem(client.post(user_name, "/users", {"user_name": "new", "full_name": "New"}), 403, "forbidden")


@pytest.mark.parametrize("extra", [{"user_type": "RECEPTIONIST"}, {"active": True}, {"cognito_sub": "sub-rita"}])
def test_a_new_patient_is_nothing_but_a_patient(client: ApiClient, extra: dict[str, Any], practice: Practice) -> None:
    answer = client.post("rita", "/users", {"user_name": "new", "full_name": "New", **extra})

    expect_problem(answer, 422, "validation_error", *extra)
    assert all(user.user_name != "new" for user in practice.rows(User))


def test_an_operators_receptionist_of_no_clinic_creates_a_patient_of_no_clinic(
    client: ApiClient, practice: Practice
) -> None:
    practice.add_user(Role.RECEPTIONIST, "floater")

    answer = client.post("floater", "/users", {"user_name": "new", "full_name": "New"})

    assert answer.status == 201
    assert all(row.patient_id != answer.json["user_id"] for row in practice.rows(ClinicPatient))


def test_a_patient_created_by_the_reception_can_be_booked_at_once(desk: Desk) -> None:
    desk.client.post("rita", "/users", {"user_name": "new", "full_name": "New"})

    assert desk.booked("rita", at("15:00"), patient="new")["starts_at"] == at("15:00")
