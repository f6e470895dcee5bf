"""`practice plan` and `practice apply` on the demo practice, over a real database."""

import json
from datetime import timedelta
from typing import Any

import pytest

from dev import demo
from lambda_function.cli.command import Exit
from lambda_function.db.models import (
    Appointment,
    Chair,
    Clinic,
    Closure,
    Country,
    Doctor,
    ReceptionistClinic,
    Treatment,
    User,
)
from lambda_function.domain.appointment import Status
from tests.cli.terminal import Terminal, demo_document
from tests.clock import NOW
from tests.factories import Practice

LIMA, SANTIAGO = "Lima Centro", "Santiago Norte"


def test_the_demo_practice_is_its_file(terminal: Terminal, practice: Practice) -> None:
    practice.add(*(Country(code=code) for code in demo.countries()))
    for action in ("plan", "apply", "plan"):
        result = terminal.run("practice", action, str(demo.FILE))
        assert (result.stdout, result.stderr, result.exit_code) == ("No difference.\n", "", Exit.DONE)


def test_the_demo_practice_has_its_ids(terminal: Terminal, practice: Practice) -> None:
    assert {row.clinic_id: row.name for row in practice.rows(Clinic)} == {1: LIMA, 2: SANTIAGO}
    assert {row.treatment_id: row.code for row in practice.rows(Treatment)} == {
        1: "checkup",
        2: "cleaning",
        3: "implant",
    }


def test_an_empty_file_is_a_practice_left_as_it_is(terminal: Terminal) -> None:
    plan = terminal.plan({})
    assert plan["changes"] == []
    assert {section: sorted(names) for section, names in plan["not_in_file"].items()} == {
        "treatments": ["checkup", "cleaning", "implant"],
        "clinics": [LIMA, SANTIAGO],
        "doctors": ["drjay", "drsol", "drwu"],
        "receptionists": ["rita", "rosa"],
    }


def test_a_changed_file_shows_exactly_the_change(terminal: Terminal) -> None:
    document = demo_document()
    document["clinics"][LIMA]["cutoff_minutes"] = 720
    document["doctors"]["drwu"]["full_name"] = "Mei Wu"
    document["treatments"]["checkup"]["price"] = "42.50"

    assert terminal.changes(document) == {
        "treatment checkup": {"price": ("40.00", "42.50")},
        f"clinic {LIMA}": {"cutoff_minutes": (1440, 720)},
        "doctor drwu": {"full_name": ("Wu Mei", "Mei Wu")},
    }


def test_a_person_reads_what_is_different(terminal: Terminal) -> None:
    document = demo_document()
    document["treatments"]["filling"] = {"name": "Filling", "duration_minutes": 20}
    document["clinics"][SANTIAGO]["chairs"] = ["Chair 1", "Chair 9"]
    document["doctors"]["drwu"]["hours"] = [{"weekdays": [1, 2], "start": "08:00", "end": "17:00"}]
    document["receptionists"]["rosa"]["phone"] = "+56 2 2345"
    document["receptionists"]["rita"]["active"] = False

    result = terminal.practice_file("plan", document)

    assert result.exit_code == Exit.DIFFERENT
    assert result.stdout.splitlines() == [
        "+ treatment filling",
        "    name: Filling",
        "    duration_minutes: 20",
        f"~ clinic {SANTIAGO}",
        "    chairs: - Chair 2, + Chair 9",
        "~ doctor drwu",
        "    hours: - Mon Tue Wed Thu Fri Sat 08:00-18:00, + Mon Tue 08:00-17:00",
        "- receptionist rita",
        "    active: true → false",
        "~ receptionist rosa",
        "    phone: null → +56 2 2345",
        "Plan: 1 to create, 3 to change, 1 to deactivate.",
    ]


def test_a_clinic_changes_its_language_and_a_new_one_writes_english(terminal: Terminal, practice: Practice) -> None:
    document = demo_document()
    document["clinics"][LIMA]["language"] = "es"
    document["clinics"]["Cusco"] = {"country": "PE", "time_zone": "America/Lima"}
    assert terminal.changes(document)[f"clinic {LIMA}"] == {"language": ("en", "es")}
    assert "    language: en → es\n" in terminal.practice_file("plan", document).stdout
    assert terminal.practice_file("apply", document).exit_code == Exit.DONE
    assert {row.name: row.language for row in practice.rows(Clinic)} == {LIMA: "es", SANTIAGO: "en", "Cusco": "en"}


def test_a_plan_changes_nothing(terminal: Terminal, practice: Practice) -> None:
    document = demo_document()
    document["clinics"]["Cusco"] = {"country": "PE", "time_zone": "America/Lima"}
    assert terminal.practice_file("plan", document).exit_code == Exit.DIFFERENT
    assert [row.name for row in practice.rows(Clinic)] == [LIMA, SANTIAGO]


