"""GET /users?q=: the start of a full name, user name, e-mail or phone, as far as the caller may see them."""

import pytest

from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api_client import ApiClient
from tests.factories import Practice


def _found(client: ApiClient, user_name: str, q: str) -> list[str]:
    answer = client.get(user_name, "/users", q=q)
    assert answer.status == 200, answer.text
    return [person["user_name"] for person in answer.json["items"]]


@pytest.mark.parametrize("q", ["Pat R", "pat r", "PAT ROJAS", "pAt", "p", "pat@ex", "PAT@EXAMPLE.ORG"])
def test_a_receptionist_finds_by_the_start_of_name_user_name_or_email_in_any_case(client: ApiClient, q: str) -> None:
    assert _found(client, "rita", q) == ["pat"]


def test_a_user_name_is_found_in_any_case(client: ApiClient, practice: Practice) -> None:
    practice.add_patient("ZoeUser", clinics=(1,), full_name="Anna")

    assert _found(client, "rita", "zoeuser") == ["ZoeUser"]
    assert _found(client, "rita", "ZOE") == ["ZoeUser"]


def test_a_phone_is_found_by_its_start(client: ApiClient, practice: Practice) -> None:
    practice.add_patient("anna", clinics=(1,), phone="+51 999 111")

    assert _found(client, "rita", "+51 999") == ["anna"]
    assert _found(client, "rita", "999") == []


@pytest.mark.parametrize("q", ["ojas", "at", "example", " pat", "rojas pat"])
def test_what_stands_later_in_a_name_is_not_its_start(client: ApiClient, q: str) -> None:
    assert _found(client, "rita", q) == []


@pytest.mark.parametrize(
    "q", ["%", "_", "\\", "/", "P%", "P_t", "p\\", "%pat", "/%", "[p]at", "'", '"', "' OR 1=1 -- "]
)
def test_signs_that_mean_something_to_sql_are_taken_literally(client: ApiClient, q: str) -> None:
    assert _found(client, "rita", q) == []


@pytest.mark.parametrize("name", ["%all", "_all", "\\all", "/all", "100% sure", "a_b", "a\\b", "a/b", "O'Hara"])
def test_such_signs_are_found_where_they_are(client: ApiClient, practice: Practice, name: str) -> None:
    practice.add_patient("odd", clinics=(1,), full_name=name)
    practice.add_patient("aab", clinics=(1,), full_name="aab all")

    assert _found(client, "rita", name) == ["odd"]


@pytest.mark.parametrize("q", ["pat@example.org", "pat@", "+51 999"])
def test_a_doctor_cannot_probe_contact_data_of_people_not_treated(desk: Desk, q: str) -> None:
    desk.practice.user("pat").phone = "+51 999 111"
    desk.practice.session.commit()

    assert _found(desk.client, "drjay", q) == []

    desk.booked("rita", at("15:00"), doctor="drjay", patient="pat")
    assert _found(desk.client, "drjay", q) == ["pat"]
    assert _found(desk.client, "drwu", q) == []


@pytest.mark.parametrize("q", ["jay@example.org", "+51 777"])
def test_a_patient_cannot_probe_contact_data_of_doctors(client: ApiClient, practice: Practice, q: str) -> None:
    doctor = practice.user("drjay")
    doctor.email, doctor.phone = "jay@example.org", "+51 777 000"
    practice.session.commit()

    assert _found(client, "pat", q) == []
    assert _found(client, "rita", q) == ["drjay"]


def test_everybody_finds_themselves_by_their_own_email(client: ApiClient) -> None:
    assert _found(client, "pat", "pat@example.org") == ["pat"]


def test_a_patient_finds_doctors_by_name_and_no_other_patient(client: ApiClient) -> None:
    assert _found(client, "pat", "Sol") == ["drsol"]
    assert _found(client, "pat", "Kim") == []


def test_a_search_is_combined_with_the_type_and_paged(client: ApiClient, practice: Practice) -> None:
    names = [practice.add_patient(f"zed{number}", clinics=(1,)).user_name for number in range(3)]
    practice.add_doctor("zeddoctor")
    first = client.get("rita", "/users", q="zed", user_type="PATIENT", limit=2).json
    rest = client.get("rita", "/users", q="zed", user_type="PATIENT", limit=2, cursor=first["next_cursor"]).json

    assert [person["user_name"] for page in (first, rest) for person in page["items"]] == names
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("q", ["", "x" * 101, "a\x00b", "a\x1bb"])
def test_a_search_text_has_1_to_100_printable_characters(client: ApiClient, q: str) -> None:
    expect_problem(client.get("rita", "/users", q=q), 422, "validation_error", "q")


def test_a_name_with_an_emoji_is_searched_for_like_any_other_text(client: ApiClient, practice: Practice) -> None:
    practice.add_patient("happy", clinics=(1,), full_name="😀 Happy")
    practice.add_patient("sad", clinics=(1,), full_name="😢 Sad")

    assert _found(client, "rita", "😀") == ["happy"]
