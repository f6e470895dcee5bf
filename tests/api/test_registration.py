"""POST /users: identifiers, patients of other clinics who join, possible duplicates, and names that are made up."""

import re
from datetime import date, timedelta
from typing import Any

import pytest

from lambda_function.db.models import ClinicPatient, PatientIdentifier, PersonEvent, Refusals, User
from lambda_function.domain.people import PersonAction
from lambda_function.services.text_rules import USER_NAME
from tests.api.conftest import Fingerprint, Statements
from tests.api.desk import Desk
from tests.api.expect import expect_problem
from tests.api_client import Answer
from tests.clock import NOW, Clock

BORN = date(1990, 1, 31)
DNI = {"system": "national_id", "value": "12.345.678"}
ANA = {"full_name": "Ana  MARIA Ríos", "birth_date": BORN.isoformat(), "identifiers": [DNI]}


def _post(desk: Desk, body: Any, user_name: str = "rita", **headers: str) -> Answer:
    return desk.client.post(user_name, "/users", body, headers=headers)


def _elsewhere(desk: Desk, **columns: Any) -> User:
    """Returns a patient of clinic 2 with an identifier, whom rita does not see."""
    given = {"full_name": "Ana María Rios", "birth_date": BORN, **columns}
    user = desk.practice.add_patient("ana", clinics=(2,), **given)
    desk.practice.add_identifier(user.user_id, "national_id", "PE", "12345678")
    return user


def _clinics(desk: Desk, user_id: int) -> set[int]:
    return {row.clinic_id for row in desk.practice.rows(ClinicPatient) if row.patient_id == user_id}


def _events(desk: Desk) -> list[PersonEvent]:
    """Returns what receptions have done to people."""
    return [event for event in desk.practice.rows(PersonEvent) if event.actor_id is not None]


def _refused(desk: Desk) -> list[int]:
    return [row.count for row in desk.practice.rows(Refusals)]


def expect_duplicates(answer: Answer, *user_ids: int) -> None:
    body = answer.json
    assert (answer.status, answer.code, body["user_ids"]) == (409, "possible_duplicate", list(user_ids)), answer.text


def test_only_a_name_is_needed(desk: Desk) -> None:
    names = [_post(desk, {"full_name": name}).json["user_name"] for name in ("Ana", "Leo")]

    assert all(re.fullmatch(USER_NAME, name) for name in names)
    assert names[0] != names[1]
    assert desk.client.get("rita", "/users", q=names[0][:2]).json["items"][0]["user_name"] == names[0]


def test_all_of_a_new_patient_is_stored_and_found(desk: Desk) -> None:
    given = {
        "full_name": "Ana Ríos",
        "birth_date": "1990-01-31",
        "identifiers": [{"system": "national_id", "value": "12345678"}, {"system": "chart", "value": "A17"}],
        "language": "es",
        "contact_by": "NONE",
        "recalls": False,
        "phone": "+51 999 111",
    }
    answer = _post(desk, given)

    assert answer.status == 201, answer.text
    assert {name: answer.json[name] for name in given} == given
    [event] = _events(desk)
    assert event.action == PersonAction.CREATE
    assert {*given, "user_name"} == set(event.fields)
    assert [item["user_id"] for item in desk.client.get("rita", "/users", q="a17").json["items"]] == [
        answer.json["user_id"]
    ]


def test_a_patient_of_other_clinics_joins_and_nothing_of_the_body_is_written(desk: Desk) -> None:
    ana = _elsewhere(desk)
    before = desk.client.get("rosa", f"/users/{ana.user_id}").json
    more = [DNI, {"system": "chart", "value": "NEW"}]

    answer = _post(desk, {**ANA, "identifiers": more, "phone": "+51 1 555", "user_name": "other", "recalls": False})

    assert answer.status == 200, answer.text
    assert answer.json == before
    assert answer.headers["ETag"] == '"1"'
    assert "Location" not in answer.headers
    assert _clinics(desk, ana.user_id) == {1, 2}
    assert desk.client.get("rita", f"/users/{ana.user_id}").json == before
    [event] = _events(desk)
    assert (event.action, event.user_id, event.actor_id) == (PersonAction.JOIN, ana.user_id, desk.id_of("rita"))
    assert _refused(desk) == [0]


def test_whoever_joins_belongs_to_all_clinics_of_the_caller(desk: Desk) -> None:
    third = desk.practice.add_clinic("Third", "America/Lima").clinic_id
    desk.practice.add_receptionist("both", clinics=(1, third))
    ana = _elsewhere(desk)

    assert _post(desk, ANA, "both").status == 200
    assert _clinics(desk, ana.user_id) == {1, 2, third}


def test_a_repeated_join_is_a_kept_answer_with_a_key_and_a_taken_identifier_without(desk: Desk) -> None:
    _elsewhere(desk)
    key = {"Idempotency-Key": "one"}
    first, second = _post(desk, ANA, **key), _post(desk, ANA, **key)

    assert (first.status, second.status) == (200, 200)
    assert second.headers["Idempotency-Replayed"] == "true"
    expect_problem(_post(desk, ANA), 409, "identifier_taken")