def test_apply_makes_everything_that_a_file_can_say(terminal: Terminal, practice: Practice) -> None:
    document = demo_document()
    document["treatments"]["filling"] = {"name": "Filling", "duration_minutes": 20, "buffer_before_minutes": 5}
    document["clinics"]["Cusco"] = {
        "country": "PE",
        "time_zone": "America/Lima",
        "language": "es",
        "slot_step_minutes": 30,
        "max_open_visits": None,
        "chairs": ["Window", "Door"],
        "closures": [{"first_day": "2030-07-28", "last_day": "2030-07-29", "reason": "Fiestas Patrias"}],
    }
    document["doctors"]["drnew"] = {
        "full_name": "New Doctor",
        "email": "new@example.org",
        "clinic": "Cusco",
        "treatments": ["filling", "checkup"],
        "default_treatment": "filling",
        "hours": [{"weekdays": [7], "start": "22:00", "end": "06:00", "valid_from": "2030-02-01"}],
    }
    document["receptionists"]["rnew"] = {"full_name": "New Desk", "clinics": ["Cusco", LIMA]}

    applied = terminal.practice_file("apply", document, "--json")

    assert applied.exit_code == Exit.DONE
    assert json.loads(applied.stdout)["applied"]
    assert terminal.practice_file("plan", document).stdout == "No difference.\n"
    cusco = next(row for row in practice.rows(Clinic) if row.name == "Cusco")
    assert (cusco.language, cusco.slot_step_minutes, cusco.max_open_visits) == ("es", 30, None)
    assert (cusco.lead_minutes, cusco.active) == (60, True)
    assert {row.name for row in practice.rows(Chair) if row.clinic_id == cusco.clinic_id} == {"Window", "Door"}
    doctor = next(row for row in practice.rows(Doctor) if row.user_id == practice.ids["drnew"])
    filling = next(row for row in practice.rows(Treatment) if row.code == "filling")
    assert (doctor.clinic_id, doctor.default_treatment_id) == (cusco.clinic_id, filling.treatment_id)
    places = {row.clinic_id for row in practice.rows(ReceptionistClinic) if row.receptionist_id == practice.ids["rnew"]}
    assert places == {1, cusco.clinic_id}


def test_what_is_changed_gets_a_new_version_and_what_is_not_keeps_its_own(
    terminal: Terminal, practice: Practice
) -> None:
    document = demo_document()
    document["doctors"]["drwu"]["phone"] = "+51 1 2345"
    terminal.practice_file("apply", document)
    assert {row.user_name: row.version for row in practice.rows(User) if row.version > 1} == {"drwu": 2}


def test_what_a_thing_leaves_out_stays_and_null_removes(terminal: Terminal, practice: Practice) -> None:
    document = demo_document()
    document["doctors"]["drwu"] |= {"phone": "+51 1 2345", "email": "wu@example.org"}
    terminal.practice_file("apply", document)
    document["doctors"]["drwu"] = {"full_name": "Wu Mei", "clinic": LIMA, "email": None}

    assert terminal.changes(document) == {"doctor drwu": {"email": ("wu@example.org", None)}}
    terminal.practice_file("apply", document)
    assert practice.user("drwu").phone == "+51 1 2345"


def test_a_treatment_that_is_dropped_with_its_default_is_no_default(terminal: Terminal, practice: Practice) -> None:
    document = demo_document()
    document["doctors"]["drwu"] |= {"treatments": ["cleaning"], "default_treatment": None}
    assert terminal.practice_file("apply", document).exit_code == Exit.DONE
    assert terminal.plan(document)["changes"] == []


def test_who_comes_back_is_active_again(terminal: Terminal, practice: Practice) -> None:
    document = demo_document()
    document["doctors"]["drsol"]["active"] = False
    terminal.practice_file("apply", document)
    assert not practice.user("drsol").active
    document["doctors"]["drsol"]["active"] = True
    terminal.practice_file("apply", document)
    assert practice.user("drsol").active


def booked(practice: Practice, **columns: Any) -> int:
    """Books a check-up, by default of pat with drjay in chair 1 on the next day."""
    chair_id = min(row.chair_id for row in practice.rows(Chair) if row.clinic_id == 1)
    starts_at = columns.pop("starts_at", NOW.replace(day=8, hour=15))
    appointment_id: int = practice.add_appointment(starts_at, **{"chair_id": chair_id, **columns}).appointment_id
    return appointment_id


