"""GET /users?q=: words that begin words of a name, user name or e-mail address, and telephone numbers, as far as the
caller may see them. Which words a text has is tested in tests/unit/domain/test_person_words.py.
"""

from datetime import timedelta
from typing import Any

import pytest

from tests.api.desk import Desk, at, rfc3339
from tests.api.expect import expect_problem
from tests.api_client import ApiClient
from tests.clock import NOW
from tests.factories import Practice


def _found(client: ApiClient, user_name: str, q: str, **filters: Any) -> list[str]:
    answer = client.get(user_name, "/users", q=q, **filters)
    assert answer.status == 200, answer.text
    return [person["user_name"] for person in answer.json["items"]]


@pytest.mark.parametrize("q", ["Pat R", "pat r", "PAT ROJAS", "pAt", "p", "pat@ex", "PAT@EXAMPLE.ORG"])
def test_a_receptionist_finds_by_the_start_of_name_user_name_or_email_in_any_case(client: ApiClient, q: str) -> None:
    assert _found(client, "rita", q) == ["pat"]


def test_a_user_name_is_found_in_any_case(client: ApiClient, practice: Practice) -> None:
    practice.add_patient("ZoeUser", clinics=(1,), full_name="Anna")

    assert _found(client, "rita", "zoeuser") == ["ZoeUser"]
    assert _found(client, "rita", "ZOE") == ["ZoeUser"]


@pytest.mark.parametrize("q", ["+51 999", "999 111", "9911", "51-999-111"])
def test_a_phone_is_found_by_four_digits_of_it(client: ApiClient, practice: Practice, q: str) -> None:
    practice.add_patient("anna", clinics=(1,), phone="+51 999 111")

    assert _found(client, "rita", q) == ["anna"]


@pytest.mark.parametrize("q", ["999", "+51", "999 112"])
def test_fewer_digits_or_others_find_no_phone(client: ApiClient, practice: Practice, q: str) -> None:
    practice.add_patient("anna", clinics=(1,), phone="+51 999 111")

    assert _found(client, "rita", q) == []


@pytest.mark.parametrize("q", ["rojas pat", "ROJ", "pa ro", "p r", " pat", "rojas example", "Pat R%"])
def test_the_words_may_be_in_any_order_and_of_any_kind(client: ApiClient, q: str) -> None:
    assert _found(client, "rita", q) == ["pat"]


@pytest.mark.parametrize("q", ["ojas", "at", "xample", "rojas kim", "patr"])
def test_what_begins_no_word_finds_nothing(client: ApiClient, q: str) -> None:
    assert _found(client, "rita", q) == []


@pytest.mark.parametrize(
    ("name", "q"),
    [
        ("Ana María Torres", "torres ana"),
        ("Maria Quezada", "que mar"),
        ("Fitzwilliam D'Arcy", "d'arcy"),
        ("Fitzwilliam D'Arcy", "darcy"),
        ("Fitzwilliam D'Arcy", "arcy"),
        ("Conan O\u2019Brien", "O'Brien"),
        ("Conan O'Brien", "O\u2019Brien"),
        ("José Núñez", "Jose\u0301 Nu\u0301n\u0303ez"),
        ("Jose\u0301 Nu\u0301n\u0303ez", "jose nunez"),
        ("김민준", "김"),
        ("Anna Straße", "strasse"),
        ("Anna Strasse", "straße"),
        ("Łukasz Øder", "lukasz oder"),
    ],
)
def test_a_name_is_found_in_any_form(client: ApiClient, name: str, q: str) -> None:
    made = client.post("rita", "/users", {"user_name": "sought", "full_name": name})
    assert made.status == 201, made.text

    assert _found(client, "rita", q) == ["sought"]


@pytest.mark.parametrize("q", ["%", "_", "\\", "/", "'", '"', "😀", "+", "-%-"])
def test_a_text_without_letters_and_digits_finds_nobody(client: ApiClient, q: str) -> None:
    answer = client.get("rita", "/users", q=q)

    assert (answer.json["items"], answer.json["next_cursor"]) == ([], None)


