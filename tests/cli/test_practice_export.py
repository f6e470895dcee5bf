"""`practice export` on the demo practice, over a real database."""

import json
import os
import re
import subprocess
import sys
from datetime import date
from typing import Any

import pytest
from sqlalchemy import URL

from lambda_function.cli.command import Exit
from lambda_function.cli.yaml_file import YamlFile
from lambda_function.db.models import Chair, Clinic, Closure, Treatment, User
from lambda_function.services.practice.declaration import (
    DeclaredClinic,
    DeclaredDoctor,
    DeclaredReceptionist,
    DeclaredTreatment,
)
from tests.api.desk import Desk
from tests.api_client import ApiClient
from tests.architecture.source import ROOT
from tests.cli.terminal import Terminal, demo_document
from tests.cli.test_command import cli_here
from tests.factories import Practice

LIMA, SANTIAGO = "Lima Centro", "Santiago Norte"
DAY = date(2031, 1, 1)


def exported(terminal: Terminal) -> Any:
    """Returns the content of the file that the command prints, which must be no difference."""
    result = terminal.run("practice", "export")
    assert (result.exit_code, result.stderr) == (Exit.DONE, "")
    file = terminal.folder / "exported.yaml"
    file.write_text(result.stdout, encoding="utf-8")
    plan = terminal.run("practice", "plan", str(file), "--json")
    assert plan.exit_code == Exit.DONE, plan.stdout
    assert json.loads(plan.stdout)["not_in_file"] == {}
    return YamlFile(file).data


def applied(terminal: Terminal, document: Any) -> None:
    assert terminal.practice_file("apply", document).exit_code == Exit.DONE


def test_a_person_reads_the_demo_practice(terminal: Terminal) -> None:
    lines = terminal.run("practice", "export").stdout
    assert lines.startswith(
        """countries: []

treatments:
  checkup:
    name: Check-up
    duration_minutes: 30
    buffer_before_minutes: 0
    buffer_after_minutes: 0
    needs_approval: false
    recall_months: 6
    price: 40.00
    active: true
"""
    )
    assert (
        f"""
clinics:
  {LIMA}:
    country: PE
    time_zone: America/Lima
"""
        in lines
    )
    assert lines.endswith(
        """
receptionists:
  rita:
    full_name: Rita Flores
    email: null
    phone: null
    active: true
    clinics: [Lima Centro]
  rosa:
    full_name: Rosa Muñoz
    email: null
    phone: null
    active: true
    clinics: [Santiago Norte]
"""
    )
    assert "      - {weekdays: [1, 2, 3, 4, 5, 6], start: '08:00', end: '18:00'}\n" in lines


def test_an_export_has_every_key_of_every_entry(terminal: Terminal) -> None:
    document = exported(terminal)
    declared = {
        "treatments": set(DeclaredTreatment.model_fields),
        "clinics": set(DeclaredClinic.model_fields),
        "doctors": set(DeclaredDoctor.model_fields),
        "receptionists": set(DeclaredReceptionist.model_fields),
    }
    assert list(document) == ["countries", *declared]
    for section, keys in declared.items():
        assert document[section]
        assert all(set(entry) == keys for entry in document[section].values())


def test_an_export_says_what_the_file_of_the_demo_says(terminal: Terminal) -> None:
    document = exported(terminal)
    for section, entries in demo_document().items():
        for name, entry in entries.items():
            shown = document[section][name]
            assert {**shown, **entry, "price": None} == {**shown, "price": None}


def test_the_document_is_what_the_file_holds(terminal: Terminal) -> None:
    assert terminal.done("practice", "export") == exported(terminal)


def test_the_example_of_the_documentation_is_exported_as_it_is_written(terminal: Terminal) -> None:
    found = re.search(r"```yaml\n(.*?)```", (ROOT / "docs/practice.md").read_text(), re.DOTALL)
    assert found
    file = terminal.folder / "example.yaml"
    file.write_text(found[1])
    assert terminal.run("practice", "apply", str(file)).exit_code == Exit.DONE
    example, document = YamlFile(file).data, exported(terminal)
    example["clinics"]["Cusco"]["chairs"].sort()
    assert document["countries"] == example.pop("countries")
    for section, entries in example.items():
        for name, entry in entries.items():
            assert document[section][name] == entry