TAKEN_AWAY = {
    "doctor": (("doctors", "drjay"), {"active": False}),
    "doctor's clinic": (("doctors", "drjay"), {"clinic": SANTIAGO}),
    "doctor's treatment": (("doctors", "drjay"), {"treatments": ["cleaning"], "default_treatment": None}),
    "treatment": (("treatments", "checkup"), {"active": False}),
    "chair": (("clinics", LIMA), {"chairs": ["Chair 2", "Chair 3"]}),
    "clinic": (("clinics", LIMA), {"active": False}),
    "last receptionist": (("receptionists", "rita"), {"active": False}),
    "last receptionist's place": (("receptionists", "rita"), {"clinics": [SANTIAGO]}),
}


@pytest.mark.parametrize("what", TAKEN_AWAY)
def test_what_an_appointment_ahead_needs_is_not_taken_away(terminal: Terminal, practice: Practice, what: str) -> None:
    (section, name), change = TAKEN_AWAY[what]
    document = demo_document()
    document[section][name] |= change
    appointment_id = booked(practice)

    assert terminal.practice_file("plan", document).exit_code == Exit.REFUSED
    refused = terminal.practice_file("apply", document, "--accept-conflicts", "--json")

    assert refused.exit_code == Exit.REFUSED
    [conflict] = json.loads(refused.stdout)["conflicts"]
    assert (conflict["name"], conflict["appointment_ids"]) == (name, [appointment_id])
    assert f"Appointment id: {appointment_id}." in refused.stderr
    assert terminal.plan(demo_document())["changes"] == []


@pytest.mark.parametrize("what", TAKEN_AWAY)
def test_what_only_past_appointments_had_can_go(terminal: Terminal, practice: Practice, what: str) -> None:
    (section, name), change = TAKEN_AWAY[what]
    document = demo_document()
    document[section][name] |= change
    booked(practice, starts_at=NOW.replace(day=6))
    assert terminal.practice_file("apply", document).exit_code == Exit.DONE


def test_a_receptionist_leaves_colleagues_to_look_after_the_appointments(
    terminal: Terminal, practice: Practice
) -> None:
    document = demo_document()
    document["receptionists"]["rita"]["active"] = False
    document["receptionists"]["rosa"]["clinics"] = [LIMA, SANTIAGO]
    booked(practice, receptionist_id=practice.ids["rita"])
    assert terminal.practice_file("apply", document).exit_code == Exit.DONE


def closed(*days: str) -> Any:
    document = demo_document()
    document["clinics"][LIMA]["closures"] = [{"first_day": day, "last_day": day} for day in days]
    return document


def test_days_are_not_closed_over_appointments_unless_that_is_accepted(terminal: Terminal, practice: Practice) -> None:
    appointment_id = booked(practice)
    booked(practice, starts_at=NOW.replace(day=9, hour=15))

    refused = terminal.practice_file("apply", closed("2030-01-08"))
    assert refused.exit_code == Exit.REFUSED
    named, how = f"Appointment id: {appointment_id}.", "Add --accept-conflicts to apply it anyway."
    assert refused.stdout.splitlines() == [
        f"~ clinic {LIMA}",
        "    closures: + 2030-01-08 to 2030-01-08",
        f"! clinic {LIMA} would be closed on days with appointments. {named} {how}",
        "Plan: 0 to create, 1 to change, 0 to deactivate.",
    ]
    assert refused.stderr == (
        "Error: Appointments ahead need what this file takes away, so nothing was changed. Move or cancel them first. "
        f"Appointment id: {appointment_id}.\n"
    )
    assert not practice.rows(Closure)

    assert terminal.practice_file("apply", closed("2030-01-08"), "--accept-conflicts").exit_code == Exit.DONE
    assert len(practice.rows(Closure)) == 1


def test_accepted_appointments_are_not_asked_for_again(terminal: Terminal, practice: Practice) -> None:
    booked(practice)
    terminal.practice_file("apply", closed("2030-01-08"), "--accept-conflicts")
    document = closed("2030-01-08", "2030-01-20")
    document["clinics"][LIMA]["closures"][0]["reason"] = "Works on the street"
    assert terminal.practice_file("apply", document).exit_code == Exit.DONE


def test_a_closed_day_is_the_clinics_own(terminal: Terminal, practice: Practice) -> None:
    """23:00 of the 8th in Lima is the 9th in UTC."""
    booked(practice, starts_at=NOW.replace(day=9, hour=4))
    assert terminal.practice_file("plan", closed("2030-01-09")).exit_code == Exit.DIFFERENT
    assert terminal.practice_file("plan", closed("2030-01-08")).exit_code == Exit.REFUSED


def test_new_hours_name_the_appointments_that_are_outside_and_leave_them(
    terminal: Terminal, practice: Practice
) -> None:
    appointment_id = booked(practice)  # 10:00 in Lima
    document = demo_document()
    document["doctors"]["drjay"]["hours"] = [{"weekdays": [2], "start": "12:00", "end": "18:00"}]

    planned = terminal.plan(document)
    applied = terminal.practice_file("apply", document, "--json")

    assert planned["outside_appointment_ids"] == {"drjay": [appointment_id]}
    assert json.loads(applied.stdout)["outside_appointment_ids"] == {"drjay": [appointment_id]}
    assert applied.exit_code == Exit.DONE


