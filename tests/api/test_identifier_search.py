"""GET /users by identifiers and dates of birth, and of those who left. Who must not find whom is in
test_registration_oracles.py.
"""

from datetime import date
from typing import Any

import pytest

from tests.api.conftest import Statements
from tests.api.desk import Desk
from tests.api.expect import expect_problem
from tests.clock import NOW

BORN = date(1990, 1, 31)


@pytest.fixture
def known(desk: Desk) -> Desk:
    """Zoe is a patient of both clinics; the first knows a number of hers that zed has in another country."""
    zoe = desk.practice.add_patient("zoe", clinics=(1, 2), full_name="Zoe Quinn", birth_date=BORN).user_id
    zed = desk.practice.add_patient("zed", clinics=(1,), full_name="Zed Quinn", birth_date=BORN).user_id
    for user_id, system, scope, value in (
        (zoe, "national_id", "PE", "12345678K"),
        (zoe, "chart", 1, "A17"),
        (zed, "national_id", "CL", "12345678K"),
        (zed, "insurance", "PE", "AB/12"),
    ):
        desk.practice.add_identifier(user_id, system, scope, value)
    return desk


def _found(desk: Desk, user_name: str, **query: Any) -> list[str]:
    answer = desk.client.get(user_name, "/users", **query)
    assert answer.status == 200, answer.text
    return [item["user_name"] for item in answer.json["items"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"identifier": "national_id:12.345.678-k"}, ["zoe"]),
        ({"identifier": "national_id: 12345678K "}, ["zoe"]),
        ({"identifier": "national_id:12345678"}, []),
        ({"identifier": "insurance:12345678K"}, []),
        ({"identifier": "insurance:ab/12"}, ["zed"]),
        ({"identifier": "chart:a-17"}, ["zoe"]),
        ({"identifier": "chart:a-17", "q": "quinn", "clinic_id": 1, "user_type": "PATIENT"}, ["zoe"]),
        ({"identifier": "chart:a-17", "q": "zed"}, []),
        ({"identifier": "chart:a-17", "user_type": "DOCTOR"}, []),
        ({"identifier": "chart:a-17", "birth_date": "1990-01-31"}, ["zoe"]),
        ({"identifier": "chart:a-17", "birth_date": "1990-02-01"}, []),
        ({"birth_date": "1990-01-31"}, ["zoe", "zed"]),
        ({"birth_date": "1990-01-31", "q": "zo"}, ["zoe"]),
        ({"birth_date": "1990-01-31", "limit": 1}, ["zoe"]),
        ({"birth_date": "1990-02-01"}, []),
        ({"q": "1234"}, ["zoe", "zed"]),
        ({"q": "12.345.678-K zoe"}, ["zoe"]),
        ({"q": "a17"}, ["zoe"]),
        ({"q": "ab/12"}, ["zed"]),
        ({"q": "ab12"}, ["zed"]),
        ({"q": "17"}, []),
    ],
    ids=str,
)
def test_a_reception_finds_people_by_what_they_are_known_by(
    known: Desk, query: dict[str, Any], found: list[str]
) -> None:
    assert _found(known, "rita", **query) == found


def test_the_scopes_are_those_of_the_callers_clinics(known: Desk) -> None:
    assert _found(known, "rosa", identifier="chart:A17") == []
    assert _found(known, "zed", identifier="national_id:12345678K") == ["zed"]
    assert _found(known, "zoe", identifier="chart:A17") == ["zoe"]
    assert _found(known, "pat", identifier="chart:A17") == []


def test_a_patient_finds_themselves_by_their_date_of_birth(known: Desk) -> None:
    assert _found(known, "zoe", birth_date="1990-01-31") == ["zoe"]


def test_a_receptionist_lists_those_who_left_and_no_others(known: Desk) -> None:
    practice = known.practice
    practice.add_patient("gone", clinics=(1,), active=False, full_name="Gone Quinn", birth_date=BORN)
    practice.add_patient("nowhere", active=False)
    practice.add_patient("elsewhere", clinics=(2,), active=False)
    practice.add_patient("erased", clinics=(1,), active=False, erased_at=NOW)
    practice.add_patient("merged", clinics=(1,), active=False, merged_into=known.id_of("pat"))
    practice.add_doctor("drgone", active=False)

    assert _found(known, "rita", active="false") == ["gone", "nowhere"]
    assert _found(known, "rosa", active="false") == ["nowhere", "elsewhere"]
    assert _found(known, "rita", active="false", q="quinn", birth_date="1990-01-31", clinic_id=1) == ["gone"]
    assert _found(known, "rita", active="false", user_type="DOCTOR") == []
    assert "gone" not in _found(known, "rita", active="true")
    [shown] = known.client.get("rita", "/users", active="false", q="gone").json["items"]
    assert (shown["active"], shown["birth_date"]) == (False, "1990-01-31")
    expect_problem(known.client.get("rita", f"/users/{known.id_of('gone')}"), 404, "not_found")