def test_what_is_out_of_use_is_exported_too(terminal: Terminal, practice: Practice) -> None:
    document = demo_document()
    for section, name in (("treatments", "implant"), ("clinics", SANTIAGO), ("doctors", "drsol")):
        document[section][name]["active"] = False
    document["receptionists"]["rosa"]["active"] = False
    document["clinics"][SANTIAGO]["chairs"] = ["Chair 2"]
    applied(terminal, document)

    content = exported(terminal)

    del content["countries"]
    assert {name for entries in content.values() for name, entry in entries.items() if not entry["active"]} == {
        "implant",
        SANTIAGO,
        "drsol",
        "rosa",
    }
    assert content["clinics"][SANTIAGO]["chairs"] == ["Chair 2"]
    assert {row.name for row in practice.rows(Chair) if row.clinic_id == 2} == {"Chair 1", "Chair 2"}


def test_prices_are_exact(terminal: Terminal) -> None:
    document = demo_document()
    prices = {"checkup": "9999999999.99", "cleaning": "0.10", "implant": None}
    for code, price in prices.items():
        document["treatments"][code]["price"] = price
    applied(terminal, document)
    assert {code: entry["price"] for code, entry in exported(terminal)["treatments"].items()} == prices


@pytest.mark.parametrize("name", ["NO", "10:30", "- x", "~", "1e3", "x: y", 'O\'Brien "Öst"', "李明 牙科", "עדי"])
def test_a_name_stays_what_it_is(terminal: Terminal, name: str) -> None:
    document = {"clinics": {name: {"country": "NO", "time_zone": "Europe/Oslo", "chairs": [name]}}}
    applied(terminal, document)
    content = exported(terminal)["clinics"][name]
    assert (content["country"], content["chairs"]) == ("NO", [name])


def test_texts_that_an_earlier_release_stored_as_they_were_typed_are_no_difference(
    terminal: Terminal, practice: Practice
) -> None:
    decomposed = "Me\u0301dica"
    clinic = practice.add_clinic(decomposed, "America/Lima")
    practice.add(
        Chair(clinic_id=clinic.clinic_id, name=f" {decomposed}"),
        Treatment(code="revision", name=decomposed, duration_minutes=30),
        Closure(clinic_id=1, first_day=DAY, last_day=DAY, reason=f" {decomposed} "),
    )
    practice.user("drwu").full_name = decomposed
    practice.session.commit()

    content = exported(terminal)

    assert content["clinics"]["Médica"]["chairs"] == ["Médica"]
    assert content["treatments"]["revision"]["name"] == content["doctors"]["drwu"]["full_name"] == "Médica"
    assert content["clinics"][LIMA]["closures"][0]["reason"] == decomposed


def test_a_value_that_a_file_may_not_hold_is_shown_by_the_plan(terminal: Terminal, practice: Practice) -> None:
    clinic = next(row for row in practice.rows(Clinic) if row.name == LIMA)
    clinic.time_zone = "localtime"
    practice.session.commit()
    file = terminal.folder / "exported.yaml"
    file.write_text(terminal.run("practice", "export").stdout)
    plan = terminal.run("practice", "plan", str(file))
    assert plan.exit_code == Exit.REFUSED
    assert f"clinics.{LIMA}.time_zone" in plan.stderr


WEEK = [
    {"weekday": 2, "start": "08:00", "end": "12:00", "valid_from": None, "valid_to": None},
    {"weekday": 2, "start": "13:00", "end": "24:00", "valid_from": "2030-01-01", "valid_to": "2030-01-31"},
    {"weekday": 2, "start": "13:30", "end": "17:00", "valid_from": "2030-02-01", "valid_to": None},
    {"weekday": 5, "start": "22:00", "end": "06:00", "valid_from": None, "valid_to": None},
]


