"""Practice files that are refused: the message says what is wrong, where, and what to do."""

import json
from typing import Any

import pytest

from lambda_function.cli.command import Exit
from lambda_function.db.models import Clinic, Treatment
from tests.cli.terminal import Terminal, demo_document
from tests.factories import Practice

LIMA, SANTIAGO = "Lima Centro", "Santiago Norte"


@pytest.mark.parametrize(("name", "role"), [("drjay", "doctor"), ("pat", "patient")])
def test_what_people_are_is_not_changed_by_a_file(terminal: Terminal, name: str, role: str) -> None:
    document = {"receptionists": {name: {"full_name": "Somebody", "clinics": [LIMA]}}}
    result = terminal.practice_file("apply", document)
    assert result.exit_code == Exit.REFUSED
    what_next = "take another one, or make that person a receptionist with `users set-type` first"
    assert f"receptionists.{name}: is the user name of a {role}; {what_next}\n" in result.stderr


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        (
            {"clinic": "Lima Centre"},
            "doctors.drjay.clinic",
            "there is no clinic Lima Centre; did you mean Lima Centro? The clinics are: Lima Centro, Santiago Norte.",
        ),
        (
            {"treatments": ["checkup", "magic"]},
            "doctors.drjay.treatments",
            "there is no treatment magic. The treatments are: checkup, cleaning, implant.",
        ),
        (
            {"treatments": ["cleaning"]},
            "doctors.drjay.default_treatment",
            "checkup is not among the doctor's treatments, which are: cleaning",
        ),
    ],
)
def test_a_name_that_leads_nowhere_is_refused_where_it_stands(
    terminal: Terminal, change: dict[str, Any], place: str, message: str
) -> None:
    document = demo_document()
    document["doctors"]["drjay"] |= change
    result = terminal.practice_file("apply", document, "--json")
    assert result.exit_code == Exit.REFUSED
    problems = json.loads(result.stdout)["error"]["problems"]
    assert [(each["path"], each["message"]) for each in problems] == [(place, message)]


def test_names_that_only_capitals_tell_apart_are_refused_and_nothing_is_changed(
    terminal: Terminal, practice: Practice
) -> None:
    document = demo_document()
    document["treatments"]["filling"] = {"name": "Filling", "duration_minutes": 20}
    document["clinics"][LIMA.upper()] = {"country": "PE", "time_zone": "America/Lima"}
    document["clinics"][SANTIAGO]["chairs"] = ["Chair 1", "Chair 2", "CHÁIR 1"]
    for action in ("plan", "apply"):
        result = terminal.practice_file(action, document, "--json")
        assert result.exit_code == Exit.REFUSED
        error = json.loads(result.stdout)["error"]
        advice = "capital letters and accents make no difference; take another name"
        assert error["code"] == "name_taken"
        assert {each["path"]: each["message"] for each in error["problems"]} == {
            f"clinics.{LIMA.upper()}": f"the name is taken by the clinic {LIMA}: {advice}",
            f"clinics.{SANTIAGO}.chairs": f"CHÁIR 1: the name is taken by the chair Chair 1: {advice}",
        }
    assert len(practice.rows(Treatment)) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Đa Nang", "Da Nang"),
        ("Straße", "Strasse"),
        ("Æsir", "AEsir"),
        ("Łódź", "Lodz"),
        ("רָמָה", "רמה"),
        ("ジョン", "じょん"),
        ("Lima Sur", "Lima\u00a0Sur"),
    ],
)
def test_names_that_the_database_finds_the_same_are_refused_by_the_plan(
    terminal: Terminal, practice: Practice, one: str, other: str
) -> None:
    document = demo_document()
    document["clinics"] |= {name: {"country": "PE", "time_zone": "America/Lima"} for name in (one, other)}
    document["clinics"][LIMA]["chairs"] = [one, other]
    for action in ("plan", "apply"):
        result = terminal.practice_file(action, document, "--json")
        assert result.exit_code == Exit.REFUSED
        error = json.loads(result.stdout)["error"]
        assert error["code"] == "name_taken"
        assert {each["path"] for each in error["problems"]} == {f"clinics.{other}", f"clinics.{LIMA}.chairs"}
    assert len(practice.rows(Clinic)) == 2


@pytest.mark.parametrize(("one", "other"), [("O'Brien", "O\u2019Brien"), ("बेंगलुरु", "बंगलुरु"), ("Sur 1", "Sur-1")])
def test_names_that_the_database_tells_apart_are_both_taken(
    terminal: Terminal, practice: Practice, one: str, other: str
) -> None:
    document = demo_document()
    document["clinics"] |= {name: {"country": "PE", "time_zone": "America/Lima"} for name in (one, other)}
    assert terminal.practice_file("plan", document).exit_code == Exit.DIFFERENT
    assert terminal.practice_file("apply", document).exit_code == Exit.DONE
    assert {one, other} < {clinic.name for clinic in practice.rows(Clinic)}


def test_a_wrong_file_is_told_by_line(terminal: Terminal, tmp_path: Any) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("clinics:\n  Lima Centro:\n    country: PE\n    time_zone: Lima\n    chair: 3\n")
    result = terminal.run("practice", "plan", str(file))
    assert result.exit_code == Exit.REFUSED
    assert result.stderr.splitlines() == [
        f"{file}:4: clinics.Lima Centro.time_zone: is not a known time zone; did you mean America/Lima?",
        f"{file}:5: clinics.Lima Centro.chair: is not known here; did you mean chairs?",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The file is empty. Start with a section such as clinics: (see docs/practice.md)."),
        ("clinics:\n\tLima: 1\n", "Line 2 is not YAML: indent with spaces instead of tabs."),
        ("clinics: {Lima: 1\n", "Line 2 is not YAML: close the bracket, and separate its entries with commas."),
        ("clinics: {}\nclinics: {}\n", "Line 2: the key clinics comes twice. Remove one of them."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(terminal: Terminal, tmp_path: Any, text: str, message: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    result = terminal.run("practice", "plan", str(file))
    assert (result.exit_code, result.stderr) == (Exit.REFUSED, f"{file}: {message}\n")


def test_a_file_that_is_not_there_is_a_matter_of_usage(terminal: Terminal) -> None:
    assert terminal.run("practice", "plan", "nowhere.yaml").exit_code == Exit.USAGE
