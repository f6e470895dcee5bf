"""What a guardian does for a dependant, in the dependant's place, and what nobody does through a guardian."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from lambda_function.db.models import Appointment, ClinicPatient, Guardian, User, WaitlistEntry
from lambda_function.domain.actor import Role
from lambda_function.domain.waitlist import MAX_OPEN_WISHES
from tests.api.conditions import set_clinic
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api.fhir.client import FhirClient
from tests.api.waiting import Waitlist, free
from tests.clock import NOW, Clock

KEY = {"Idempotency-Key": "key"}


@pytest.fixture
def family(desk: Desk) -> Desk:
    """Makes mother the guardian of ben and of pat. Neither she nor ben is a patient of a clinic yet."""
    desk.practice.add_patient("mother", full_name="Marta Rojas")
    desk.practice.add_patient("ben", full_name="Ben Rojas", email="ben@example.org", birth_date=date(2020, 5, 17))
    for name in ("ben", "pat"):
        desk.practice.add_guardian("mother", name)
    return desk


@pytest.fixture
def fhir(family: Desk) -> FhirClient:
    return FhirClient(family)


def removed(desk: Desk) -> None:
    """Ends by a reception's request that mother acts for pat. It is a reception of both."""
    desk.practice.add(ClinicPatient(clinic_id=1, patient_id=desk.id_of("mother"), created_at=NOW))
    path = f"/users/{desk.id_of('pat')}/guardians/{desk.id_of('mother')}"
    assert desk.client.call("rita", "DELETE", path).status == 204


def visits(desk: Desk, user_name: str, **query: Any) -> list[tuple[str, str]]:
    """Returns (patient, start) of each visit in the list."""
    answer = desk.client.get(user_name, "/appointments", **query)
    assert answer.status == 200, answer.text
    return [(item["patient"]["full_name"], item["starts_at"]) for item in answer.json["items"]]


def test_the_profile_names_the_dependants(family: Desk) -> None:
    expected = [
        {"user_id": family.id_of("pat"), "full_name": "Pat Rojas"},
        {"user_id": family.id_of("ben"), "full_name": "Ben Rojas"},
    ]
    assert family.client.get("mother", "/me").json["dependants"] == expected
    changed = family.client.call("mother", "PATCH", "/me", {"phone": "+51 9999"})
    assert (changed.status, changed.json["dependants"]) == (200, expected)
    for user_name in ("ben", "pat", "drjay", "rita"):
        assert family.client.get(user_name, "/me").json["dependants"] == []


def test_a_guardian_books_for_a_dependant_who_becomes_a_patient_of_the_clinic(family: Desk) -> None:
    booked = family.booked("mother", at("15:00"), patient="ben")

    assert booked["patient"] == {"user_id": family.id_of("ben"), "full_name": "Ben Rojas"}
    members = {(row.clinic_id, row.patient_id) for row in family.practice.rows(ClinicPatient)}
    assert (1, family.id_of("ben")) in members
    assert (1, family.id_of("mother")) not in members


def test_who_names_nobody_books_for_themselves(family: Desk) -> None:
    body = family.visit(at("15:00"))
    del body["patient_id"]

    answer = family.client.post("mother", "/appointments", body)
    assert answer.json["patient"]["user_id"] == family.id_of("mother")


def test_the_list_holds_all_in_the_order_of_time_and_can_be_narrowed(family: Desk) -> None:
    for time, name in (("17:00", "ben"), ("15:00", "pat"), ("16:00", "mother"), ("18:00", "kim")):
        family.booked("rita" if name == "kim" else "mother" if name != "pat" else "pat", at(time), patient=name)

    mine = [("Pat Rojas", at("15:00")), ("Marta Rojas", at("16:00")), ("Ben Rojas", at("17:00"))]
    assert visits(family, "mother") == mine
    assert visits(family, "mother", patient_id=family.id_of("ben")) == [mine[2]]
    assert visits(family, "mother", patient_id="me") == [mine[1]]
    assert visits(family, "mother", doctor_id=family.id_of("drjay"), clinic_id=1) == mine
    expect_problem(
        family.client.get("mother", "/appointments", patient_id=family.id_of("kim")), 422, "validation_error"
    )