@pytest.mark.parametrize(
    "columns",
    [
        {"birth_date": None},
        {"birth_date": BORN + timedelta(1)},
        {"full_name": "Ana Rios"},
        {"active": False},
    ],
    ids=str,
)
def test_whoever_is_not_surely_the_same_does_not_join(desk: Desk, columns: dict[str, Any]) -> None:
    ana = _elsewhere(desk, **columns)

    expect_problem(_post(desk, ANA), 409, "identifier_taken")
    assert _clinics(desk, ana.user_id) == {2}
    assert _refused(desk) == [1]


@pytest.mark.parametrize("missing", ["birth_date"])
def test_without_a_date_of_birth_nobody_joins(desk: Desk, missing: str) -> None:
    _elsewhere(desk, birth_date=None)

    body = {name: value for name, value in ANA.items() if name != missing}
    expect_problem(_post(desk, body), 409, "identifier_taken")


def test_identifiers_of_two_people_let_nobody_join(desk: Desk) -> None:
    ana = _elsewhere(desk)
    desk.practice.add_identifier(desk.id_of("kim"), "insurance", "PE", "77")

    body = {**ANA, "identifiers": [DNI, {"system": "insurance", "value": "77"}]}
    expect_problem(_post(desk, body), 409, "identifier_taken")
    assert _clinics(desk, ana.user_id) == {2}


@pytest.mark.parametrize("clinics", [(1,), (1, 2), ()])
def test_an_identifier_of_a_visible_patient_is_taken(desk: Desk, clinics: tuple[int, ...]) -> None:
    ana = desk.practice.add_patient("ana", clinics=clinics, full_name="Ana María Rios", birth_date=BORN)
    desk.practice.add_identifier(ana.user_id, "national_id", "PE", "12345678")

    expect_problem(_post(desk, {**ANA, "accept_duplicate": True}), 409, "identifier_taken")


def test_another_scope_is_another_identifier(desk: Desk) -> None:
    kim = desk.id_of("kim")
    desk.practice.add_identifier(kim, "national_id", "ES", "12345678")
    desk.practice.add_identifier(kim, "chart", 2, "A17")

    assert _post(desk, {**ANA, "identifiers": [DNI, {"system": "chart", "value": "A17"}]}).status == 201


def test_an_identifier_is_taken_at_a_patch_too_unless_it_is_the_patients_own(desk: Desk) -> None:
    desk.practice.add_identifier(desk.id_of("kim"), "national_id", "PE", "12345678")
    paths = {name: f"/users/{desk.id_of(name)}" for name in ("pat", "kim")}

    assert desk.client.call("rita", "PATCH", paths["kim"], {"identifiers": [DNI], "phone": "55512"}).status == 200
    answer = desk.client.call("rita", "PATCH", paths["pat"], {"identifiers": [DNI], "phone": "55512"})
    expect_problem(answer, 409, "identifier_taken")
    assert desk.practice.user("pat").phone is None


def test_refusals_are_recorded_without_values(desk: Desk) -> None:
    _elsewhere(desk, birth_date=None)

    expect_problem(_post(desk, ANA), 409, "identifier_taken")

    [event] = _events(desk)
    rita = desk.id_of("rita")
    assert (event.action, event.user_id, event.actor_id) == (PersonAction.IDENTIFIER_REFUSED, rita, rita)
    assert event.fields == []
    assert [(row.user_id, row.kind, row.count) for row in desk.practice.rows(Refusals)] == [(rita, "identifier", 1)]


def test_after_five_refusals_nothing_is_looked_up_until_the_next_day(
    desk: Desk, clock: Clock, statements: Statements
) -> None:
    _elsewhere(desk, birth_date=None)
    desk.practice.add_receptionist("other")
    pat = f"/users/{desk.id_of('pat')}"
    for number in range(5):
        refused = _post(desk, ANA) if number % 2 else desk.client.call("rita", "PATCH", pat, {"identifiers": [DNI]})
        expect_problem(refused, 409, "identifier_taken")

    statements.clear()
    free = [{"system": "chart", "value": "free"}]
    for answer in (
        _post(desk, ANA),
        _post(desk, {**ANA, "identifiers": free}),
        desk.client.call("rita", "PATCH", pat, {"identifiers": free}),
        desk.client.call("rita", "PATCH", "/users/999999", {"identifiers": free}),
    ):
        expect_problem(answer, 429, "throttled")
    assert not any("patient_identifier" in statement for statement in statements.sent)

    assert _post(desk, {"full_name": "Without"}).status == 201
    assert desk.client.call("rita", "PATCH", pat, {"identifiers": []}).status == 200
    expect_problem(_post(desk, ANA, "other"), 409, "identifier_taken")
    clock.advance(days=1)
    assert _post(desk, {**ANA, "identifiers": free}).status == 201


