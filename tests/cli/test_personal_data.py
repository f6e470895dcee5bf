"""A copy of everything that is known about a person, and the erasure of a patient."""

import json
from typing import Any

import pytest

from lambda_function.cli.command import Exit
from lambda_function.db.base import Base
from lambda_function.db.models import (
    Appointment,
    AppointmentEvent,
    ClinicPatient,
    IdempotencyKey,
    OutboxMessage,
    User,
    WaitlistEntry,
)
from lambda_function.db.repositories import personal_data
from lambda_function.domain.appointment import Status
from tests.api.desk import Desk, at, instant
from tests.api_client import ApiClient
from tests.cli.terminal import FailingOnce, Pool, Terminal
from tests.clock import NOW, Clock
from tests.factories import Practice, sub_of
from tests.traces import everywhere

PERSON = {
    "user_name": "zoe.quinn",
    "full_name": "Zoë Quiñones",
    "email": "zoe.q@example.org",
    "phone": "+51 987 654 321",
}
WORDS = ("Wheelchair at the door", "Allergic to latex", "Grandmother fell ill", "Came running")
TRACES = (*PERSON.values(), sub_of("zoe.quinn"), *WORDS)


@pytest.fixture
def desk(client: ApiClient, terminal: Terminal, clock: Clock) -> Desk:
    """The demo practice with a patient who has left traces everywhere."""
    desk = Desk(client, terminal.practice)
    made = desk.client.post("rita", "/users", PERSON, headers={"Idempotency-Key": "by-rita"})
    assert made.status == 201, made.text
    terminal.practice.user(PERSON["user_name"]).cognito_sub = sub_of(PERSON["user_name"])
    terminal.practice.session.commit()
    zoe = PERSON["user_name"]
    keyed = {"Idempotency-Key": "one"}
    visit = desk.visit(at("15:00"), patient=zoe, patient_note=WORDS[0])
    first = desk.client.post(zoe, "/appointments", visit, headers=keyed).json["appointment_id"]
    desk.client.call("rita", "PATCH", f"/appointments/{first}", {"internal_note": WORDS[1]})
    desk.client.post("rita", f"/appointments/{first}/cancel", {"reason": WORDS[2]}, headers=keyed)
    desk.booked("rita", at("23:00"), patient=zoe, override_reason=WORDS[3])
    desk.booked("rita", at("15:30"), patient="kim", patient_note="Kim's own words")
    waits = desk.client.post(zoe, "/waitlist", _wish(), headers={"Idempotency-Key": "two"})
    assert waits.status == 201, waits.text
    assert desk.client.post(zoe, "/me/calendar-token").status == 201
    clock.advance(days=2)
    return desk


def erased(terminal: Terminal) -> Any:
    return terminal.done("erase-person", PERSON["user_name"], "--yes")


def test_before_the_traces_are_everywhere(terminal: Terminal, desk: Desk) -> None:
    """Without this, the next test would prove nothing."""
    found = everywhere(terminal.practice.url, TRACES)
    assert {word for _, _, word in found} == set(TRACES)
    assert {table for table, _, _ in found} == {"user", "appointment", "appointment_event", "idempotency_key"}


def test_of_an_erased_patient_no_table_knows_anything(terminal: Terminal, desk: Desk) -> None:
    erased(terminal)
    assert everywhere(terminal.practice.url, TRACES) == set()


def test_the_visits_stay_without_words(terminal: Terminal, desk: Desk) -> None:
    before = [row for row in terminal.practice.rows(Appointment) if row.patient_id != desk.id_of("kim")]
    facts = [(row.appointment_id, row.patient_id, row.doctor_id, row.treatment_id, row.starts_at) for row in before]
    statuses = [row.status for row in before]
    versions = {row.appointment_id: row.version for row in before}

    user_id = erased(terminal)["user_id"]

    after = [row for row in terminal.practice.rows(Appointment) if row.patient_id == user_id]
    assert facts == [
        (row.appointment_id, row.patient_id, row.doctor_id, row.treatment_id, row.starts_at) for row in after
    ]
    assert [row.status for row in after] == statuses == [Status.CANCELLED, Status.BOOKED]
    assert all(row.version == versions[row.appointment_id] + 1 for row in after)
    shown = desk.client.get("rita", f"/appointments/{after[0].appointment_id}").json
    assert shown["patient"] == {"user_id": user_id, "full_name": f"erased:{user_id}"}
    history = desk.client.get("rita", f"/appointments/{after[0].appointment_id}/history").json["items"]
    assert [event["action"] for event in history] == ["BOOK", "NOTE", "CANCEL"]
    assert {(event["reason"], str(event["changes"])) for event in history} == {(None, "{}")}


