"""Date of birth, identifiers, language, channel and recalls of a person: who sees and who changes them."""

from datetime import date, timedelta
from typing import Any

import pytest

from lambda_function.db.models import Clinic, PersonEvent
from lambda_function.domain.people import Channel, Language, PersonAction
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api_client import Answer
from tests.clock import NOW

NEW_FIELDS = ("birth_date", "identifiers", "language", "contact_by", "recalls", "active")
DNI = {"system": "national_id", "value": "12345678"}
CHART = {"system": "chart", "value": "A17"}
PHONE = "+51 987 654 321"
LATER = (NOW.date() + timedelta(2)).isoformat()


def _patch(desk: Desk, user_name: str, body: Any, target: str = "pat", **headers: str) -> Answer:
    path = "/me" if target == "me" else f"/users/{desk.id_of(target)}"
    return desk.client.call(user_name, "PATCH", path, body, headers=headers)


def _read(desk: Desk, user_name: str, target: str) -> Any:
    answer = desk.client.get(user_name, f"/users/{desk.id_of(target)}")
    assert answer.status == 200, answer.text
    return answer.json


def _set(desk: Desk, user_name: str, **columns: Any) -> None:
    row = desk.practice.user(user_name)
    for name, value in columns.items():
        setattr(row, name, value)
    desk.practice.session.commit()


def _changes(desk: Desk) -> list[PersonEvent]:
    return [event for event in desk.practice.rows(PersonEvent) if event.action == PersonAction.CHANGE]


def _speaks(desk: Desk, clinic_id: int, language: Language) -> None:
    desk.practice.session.get_one(Clinic, clinic_id).language = language
    desk.practice.session.commit()


def test_a_reception_changes_all_of_a_patient(desk: Desk) -> None:
    change = {
        "birth_date": "1990-01-31",
        "identifiers": [DNI, CHART],
        "language": "es",
        "contact_by": "NONE",
        "recalls": False,
    }
    answer = _patch(desk, "rita", {**change, "clinic_id": 1})

    assert answer.status == 200, answer.text
    assert {name: answer.json[name] for name in change} == change
    assert answer.json["version"] == 2
    assert _read(desk, "rita", "pat") == answer.json
    assert desk.client.get("pat", "/me").json == {**answer.json, "dependants": []}


def test_everybody_changes_their_own_except_for_identifiers(desk: Desk) -> None:
    change = {"birth_date": "1990-01-31", "language": "es", "contact_by": "NONE", "recalls": False}
    answer = _patch(desk, "pat", change, "me")

    assert {name: answer.json[name] for name in change} == change
    for field in ({"identifiers": [DNI]}, {"clinic_id": 1}):
        expect_problem(_patch(desk, "pat", field, "me"), 422, "validation_error", *field)


def test_null_means_by_default(desk: Desk) -> None:
    _set(desk, "pat", language=Language.ES, contact_by=Channel.NONE, recalls=False)

    answer = _patch(desk, "pat", {"language": None, "contact_by": None, "recalls": None}, "me")

    assert [answer.json[name] for name in ("language", "contact_by", "recalls")] == ["en", "EMAIL", True]


@pytest.mark.parametrize(
    ("chosen", "email", "phone", "used"),
    [
        (None, "a@example.org", PHONE, "EMAIL"),
        (None, None, PHONE, "SMS"),
        (None, None, "987654321", "NONE"),
        (None, None, None, "NONE"),
        (Channel.EMAIL, None, PHONE, "SMS"),
        (Channel.SMS, "a@example.org", None, "EMAIL"),
        (Channel.SMS, "a@example.org", PHONE, "SMS"),
        (Channel.SMS, "a@example.org", "987654321", "EMAIL"),
        (Channel.NONE, "a@example.org", PHONE, "NONE"),
    ],
)
def test_the_channel_is_one_that_can_be_used(
    desk: Desk, chosen: Channel | None, email: str | None, phone: str | None, used: str
) -> None:
    _set(desk, "pat", contact_by=chosen, email=email, phone=phone)

    assert _read(desk, "rita", "pat")["contact_by"] == used


def test_the_language_by_default_is_that_of_the_callers_first_clinic(desk: Desk) -> None:
    desk.practice.add_receptionist("both", clinics=(1, 2))
    _speaks(desk, 2, Language.ES)

    shown = {name: _read(desk, name, "pat")["language"] for name in ("rita", "rosa", "both")}
    assert shown == {"rita": "en", "rosa": "es", "both": "en"}