@pytest.mark.parametrize("q", ["P%t", "P_t", "p\\t", "/%t", "' OR 1=1 -- "])
def test_signs_that_mean_something_to_sql_only_part_words(client: ApiClient, q: str) -> None:
    assert _found(client, "rita", q) == []


@pytest.mark.parametrize("name", ["a/b", "O'Hara", "Anna-Maria", "J. R. Smith"])
def test_a_name_is_found_as_it_stands(client: ApiClient, practice: Practice, name: str) -> None:
    practice.add_patient("odd", clinics=(1,), full_name=name)

    assert _found(client, "rita", name) == ["odd"]


@pytest.mark.parametrize("q", ["pat@example.org", "pat example", "+51 999"])
def test_a_doctor_cannot_probe_contact_data_of_people_not_treated(desk: Desk, q: str) -> None:
    assert desk.client.call("pat", "PATCH", "/me", {"phone": "+51 999 111"}).status == 200

    assert _found(desk.client, "drjay", q) == []

    desk.booked("rita", at("15:00"), doctor="drjay", patient="pat")
    assert _found(desk.client, "drjay", q) == ["pat"]
    assert _found(desk.client, "drwu", q) == []


@pytest.mark.parametrize("q", ["kim@example.org", "soto example", "+51 999"])
def test_a_doctor_who_treats_somebody_cannot_probe_contact_data_of_others(desk: Desk, q: str) -> None:
    assert desk.client.call("kim", "PATCH", "/me", {"phone": "+51 999 111"}).status == 200
    desk.booked("rita", at("15:00"), doctor="drjay", patient="pat")

    assert _found(desk.client, "drjay", q) == []


@pytest.mark.parametrize("q", ["jay@example.org", "+51 777"])
def test_a_patient_cannot_probe_contact_data_of_doctors(client: ApiClient, practice: Practice, q: str) -> None:
    doctor = practice.user("drjay")
    doctor.email, doctor.phone = "jay@example.org", "+51 777 000"
    practice.session.commit()
    practice.correct_words(doctor)

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


def test_people_are_filtered_by_the_time_at_which_they_were_entered(client: ApiClient, practice: Practice) -> None:
    for hours in range(3):
        practice.add_patient(f"zed{hours}", clinics=(1,), created_at=NOW + timedelta(hours=hours))
    between = {"created_from": rfc3339(NOW + timedelta(hours=1)), "created_to": rfc3339(NOW + timedelta(hours=2))}

    assert _found(client, "rita", "zed", **between) == ["zed1"]
    assert _found(client, "rita", "zed", created_from=between["created_from"]) == ["zed1", "zed2"]
    assert _found(client, "rita", "zed", created_to=between["created_to"]) == ["zed0", "zed1"]


def test_people_are_filtered_by_clinic_as_far_as_the_caller_works_there(client: ApiClient, practice: Practice) -> None:
    practice.add_receptionist("both", clinics=(1, 2))
    practice.add_patient("zed1", clinics=(1,))
    practice.add_patient("zed2", clinics=(2,))
    practice.add_patient("zed12", clinics=(1, 2))
    practice.add_patient("zednone")
    practice.add_doctor("zeddoctor", clinic=2)

    assert _found(client, "both", "zed", clinic_id=2) == ["zed2", "zed12", "zeddoctor"]
    assert _found(client, "rita", "zed", clinic_id=1) == ["zed1", "zed12"]
    assert _found(client, "rita", "zed", clinic_id=2) == []
    assert _found(client, "drjay", "zed", clinic_id=2) == ["zeddoctor"]
    assert _found(client, "zed12", "zed", clinic_id=2) == ["zed12", "zeddoctor"]
    expect_problem(client.get("rita", "/users", clinic_id=99), 422, "validation_error", "clinic_id")