def test_others_keep_what_is_theirs(terminal: Terminal, desk: Desk) -> None:
    mine = desk.client.post("kim", "/waitlist", _wish(), headers={"Idempotency-Key": "mine"}).json["waitlist_id"]
    erased(terminal)
    assert [row.patient_note for row in terminal.practice.rows(Appointment) if row.patient_id == desk.id_of("kim")] == [
        "Kim's own words"
    ]
    assert [row.user_id for row in terminal.practice.rows(IdempotencyKey)] == [desk.id_of("kim")]
    assert [row.waitlist_id for row in terminal.practice.rows(WaitlistEntry)] == [mine]
    assert len([row for row in terminal.practice.rows(ClinicPatient) if row.patient_id == desk.id_of("kim")]) == 2
    assert terminal.done("check")["ok"]


def _wish() -> dict[str, Any]:
    return {"treatment_id": 1, "from": at("13:00", "2030-02-05"), "to": at("18:00", "2030-02-05")}


def test_the_name_is_free_again_and_the_person_a_stranger(terminal: Terminal, desk: Desk) -> None:
    user_id = erased(terminal)["user_id"]
    assert desk.client.get(PERSON["user_name"], "/me").status == 403
    assert terminal.refused("erase-person", PERSON["user_name"], "--yes")["code"] == "not_found"
    again = desk.client.post("rita", "/users", PERSON)
    assert (again.status, again.json["user_id"] == user_id) == (201, False)


def test_visits_ahead_are_cancelled_only_when_told(terminal: Terminal, desk: Desk) -> None:
    ahead = desk.booked("rita", at("15:00", "2030-01-10"), patient=PERSON["user_name"])["appointment_id"]
    error = terminal.refused("erase-person", PERSON["user_name"], "--yes")
    assert (error["code"], error["appointment_ids"]) == ("has_bookings", [ahead])
    assert terminal.practice.user(PERSON["user_name"]).active

    terminal.done("erase-person", PERSON["user_name"], "--yes", "--cancel-visits")
    (visit,) = [row for row in terminal.practice.rows(Appointment) if row.appointment_id == ahead]
    assert (visit.status, visit.cancel_reason) == (Status.CANCELLED, None)
    assert everywhere(terminal.practice.url, TRACES) == set()


@pytest.mark.parametrize("user_name", ["drjay", "rita"])
def test_staff_stay_on_the_record(terminal: Terminal, user_name: str) -> None:
    assert terminal.refused("erase-person", user_name, "--yes")["code"] == "forbidden"
    assert terminal.practice.user(user_name).active


def test_a_patient_who_was_a_doctor_stays_on_the_record_too(terminal: Terminal) -> None:
    terminal.done("users", "set-type", "drjay", "patient")
    assert terminal.refused("erase-person", "drjay", "--yes")["code"] == "forbidden"


@pytest.mark.parametrize(("typed", "code"), [("y\n", Exit.DONE), ("n\n", Exit.REFUSED), ("", Exit.REFUSED)])
def test_it_asks_first(terminal: Terminal, typed: str, code: Exit) -> None:
    result = terminal.run("erase-person", "kim", stdin=typed)
    assert result.exit_code == code
    assert "Erase this person?" in result.stderr
    assert ("kim" in terminal.practice.ids) is (code is not Exit.DONE)


@pytest.fixture
def signed_up(terminal: Terminal, pool: Pool) -> Practice:
    """Gives kim an account with another name."""
    terminal.practice.user("kim").cognito_sub = pool.add("kimberly", "kim@example.org")
    terminal.practice.session.commit()
    return terminal.practice


def test_the_account_goes_too(with_pool: Terminal, pool: Pool, signed_up: Practice) -> None:
    assert with_pool.done("erase-person", "kim", "--yes")["account"] == "deleted"
    assert pool.user_names == set()


def test_a_pool_that_is_away_leaves_a_name_to_try_again_with(
    terminal: Terminal, pool: Pool, signed_up: Practice
) -> None:
    terminal.accounts = FailingOnce(pool, "delete")
    assert terminal.refused("erase-person", "kim", "--yes")["code"] == "unavailable"
    assert (terminal.practice.user("kim").active, pool.user_names) == (False, {"kimberly"})

    assert terminal.done("erase-person", "kim", "--yes")["account"] == "deleted"
    assert ("kim" in terminal.practice.ids, pool.user_names) == (False, set())