def test_those_who_left_are_found_by_their_identifiers_of_the_callers_clinics(known: Desk) -> None:
    gone = known.practice.add_patient("gone", clinics=(1,), active=False).user_id
    known.practice.add_identifier(gone, "chart", 1, "B18")
    known.practice.add_identifier(gone, "chart", 2, "C19")

    assert _found(known, "rita", active="false", identifier="chart:B18") == ["gone"]
    assert _found(known, "rita", active="false", q="b18") == ["gone"]
    assert _found(known, "rita", active="false", q="c19") == []
    [shown] = known.client.get("rita", "/users", active="false").json["items"]
    assert shown["identifiers"] == [{"system": "chart", "value": "B18"}]


@pytest.mark.parametrize("user_name", ["pat", "drjay"])
def test_nobody_else_lists_those_who_left(desk: Desk, user_name: str) -> None:
    expect_problem(desk.client.get(user_name, "/users", active="false"), 403, "forbidden")
    assert desk.client.get(user_name, "/users", active="true").status == 200


@pytest.mark.parametrize(
    "query",
    [
        {"identifier": "12345678"},
        {"identifier": "passport:12345678"},
        {"identifier": "national_id:"},
        {"identifier": "national_id:--"},
        {"identifier": "national_id:" + "1" * 200},
        {"birth_date": "1899-12-31"},
        {"birth_date": "31/01/1990"},
        {"active": "0"},
        {"active": "False"},
    ],
    ids=str,
)
def test_bad_filters_are_422_on_the_parameter(desk: Desk, query: dict[str, str]) -> None:
    expect_problem(desk.client.get("rita", "/users", **query), 422, "validation_error", *query)


def test_an_identifier_is_found_by_one_statement(known: Desk, statements: Statements) -> None:
    statements.clear()
    assert _found(known, "rita", identifier="national_id:12345678K") == ["zoe"]

    assert len([each for each in statements.sent if "patient_identifier" in each]) == 1
    assert len(statements) == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"identifier": "12345678-k"}, ["zoe"]),
        ({"identifier": "urn:dentist-appointments:national-id|12345678K"}, ["zoe"]),
        ({"identifier": "urn:dentist-appointments:insurance|12345678K"}, []),
        ({"identifier": "urn:dentist-appointments:chart|A17"}, ["zoe"]),
        ({"identifier": "urn:dentist-appointments:user-name|ZOE"}, ["zoe"]),
        ({"identifier": "zoe"}, ["zoe"]),
        ({"identifier": "|12345678K"}, []),
        ({"identifier": "urn:other|12345678K"}, []),
        ({"birthdate": "1990-01-31"}, ["zoe", "zed"]),
        ({"birthdate": "eq1990-01-31", "name": "zed"}, ["zed"]),
        ({"birthdate": "1990-02-01"}, []),
    ],
    ids=str,
)
def test_fhir_finds_patients_by_the_same(known: Desk, query: dict[str, str], found: list[str]) -> None:
    answer = known.client.get("rita", "/fhir/R4/Patient", **query)

    assert answer.status == 200, answer.text
    names = [entry["resource"]["identifier"][0]["value"] for entry in answer.json.get("entry", ())]
    assert names == found


@pytest.mark.parametrize(
    "query", [{"identifier": "urn:dentist-appointments:chart|"}, {"birthdate": "1990-02-31"}, {"birthdate": "soon"}]
)
def test_fhir_refuses_what_is_no_identifier_or_date(desk: Desk, query: dict[str, str]) -> None:
    expect_problem(desk.client.get("rita", "/fhir/R4/Patient", **query), 422, "validation_error")


def test_fhir_shows_identifiers_and_the_date_of_birth_where_contact_data_are_seen(known: Desk) -> None:
    zoe = f"/fhir/R4/Patient/{known.id_of('zoe')}"
    shown, hidden = known.client.get("rita", zoe).json, known.client.get("drjay", zoe).json

    assert shown["birthDate"] == "1990-01-31"
    assert shown["active"] is True
    assert shown["identifier"] == [
        {"system": "urn:dentist-appointments:user-name", "value": "zoe"},
        {"system": "urn:dentist-appointments:chart", "value": "A17"},
        {"system": "urn:dentist-appointments:national-id", "value": "12345678K"},
    ]
    assert "birthDate" not in hidden
    assert [each["value"] for each in hidden["identifier"]] == ["zoe"]