def test_the_language_by_default_is_that_of_the_clinic_of_the_change(desk: Desk) -> None:
    desk.practice.add_receptionist("both", clinics=(1, 2))
    _speaks(desk, 2, Language.ES)

    assert _patch(desk, "both", {"clinic_id": 2}).json["language"] == "es"
    created = desk.client.post("both", "/users", {"full_name": "New", "clinic_id": 2})
    assert created.json["language"] == "es"


def test_the_language_of_a_patient_by_default_is_that_of_their_first_clinic(desk: Desk) -> None:
    _speaks(desk, 2, Language.ES)
    desk.practice.add_patient("ofboth", clinics=(2, 1))
    desk.practice.add_patient("ofsecond", clinics=(2,))
    desk.practice.add_patient("ofnone")

    shown = {name: desk.client.get(name, "/me").json["language"] for name in ("ofboth", "ofsecond", "ofnone")}
    assert shown == {"ofboth": "en", "ofsecond": "es", "ofnone": "en"}


def test_patients_are_reminded_by_default_and_staff_are_not(desk: Desk) -> None:
    shown = {name: desk.client.get(name, "/me").json["recalls"] for name in ("pat", "drjay", "rita")}

    assert shown == {"pat": True, "drjay": False, "rita": False}


def test_a_doctor_sees_the_data_of_patients_whom_they_treat(desk: Desk) -> None:
    _set(desk, "pat", birth_date=date(1990, 1, 31))
    desk.practice.add_identifier(desk.id_of("pat"), "national_id", "PE", "12345678")
    hidden = {name: _read(desk, "drjay", "pat")[name] for name in NEW_FIELDS}

    desk.booked("rita", at("15:00"), doctor="drjay", patient="pat")

    assert hidden == dict.fromkeys(NEW_FIELDS)
    shown = _read(desk, "drjay", "pat")
    assert (shown["birth_date"], shown["identifiers"], shown["active"]) == ("1990-01-31", [DNI], True)
    assert {name: _read(desk, "drwu", "pat")[name] for name in NEW_FIELDS} == hidden


def test_a_patient_sees_none_of_the_data_of_a_doctor(desk: Desk) -> None:
    shown = _read(desk, "pat", "drjay")

    assert {name: shown[name] for name in NEW_FIELDS} == dict.fromkeys(NEW_FIELDS)


def test_a_chart_number_is_shown_in_its_clinic_and_to_the_patient_only(desk: Desk) -> None:
    pat = desk.id_of("pat")
    desk.booked("rita", at("15:00"), doctor="drjay", patient="pat")
    desk.practice.add_identifier(pat, "chart", 1, "A17")
    desk.practice.add_identifier(pat, "chart", 2, "B18")
    desk.practice.add_identifier(pat, "national_id", "ES", "1X")

    shown = {
        name: [each["value"] for each in _read(desk, name, "pat")["identifiers"]]
        for name in ("rita", "rosa", "drjay", "pat")
    }

    assert shown == {"rita": ["1X", "A17"], "rosa": ["1X", "B18"], "drjay": ["1X", "A17"], "pat": ["1X", "A17", "B18"]}


def test_a_guardian_sees_and_no_longer_sees_the_data_of_a_dependant(desk: Desk) -> None:
    kim, pat = desk.id_of("kim"), desk.id_of("pat")
    _set(desk, "kim", birth_date=date(2020, 1, 31))
    desk.practice.add_identifier(kim, "chart", 2, "B18")
    path = f"/users/{kim}/guardians/{pat}"
    assert desk.client.call("rita", "PUT", path, {}).status == 204

    shown = _read(desk, "pat", "kim")
    assert (shown["birth_date"], shown["identifiers"]) == ("2020-01-31", [{"system": "chart", "value": "B18"}])

    assert desk.client.call("rita", "DELETE", path).status == 204
    expect_problem(desk.client.get("pat", f"/users/{kim}"), 404, "not_found")


def test_identifiers_replace_those_of_the_clinic_and_its_country(desk: Desk) -> None:
    pat = desk.id_of("pat")
    for system, scope, value in (("national_id", "PE", "1"), ("national_id", "ES", "2"), ("chart", 1, "3")):
        desk.practice.add_identifier(pat, system, scope, value)
    desk.practice.add_identifier(pat, "chart", 2, "4")

    answer = _patch(desk, "rita", {"identifiers": [{"system": "insurance", "value": "ab-1.2 3"}]})

    values = [(each["system"], each["value"]) for each in answer.json["identifiers"]]
    assert values == [("national_id", "2"), ("insurance", "AB123")]
    assert [each["value"] for each in _read(desk, "rosa", "pat")["identifiers"]] == ["2", "AB123", "4"]
    assert answer.json["version"] == 2