def test_an_identifier_is_refused_before_duplicates_and_names_are_looked_at(desk: Desk) -> None:
    kim = desk.id_of("kim")
    desk.practice.add_identifier(kim, "national_id", "PE", "12345678")
    body = {"full_name": "Kim", "email": "kim@example.org", "user_name": "kim"}

    expect_problem(_post(desk, {**body, "identifiers": [DNI]}), 409, "identifier_taken")
    expect_duplicates(_post(desk, body), kim)
    expect_problem(_post(desk, {**body, "accept_duplicate": True}), 409, "name_taken")


@pytest.mark.parametrize(
    ("known", "entered"),
    [
        ({"full_name": "Ana María"}, {"full_name": "ANA   maria", "birth_date": "1990-01-31"}),
        ({"phone": "+51 999-111 222"}, {"full_name": "Leo", "phone": "51 (999) 111.222"}),
        ({"email": "Ana.Rios@example.org"}, {"full_name": "Leo", "email": "ana.rios@EXAMPLE.org"}),
    ],
)
def test_whoever_may_be_there_already_is_shown_first(desk: Desk, known: dict[str, Any], entered: Any) -> None:
    ana = desk.practice.add_patient("ana", clinics=(1,), **{"birth_date": BORN, **known})

    expect_duplicates(_post(desk, entered), ana.user_id)
    assert _post(desk, {**entered, "accept_duplicate": True}).status == 201


@pytest.mark.parametrize(
    "entered",
    [
        {"full_name": "Ana María"},
        {"full_name": "Ana María", "birth_date": "1990-02-01"},
        {"full_name": "Ana Maria R", "birth_date": "1990-01-31"},
        {"full_name": "Leo", "phone": "999 111 222", "email": "other@example.org"},
    ],
)
def test_whoever_has_less_in_common_is_not_held_up(desk: Desk, entered: Any) -> None:
    desk.practice.add_patient(
        "ana", clinics=(1,), full_name="Ana María", birth_date=BORN, phone="+51 999 111 222", email="ana@example.org"
    )

    assert _post(desk, entered).status == 201


@pytest.mark.parametrize("columns", [{"clinics": (2,)}, {"clinics": (1,), "active": False}], ids=str)
def test_nobody_is_shown_as_a_duplicate_whom_the_caller_does_not_see(desk: Desk, columns: dict[str, Any]) -> None:
    desk.practice.add_patient("ana", full_name="Ana", birth_date=BORN, phone="12345", **columns)

    assert _post(desk, {"full_name": "Ana", "birth_date": BORN.isoformat(), "phone": "12345"}).status == 201


def test_staff_are_no_duplicates(desk: Desk) -> None:
    desk.practice.add_doctor("drana", email="ana@example.org")

    assert _post(desk, {"full_name": "Ana", "email": "ana@example.org"}).status == 201


def test_at_most_twenty_duplicates_are_named(desk: Desk) -> None:
    ids = [desk.practice.add_patient(clinics=(1,), phone="+51 1 555").user_id for _ in range(22)]

    expect_duplicates(_post(desk, {"full_name": "Leo", "phone": "5115 55"}), *ids[:20])


def test_identifiers_without_a_clinic_are_refused_on_the_field(desk: Desk, fingerprint: Fingerprint) -> None:
    desk.practice.session.query(ClinicPatient).first()
    desk.practice.add_receptionist("floater", clinics=())
    before = fingerprint()

    expect_problem(_post(desk, ANA, "floater"), 422, "validation_error", "identifiers")
    assert fingerprint() == before


@pytest.mark.parametrize("user_name", ["pat", "drjay"])
def test_nobody_else_tries_identifiers(desk: Desk, user_name: str) -> None:
    expect_problem(_post(desk, ANA, user_name), 403, "forbidden")
    answer = desk.client.call(user_name, "PATCH", f"/users/{desk.id_of('pat')}", {"identifiers": [DNI]})
    expect_problem(answer, 403, "forbidden")
    assert desk.practice.rows(Refusals) == []


def test_identifiers_are_written_in_the_scopes_of_the_clinic(desk: Desk) -> None:
    spain = desk.practice.add_clinic("Madrid", "Europe/Madrid")
    spain.country = "ES"
    desk.practice.session.commit()
    desk.practice.add_receptionist("both", clinics=(1, spain.clinic_id))
    chart = {"system": "chart", "value": "1"}

    assert _post(desk, {**ANA, "identifiers": [DNI, chart], "clinic_id": spain.clinic_id}, "both").status == 201
    written = [(row.scope, row.value) for row in desk.practice.rows(PatientIdentifier)]
    assert sorted(written) == sorted([("ES", "12345678"), (str(spain.clinic_id), "1")])


def test_the_day_of_refusals_is_that_of_utc(desk: Desk) -> None:
    _elsewhere(desk, birth_date=None)
    _post(desk, ANA)

    assert [row.day for row in desk.practice.rows(Refusals)] == [NOW.date()]