def test_a_copy_holds_all_that_is_known(terminal: Terminal, desk: Desk) -> None:
    copy = terminal.done("export-person", PERSON["user_name"])
    assert {name: copy["user"][0][name] for name in PERSON} == PERSON
    assert [visit["internal_note"] for visit in copy["appointments"]] == [WORDS[1], None]
    assert [row["action"] for row in copy["events"]] == ["BOOK", "NOTE", "CANCEL", "BOOK"]
    assert [row["clinic_id"] for row in copy["patient_of_clinics"]] == [1]
    assert [row["status"] for row in copy["waitlist"]] == ["WAITING"]
    assert (len(copy["calendar_token"]), len(copy["kept_answers"])) == (1, 2)
    assert [row["detail"]["action"] for row in copy["messages"]] == ["BOOK", "NOTE", "CANCEL", "BOOK"]
    told = json.dumps(copy, ensure_ascii=False)
    assert all(word in told for word in TRACES)
    assert "_hash" not in told
    assert "Kim" not in told


def test_a_copy_holds_the_messages_about_what_the_person_was_offered(terminal: Terminal, desk: Desk) -> None:
    zoe = terminal.practice.ids[PERSON["user_name"]]
    mine = next(row.waitlist_id for row in terminal.practice.rows(WaitlistEntry) if row.patient_id == zoe)
    for waitlist_id in (mine, mine + 1):
        detail = {"waitlist_id": waitlist_id, "clinic_id": 1}
        terminal.practice.add(OutboxMessage(kind="waitlist.offered", detail=detail, created_at=NOW))

    copy = terminal.done("export-person", PERSON["user_name"])

    offers = [row["detail"]["waitlist_id"] for row in copy["messages"] if row["kind"] == "waitlist.offered"]
    assert (len(copy["messages"]), offers) == (5, [mine])


def test_a_copy_can_be_read_without_knowing_ids(terminal: Terminal, desk: Desk) -> None:
    clinic_id = terminal.practice.add_clinic("Broken", "localtime").clinic_id
    zoe = terminal.practice.ids[PERSON["user_name"]]
    terminal.practice.add_appointment(instant("20:00"), clinic_id=clinic_id, patient_id=zoe)
    copy = terminal.done("export-person", PERSON["user_name"])

    first, second, unknown = copy["appointments"]
    names = ("clinic_name", "doctor_name", "treatment_name", "local_starts_at", "local_ends_at")
    assert [first[name] for name in names] == [
        *("Lima Centro", "Jay Quispe", "Check-up"),
        *("2030-01-08T10:00:00", "2030-01-08T10:30:00"),
    ]
    assert (second["receptionist_name"], second["local_starts_at"]) == ("Rita Flores", "2030-01-08T18:00:00")
    assert "receptionist_name" not in first
    assert unknown["clinic_name"] == "Broken"
    assert "local_starts_at" not in unknown
    assert [row["clinic_name"] for row in copy["patient_of_clinics"]] == ["Lima Centro"]
    [wish] = copy["waitlist"]
    assert wish["treatment_name"]
    assert "patient_name" not in json.dumps(copy)


def test_a_doctors_copy_has_local_times_of_their_clinic(terminal: Terminal, desk: Desk) -> None:
    leave = {"starts_at": at("15:00", "2030-02-01"), "ends_at": at("18:00", "2030-02-01"), "reason": "Holiday"}
    made = desk.client.post("drsol", "/doctors/me/time-off", leave)
    assert made.status == 201, made.text
    copy = terminal.done("export-person", "drsol")
    [row] = copy["time_off"]
    assert (row["doctor_name"], row["local_starts_at"]) == (copy["user"][0]["full_name"], "2030-02-01T12:00:00")
    assert [row["clinic_name"] for row in copy["doctor"]] == ["Santiago Norte"]


def test_a_copy_for_staff_holds_nothing_of_their_patients(terminal: Terminal, desk: Desk) -> None:
    copy = terminal.done("export-person", "rita")
    assert len(copy["appointments_as_staff"]) == 2
    assert {row["action"] for row in copy["events_as_staff"]} == {"BOOK", "NOTE", "CANCEL"}
    told = json.dumps({name: rows for name, rows in copy.items() if name != "kept_answers"}, ensure_ascii=False)
    assert not [word for word in TRACES if word in told]


def test_nobody_is_a_refusal(terminal: Terminal) -> None:
    assert terminal.refused("export-person", "nobody")["code"] == "not_found"


def test_every_table_that_names_a_person_is_in_the_copy() -> None:
    """A new column that refers to a user must be added to the copy. Only `person_word` is left out: its words are made
    of the row of `user`, which is in the copy.
    """
    people = {"user", "patient", "doctor", "receptionist"}
    referring = {
        table.name
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name in people
    }
    told = {columns[0].class_.__tablename__ for columns, _ in personal_data._sections(1).values()}
    assert referring - {"person_word"} <= told


def test_every_user_has_a_name_afterwards(terminal: Terminal, desk: Desk) -> None:
    erased(terminal)
    assert all(row.user_name and row.full_name for row in terminal.practice.rows(User))
    assert {row.at.tzinfo is not None for row in terminal.practice.rows(AppointmentEvent)} == {True}