@pytest.mark.parametrize("query", [{}, {"status": "BOOKED"}, {"clinic_id": 1}, {"from": at("00:00")}], ids=str)
def test_pages_hold_each_visit_once(family: Desk, query: dict[str, Any]) -> None:
    names = ["ben", "pat", "mother"]
    for number in range(9):
        patient_id = family.id_of(names[number % 3])
        family.practice.add_appointment(NOW + timedelta(days=2, hours=number // 2), patient_id=patient_id)
    seen, cursor = [], None
    while True:
        more: dict[str, str] = {} if cursor is None else {"cursor": cursor}
        page = family.client.get("mother", "/appointments", limit=2, **query, **more).json
        seen += [(item["starts_at"], item["appointment_id"]) for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert len(seen) == 9
    assert seen == sorted(set(seen))


def test_a_guardian_reads_moves_notes_and_cancels(family: Desk) -> None:
    booked = family.booked("rita", at("15:00", "2030-01-21"))["appointment_id"]
    path = f"/appointments/{booked}"

    assert family.client.get("mother", path).json["patient"]["user_id"] == family.id_of("pat")
    moved = family.client.call("mother", "PATCH", path, {"starts_at": at("16:00", "2030-01-21")})
    assert (moved.status, moved.json["starts_at"]) == (200, at("16:00", "2030-01-21"))
    assert family.client.call("mother", "PATCH", path, {"patient_note": "Nut allergy"}).status == 200
    assert family.client.call("mother", "PATCH", path, {"internal_note": "No"}).status == 403
    assert family.cancel("mother", booked).status == 200
    history = family.client.get("mother", f"{path}/history").json["items"]
    assert [(item["action"], item["actor"]["user_name"]) for item in history[1:]] == [
        ("MOVE", "mother"),
        ("NOTE", "mother"),
        ("CANCEL", "mother"),
    ]


def test_patients_rules_hold_for_guardians(family: Desk) -> None:
    request = family.booked("mother", at("15:00"), patient="ben", treatment=3)
    assert request["status"] == "REQUESTED"
    expect_problem(family.cancel("mother", family.booked("rita", at("13:00"))["appointment_id"]), 422, "past_cutoff")
    expect_problem(family.book("mother", at("15:10"), patient="ben"), 422, "off_grid")


def test_the_limit_of_open_visits_is_each_patients_own(family: Desk) -> None:
    set_clinic(family.practice, max_open_visits=1)
    family.booked("mother", at("15:00"), patient="ben")

    expect_problem(family.book("mother", at("16:00"), patient="ben"), 409, "too_many_open_visits")
    assert family.book("mother", at("16:00"), patient="pat").status == 201
    assert family.book("mother", at("17:00"), patient="mother").status == 201


def test_the_limit_of_wishes_is_each_patients_own(family: Desk) -> None:
    waitlist = Waitlist(family)
    for number in range(MAX_OPEN_WISHES):
        day = f"2030-02-{10 + number}"
        waitlist.join("mother", patient_id=family.id_of("ben"), **{"from": at("13:00", day), "to": at("23:00", day)})

    assert waitlist.ask("mother", patient_id=family.id_of("ben")).code == "too_many_waiting"
    assert waitlist.ask("mother", patient_id=family.id_of("pat")).status == 201
    assert waitlist.ask("mother").status == 201


def test_free_times_are_those_at_which_the_dependant_is_free(family: Desk) -> None:
    family.booked("mother", at("15:00"), patient="ben", doctor="drwu")
    query = {"treatment_id": 1, "doctor_id": family.id_of("drjay"), "from": at("15:00"), "to": at("15:01")}

    def starts(**more: Any) -> list[str]:
        answer = family.client.get("mother", "/availability", **query, **more)
        assert answer.status == 200, answer.text
        return [item["starts_at"] for item in answer.json["items"]]

    assert starts() == starts(patient_id=family.id_of("pat")) == [at("15:00")]
    assert starts(patient_id=family.id_of("ben")) == []
    answer = family.client.get("mother", "/availability", **query, patient_id=family.id_of("kim"))
    expect_problem(answer, 422, "validation_error", "patient_id")


def test_a_guardian_waits_for_a_dependant_and_accepts_the_offer(family: Desk) -> None:
    waitlist = Waitlist(family)
    busy = family.booked("rita", at("15:00"), patient="kim")
    wish = waitlist.join("mother", patient_id=family.id_of("ben"))
    free(waitlist, busy)

    [entry] = waitlist.entries("mother")
    assert (entry["patient_id"], entry["status"]) == (family.id_of("ben"), "OFFERED")
    accepted = waitlist.accept("mother", wish)
    assert (accepted.status, accepted.json["patient"]["user_id"]) == (201, family.id_of("ben"))
    assert waitlist.status("ben") == "ACCEPTED"


def test_the_waitlist_can_be_narrowed_to_a_patient(family: Desk) -> None:
    waitlist = Waitlist(family)
    for name in ("ben", "pat", "mother"):
        waitlist.join("mother", patient_id=family.id_of(name))

    def patients(user_name: str, patient_id: Any) -> list[int]:
        answer = family.client.get(user_name, "/waitlist", patient_id=patient_id)
        assert answer.status == 200, answer.text
        return [item["patient_id"] for item in answer.json["items"]]

    assert len(waitlist.entries("mother")) == 3
    assert patients("mother", family.id_of("ben")) == [family.id_of("ben")]
    assert patients("mother", "me") == [family.id_of("mother")]
    assert patients("rita", family.id_of("pat")) == [family.id_of("pat")]
    assert patients("rita", family.id_of("kim")) == []
    expect_problem(family.client.get("mother", "/waitlist", patient_id=family.id_of("kim")), 422, "validation_error")


def test_a_guardian_withdraws_a_wish(family: Desk) -> None:
    waitlist = Waitlist(family)
    wish = waitlist.join("ben")

    assert waitlist.withdraw("mother", wish).status == 204
    assert waitlist.status("ben") == "WITHDRAWN"


def test_a_guardian_sees_a_dependants_profile_and_does_not_change_it(family: Desk) -> None:
    ben = family.id_of("ben")

    assert family.client.get("mother", f"/users/{ben}").json["email"] == "ben@example.org"
    found = family.client.get("mother", "/users", q="ben@example.org").json["items"]
    assert [(item["user_id"], item["email"]) for item in found] == [(ben, "ben@example.org")]
    expect_problem(family.client.call("mother", "PATCH", f"/users/{ben}", {"phone": "+51 1234"}), 403, "forbidden")


def test_a_guardian_acts_in_fhir_too(fhir: FhirClient) -> None:
    booked = fhir.booked("mother", at("15:00", "2030-01-21"), patient="ben")
    ben = fhir.desk.id_of("ben")

    found = fhir.get("mother", "Appointment", patient=f"Patient/{ben}").json["entry"]
    assert [entry["resource"]["id"] for entry in found] == [booked["id"]]
    patients = fhir.get("mother", "Patient").json["entry"]
    assert {entry["resource"]["id"] for entry in patients} == {
        str(fhir.desk.id_of(name)) for name in ("mother", "ben", "pat")
    }
    assert fhir.get("mother", f"Patient/{ben}").json["telecom"]
    assert fhir.cancel("mother", booked["id"]).status == 200


def test_the_first_versions_list_holds_the_visits_of_dependants(family: Desk) -> None:
    family.booked("mother", at("15:00"), patient="ben")

    assert [row["patient"] for row in family.client.get("mother", "/appointment").json] == ["ben"]


def test_dependants_see_nothing_of_each_other_and_of_their_guardian(family: Desk) -> None:
    mine = {
        name: family.booked("mother", at(time), patient=name) for name, time in (("mother", "15:00"), ("pat", "16:00"))
    }

    assert visits(family, "ben") == []
    for booked in mine.values():
        expect_problem(family.client.get("ben", f"/appointments/{booked['appointment_id']}"), 404, "not_found")
    for name in mine:
        expect_problem(family.client.get("ben", f"/users/{family.id_of(name)}"), 404, "not_found")
        expect_problem(family.book("ben", at("17:00"), patient=name), 422, "validation_error", "patient_id")


def test_guardians_of_one_child_see_nothing_of_each_other(family: Desk) -> None:
    family.practice.add_patient("father")
    family.practice.add_guardian("father", "ben")
    family.booked("mother", at("15:00"), patient="mother")
    family.booked("mother", at("16:00"), patient="pat")
    family.booked("mother", at("17:00"), patient="ben")

    assert visits(family, "father") == [("Ben Rojas", at("17:00"))]
    for name in ("mother", "pat"):
        expect_problem(family.client.get("father", f"/users/{family.id_of(name)}"), 404, "not_found")


def _end(desk: Desk, name: str) -> Callable[[], None]:
    """Returns a way in which mother ceases to act for pat, by its name."""
    session = desk.practice.session

    def set_user(user_name: str, **columns: Any) -> None:
        session.execute(update(User).where(User.user_name == user_name).values(**columns))
        session.commit()

    def at_eighteen() -> None:
        session.execute(update(Guardian).values(ends_on=NOW.date()))
        session.commit()

    return {
        "removed": lambda: removed(desk),
        "at eighteen": at_eighteen,
        "dependant deactivated": lambda: set_user("pat", active=False),
        "dependant erased": lambda: set_user("pat", active=False, erased_at=NOW),
        "dependant merged": lambda: set_user("pat", active=False, merged_into=desk.id_of("kim")),
        "dependant among the staff": lambda: set_user("pat", user_type=Role.RECEPTIONIST),
    }[name]


WAYS = [
    "removed",
    "at eighteen",
    "dependant deactivated",
    "dependant erased",
    "dependant merged",
    "dependant among the staff",
]


@pytest.mark.parametrize("way", WAYS)
def test_when_it_is_over_nothing_works_any_more(family: Desk, fhir: FhirClient, way: str) -> None:
    booked = family.booked("mother", at("15:00", "2030-01-21"))["appointment_id"]
    wish = Waitlist(family).join("mother", patient_id=family.id_of("pat"))
    _end(family, way)()
    client, pat = family.client, family.id_of("pat")

    assert [item["user_id"] for item in client.get("mother", "/me").json["dependants"]] in ([], [family.id_of("ben")])
    assert visits(family, "mother") == []
    assert Waitlist(family).entries("mother") == []
    move = {"starts_at": at("16:00", "2030-01-21")}
    for answer in (
        client.get("mother", f"/appointments/{booked}"),
        client.get("mother", f"/appointments/{booked}/history"),
        client.call("mother", "PATCH", f"/appointments/{booked}", move),
        client.call("mother", "PATCH", f"/appointments/{booked}", {"patient_note": "Test"}),
        family.cancel("mother", booked),
        client.get("mother", f"/users/{pat}"),
        client.call("mother", "DELETE", f"/waitlist/{wish}"),
        client.post("mother", f"/waitlist/{wish}/accept"),
        fhir.get("mother", f"Appointment/{booked}"),
        fhir.get("mother", f"Patient/{pat}"),
        fhir.cancel("mother", str(booked)),
    ):
        assert (answer.status, answer.code) == (404, "not_found"), answer.text
    for answer in (
        family.book("mother", at("17:00")),
        Waitlist(family).ask("mother", patient_id=pat),
        client.get("mother", "/appointments", patient_id=pat),
        client.get("mother", "/waitlist", patient_id=pat),
        fhir.book("mother", at("17:00")),
        fhir.get("mother", "Appointment", patient=f"Patient/{pat}"),
    ):
        assert (answer.status, answer.code) == (422, "validation_error"), answer.text


@pytest.mark.parametrize("way", ["removed", "at eighteen"])
def test_when_it_is_over_no_answer_is_repeated(family: Desk, way: str) -> None:
    body = family.visit(at("15:00"))
    assert family.client.post("mother", "/appointments", body, headers=KEY).status == 201
    assert family.client.post("mother", "/appointments", body, headers=KEY).headers["Idempotency-Replayed"] == "true"
    _end(family, way)()

    expect_problem(family.client.post("mother", "/appointments", body, headers=KEY), 403, "forbidden")


def test_a_guardian_who_is_deactivated_does_nothing_until_reactivated(family: Desk) -> None:
    family.booked("mother", at("15:00"))
    mother = family.id_of("mother")
    assert family.client.call("rita", "DELETE", f"/users/{mother}").status == 204

    expect_problem(family.client.get("mother", "/appointments"), 403, "forbidden")
    assert family.client.post("rita", f"/users/{mother}/reactivate").status == 200
    assert visits(family, "mother") == [("Pat Rojas", at("15:00"))]


def test_at_eighteen_a_dependant_acts_alone(family: Desk, clock: Clock) -> None:
    family.practice.session.execute(delete(Guardian))
    family.practice.session.commit()
    family.practice.add_guardian("mother", "ben", ends_on=date(2030, 1, 20))
    family.booked("mother", at("15:00", "2030-01-21"), patient="ben")

    clock.now = NOW.replace(day=19, hour=23, minute=59)
    assert visits(family, "mother") == [("Ben Rojas", at("15:00", "2030-01-21"))]
    clock.advance(minutes=1)
    assert visits(family, "mother") == []
    assert visits(family, "ben") == [("Ben Rojas", at("15:00", "2030-01-21"))]


def test_a_visit_stays_when_its_guardian_goes(family: Desk) -> None:
    family.booked("mother", at("15:00"))
    removed(family)

    assert visits(family, "pat") == [("Pat Rojas", at("15:00"))]
    assert len(family.practice.rows(Appointment)) == 1
    assert family.practice.rows(WaitlistEntry) == []