@pytest.mark.parametrize("nothing", [[], None])
def test_no_identifiers_remove_them(desk: Desk, nothing: Any) -> None:
    desk.practice.add_identifier(desk.id_of("pat"), "national_id", "PE", "1")

    answer = _patch(desk, "rita", {"identifiers": nothing})

    assert (answer.json["identifiers"], answer.json["version"]) == ([], 2)


def test_the_same_identifiers_keep_the_version_and_write_nothing_of_the_person(desk: Desk) -> None:
    desk.practice.add_identifier(desk.id_of("pat"), "national_id", "PE", "12345678")

    assert _patch(desk, "rita", {"identifiers": [DNI]}).json["version"] == 1
    assert _changes(desk) == []


def test_the_history_names_what_has_changed(desk: Desk) -> None:
    _patch(desk, "rita", {"birth_date": "1990-01-31", "identifiers": [DNI], "recalls": False, "phone": None})

    [event] = _changes(desk)
    assert event.user_id == desk.id_of("pat")
    assert event.fields == ["birth_date", "identifiers", "recalls"]


def test_a_patient_says_once_when_they_were_born(desk: Desk) -> None:
    assert _patch(desk, "pat", {"birth_date": "1990-01-31"}, "me").status == 200
    assert _patch(desk, "pat", {"birth_date": "1990-01-31", "phone": "55512"}, "me").status == 200
    for other in ("1990-02-01", None):
        expect_problem(_patch(desk, "pat", {"birth_date": other}, "me"), 403, "forbidden")

    assert _patch(desk, "rita", {"birth_date": "1990-02-01"}).json["birth_date"] == "1990-02-01"
    assert _patch(desk, "rita", {"birth_date": None}).json["birth_date"] is None


def test_a_new_date_of_birth_moves_the_end_of_a_guardian(desk: Desk) -> None:
    kim, pat = desk.id_of("kim"), desk.id_of("pat")
    _set(desk, "kim", birth_date=date(2020, 1, 31))
    assert desk.client.call("rita", "PUT", f"/users/{kim}/guardians/{pat}", {}).status == 204

    assert _patch(desk, "rita", {"birth_date": "1990-01-31"}, "kim").status == 200

    expect_problem(desk.client.get("pat", f"/users/{kim}"), 404, "not_found")


_TWO = [{"system": "national_id", "value": "12.345-a"}, {"system": "national_id", "value": "12345A"}]
_ELEVEN = [{"system": "chart", "value": str(number)} for number in range(11)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"birth_date": "1899-12-31"}, "birth_date"),
        ({"birth_date": LATER}, "birth_date"),
        ({"birth_date": "31.01.1990"}, "birth_date"),
        ({"language": "de"}, "language"),
        ({"contact_by": "email"}, "contact_by"),
        ({"recalls": "yes"}, "recalls"),
        ({"identifiers": _TWO}, "identifiers"),
        ({"identifiers": _ELEVEN}, "identifiers"),
        ({"identifiers": [{"system": "passport", "value": "1"}]}, "identifiers.0.system"),
        ({"identifiers": [{"system": "chart", "value": " - "}]}, "identifiers.0.value"),
        ({"identifiers": [{"system": "chart", "value": "1" * 200}]}, "identifiers.0.value"),
        ({"identifiers": [{"system": "chart", "value": "1", "scope": "2"}]}, "identifiers.0.scope"),
        ({"clinic_id": 2}, "clinic_id"),
        ({"clinic_id": 2**63 - 1, "identifiers": []}, "clinic_id"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_bad_values_are_422_on_the_field_and_write_nothing(
    desk: Desk, fingerprint: Fingerprint, method: str, body: Any, field: str
) -> None:
    path, more = ("/users", {"full_name": "New"}) if method == "POST" else (f"/users/{desk.id_of('pat')}", {})
    before = fingerprint()

    expect_problem(desk.client.call("rita", method, path, {**more, **body}), 422, "validation_error", field)
    assert fingerprint() == before


def test_today_is_the_last_date_of_birth(desk: Desk) -> None:
    assert _patch(desk, "rita", {"birth_date": NOW.date().isoformat()}).status == 200
    tomorrow = (NOW.date() + timedelta(1)).isoformat()
    expect_problem(_patch(desk, "rita", {"birth_date": tomorrow}), 422, "validation_error", "birth_date")


def test_a_stale_version_is_refused_before_any_identifier_is_looked_up(desk: Desk) -> None:
    desk.practice.add_identifier(desk.id_of("kim"), "national_id", "PE", "12345678")

    answer = _patch(desk, "rita", {"identifiers": [DNI]}, **{"If-Match": '"7"'})

    expect_problem(answer, 412, "stale_version")