def test_a_visit_that_was_completed_early_is_not_outside_new_hours(terminal: Terminal, practice: Practice) -> None:
    booked(practice, starts_at=NOW - timedelta(minutes=10), status=Status.COMPLETED)
    document = demo_document()
    document["doctors"]["drjay"]["hours"] = []
    assert terminal.plan(document)["outside_appointment_ids"] == {}


def test_a_zone_changes_and_instants_stay(terminal: Terminal, practice: Practice) -> None:
    appointment_id = booked(practice)
    document = demo_document()
    document["clinics"][LIMA]["time_zone"] = "Asia/Tokyo"

    planned = terminal.plan(document)

    assert planned["zone_moves"] == {LIMA: 1}
    assert terminal.practice_file("plan", document).stdout.splitlines()[2:-1] == [
        f"* doctor drjay has appointments outside the new hours; they stay booked. Appointment id: {appointment_id}.",
        f"* clinic {LIMA} has 1 appointment ahead: nothing is moved, but its clocks show other times for them",
    ]
    assert planned["outside_appointment_ids"] == {"drjay": [appointment_id]}
    assert terminal.practice_file("apply", document).exit_code == Exit.DONE


def test_a_file_corrects_a_zone_that_nobody_knows(terminal: Terminal, practice: Practice) -> None:
    appointment_id = booked(practice)
    clinic = next(row for row in practice.rows(Clinic) if row.name == LIMA)
    clinic.time_zone = "localtime"
    practice.session.commit()
    document = demo_document()
    del document["clinics"][LIMA]
    assert terminal.plan(document)["changes"] == []
    document["doctors"]["drjay"]["hours"] = []
    assert terminal.plan(document)["outside_appointment_ids"] == {}

    document = demo_document()
    day = str(practice.rows(Appointment)[0].starts_at.date())
    document["clinics"][LIMA]["closures"] = [{"first_day": day, "last_day": day}]
    planned = terminal.plan(document)
    assert [conflict["appointment_ids"] for conflict in planned["conflicts"]] == [[appointment_id]]
    assert terminal.practice_file("apply", document, "--accept-conflicts").exit_code == Exit.DONE
    assert [row.time_zone for row in practice.rows(Clinic) if row.name == LIMA] == ["America/Lima"]


DECOMPOSED, COMPOSED = "Miraflores Me\u0301dica", "Miraflores Médica"


@pytest.mark.parametrize("stored", [DECOMPOSED, COMPOSED])
@pytest.mark.parametrize("written", [DECOMPOSED, COMPOSED, f" {DECOMPOSED}\u200b"])
@pytest.mark.parametrize("named", [DECOMPOSED, COMPOSED])
def test_a_name_is_the_same_in_every_form(
    terminal: Terminal, practice: Practice, stored: str, written: str, named: str
) -> None:
    clinic = practice.add_clinic(stored, "America/Lima")
    practice.add(Chair(clinic_id=clinic.clinic_id, name="Silla ma\u0301s alta"))
    policies = {"country": clinic.country, "time_zone": "America/Lima", "chairs": ["Silla más alta"]}
    document = {"clinics": {written: policies}}
    assert terminal.plan(document)["changes"] == []

    people = {"receptionists": {"rosario": {"full_name": "Rosario Nu\u0301n\u0303ez", "clinics": [named]}}}
    assert terminal.practice_file("apply", {**document, **people}).exit_code == Exit.DONE
    assert terminal.plan({**document, **people})["changes"] == []
    [receptionist] = [user for user in practice.rows(User) if user.user_name == "rosario"]
    assert receptionist.full_name == "Rosario Núñez"
    assert [chair.name for chair in practice.rows(Chair) if chair.clinic_id == clinic.clinic_id] == [
        "Silla ma\u0301s alta"
    ]


def test_a_new_clinic_and_its_chairs_are_stored_composed(terminal: Terminal, practice: Practice) -> None:
    clinic = {"country": "PE", "time_zone": "America/Lima", "chairs": ["Silla ma\u0301s alta"]}
    treatment = {"name": "Revisio\u0301n", "duration_minutes": 30}
    document = {"clinics": {DECOMPOSED: clinic}, "treatments": {"revision": treatment}}
    assert terminal.practice_file("apply", document).exit_code == Exit.DONE
    assert COMPOSED in {row.name for row in practice.rows(Clinic)}
    assert "Silla más alta" in {row.name for row in practice.rows(Chair)}
    assert "Revisión" in {row.name for row in practice.rows(Treatment)}