def test_what_the_api_has_written_is_exported(terminal: Terminal, client: ApiClient) -> None:
    desk = Desk(client, terminal.practice)
    drjay = f"/doctors/{desk.id_of('drjay')}"
    day = {"hours": [{"start": "10:00", "end": "11:00"}]}
    contact = {"email": "O'Brien+jay@example.org", "phone": "0511"}
    assert client.call("drjay", "PATCH", "/me", contact).status == 200
    assert client.call("drjay", "PUT", f"{drjay}/working-hours", {"hours": WEEK}).status == 200
    without = exported(terminal)
    assert client.call("rita", "PUT", f"{drjay}/exceptions/2030-01-09", day).status == 200
    away = {"starts_at": "2030-03-01T13:00:00Z", "ends_at": "2030-03-02T13:00:00Z", "reason": "Holiday"}
    assert client.post("drjay", f"{drjay}/time-off", away).status == 201
    assert client.post("rita", "/users", {"user_name": "newpat", "full_name": "New Patient"}).status == 201

    content = exported(terminal)

    assert content == without  # exceptions, time off and patients are no part of the file
    shown = content["doctors"]["drjay"]
    assert {name: shown[name] for name in contact} == contact
    assert shown["hours"] == [
        {"weekdays": [2], "start": "08:00", "end": "12:00"},
        {"weekdays": [2], "start": "13:00", "end": "24:00", "valid_from": "2030-01-01", "valid_to": "2030-01-31"},
        {"weekdays": [2], "start": "13:30", "end": "17:00", "valid_from": "2030-02-01"},
        {"weekdays": [5], "start": "22:00", "end": "06:00"},
    ]


def test_as_many_hours_as_the_api_takes_fit_into_the_file(terminal: Terminal, client: ApiClient) -> None:
    desk = Desk(client, terminal.practice)
    week = [
        {
            "weekday": number % 7 + 1,
            "start": "08:00",
            "end": "12:00",
            "valid_from": f"{year}-01-01",
            "valid_to": f"{year}-12-31",
        }
        for number, year in enumerate(range(2000, 2200))
    ]
    path = f"/doctors/{desk.id_of('drjay')}/working-hours"
    assert client.call("drjay", "PUT", path, {"hours": week}).status == 200
    assert len(exported(terminal)["doctors"]["drjay"]["hours"]) == 200


@pytest.mark.parametrize("kind", ["doctor", "receptionist"])
def test_who_was_made_by_users_commands_is_exported(terminal: Terminal, kind: str) -> None:
    terminal.done("users", "create", "new.person", "--type", kind, "--name", "Ñusta", "--clinic", LIMA)
    terminal.done("users", "deactivate", "new.person")
    assert exported(terminal)[f"{kind}s"]["new.person"]["active"] is False


def test_patients_are_not_exported(terminal: Terminal, practice: Practice) -> None:
    patients = {row.user_name for row in practice.rows(User) if row.user_type == "PATIENT"}
    content = exported(terminal)
    assert patients
    assert not patients & {*content["doctors"], *content["receptionists"]}


def test_an_export_makes_the_demo_practice_again(terminal: Terminal, practice: Practice, database_url: URL) -> None:
    """By the program itself, whose output is UTF-8 whatever the encoding of the machine."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONIOENCODING": "latin-1",
        "DATABASE_URL": database_url.render_as_string(hide_password=False),
        "DATABASE_TLS": "off",
    }
    command = [sys.executable, "-m", "lambda_function", "practice"]
    run = subprocess.run([*command, "export"], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (Exit.DONE, b"")
    assert "Rosa Muñoz" in run.stdout.decode()
    file = terminal.folder / "practice.yaml"
    file.write_bytes(run.stdout)
    plan = subprocess.run([*command, "plan", str(file)], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert (plan.returncode, plan.stdout) == (Exit.DONE, b"No difference.\n")


def test_a_database_that_is_away_is_a_refusal() -> None:
    url = "mysql+pymysql://nobody:S3cret@127.0.0.1:1/nothing"
    run = cli_here("practice", "export", "--json", DATABASE_URL=url, DATABASE_TLS="off")
    assert (run.exit_code, json.loads(run.stdout)["error"]["code"]) == (Exit.REFUSED, "unavailable")
    assert cli_here("practice", "export", DATABASE_URL=url, DATABASE_TLS="off").stdout == ""


@pytest.mark.parametrize("arguments", [("practice.yaml",), ("--fast",)])
def test_an_export_takes_no_arguments(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    assert terminal.run("practice", "export", *arguments).exit_code == Exit.USAGE
