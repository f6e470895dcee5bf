"""Two rows of one patient become one."""

from datetime import date

import pytest

from lambda_function.db.models import (
    Appointment,
    AppointmentEvent,
    ClinicPatient,
    Country,
    Guardian,
    IdempotencyKey,
    OutboxMessage,
    PatientIdentifier,
    PersonEvent,
    Refusals,
    WaitlistEntry,
)
from lambda_function.domain.identifiers import IdentifierSystem
from lambda_function.domain.waitlist import WaitlistStatus
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api.test_calendar_feed import feed, new_token
from tests.api_client import ApiClient
from tests.cli.terminal import Terminal
from tests.cli.zoe_twice import TRACES, ZOE, add_zoe_twice, agrees, person, wish
from tests.clock import NOW
from tests.factories import sub_of
from tests.traces import everywhere


@pytest.fixture
def desk(client: ApiClient, terminal: Terminal) -> Desk:
    add_zoe_twice(terminal)
    return Desk(client, terminal.practice)


def test_the_account_is_the_other_person_and_sees_all_visits(terminal: Terminal, desk: Desk) -> None:
    source, target = desk.id_of("zoe.quinn"), desk.id_of("zoe2")
    own = desk.booked("zoe.quinn", at("15:00"), patient="zoe.quinn")
    theirs = desk.booked("rita", at("16:00"), patient="zoe2")
    token = new_token(desk, "zoe.quinn")

    document = terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")

    assert document == {
        "source": {"user_id": source, "user_name": "zoe.quinn", "full_name": ZOE["full_name"]},
        "target": {"user_id": target, "user_name": "zoe2", "full_name": "Zoe Q."},
        "visits": 1,
        "visits_ahead": 1,
        "wishes": 0,
        "wishes_ended": 0,
        "recalls": 0,
        "recalls_ended": 0,
        "identifiers": 0,
        "guardians": 0,
        "clinics": 1,
        "fields_filled": ["birth_date", "email", "phone"],
        "fields_different": ["full_name"],
        "account": "moved",
        "merged": True,
    }
    me = desk.client.get("zoe.quinn", "/me").json
    assert (me["user_id"], me["user_name"], me["full_name"]) == (target, "zoe2", "Zoe Q.")
    assert (me["email"], me["phone"]) == (ZOE["email"], ZOE["phone"])
    visits = desk.client.get("zoe.quinn", "/appointments").json["items"]
    assert [visit["appointment_id"] for visit in visits] == [own["appointment_id"], theirs["appointment_id"]]
    assert {visit["patient"]["user_id"] for visit in visits} == {target}
    expect_problem(feed(desk, token), 404, "not_found")
    assert desk.client.get("rita", f"/users/{source}").status == 404
    assert desk.client.get("rita", "/users", q="quinn").json["items"] == []
    found = desk.client.get("rita", "/users", q="zoe.q@example").json["items"]
    assert [item["user_id"] for item in found] == [target]
    history = desk.client.get("rita", f"/appointments/{own['appointment_id']}/history").json["items"]
    assert [(event["action"], event["actor"]["user_name"]) for event in history] == [("BOOK", "zoe2")]
    agrees(terminal)


def test_of_the_one_person_only_a_number_is_left(terminal: Terminal, desk: Desk) -> None:
    source, target = desk.id_of("zoe.quinn"), desk.id_of("zoe2")
    visit = desk.visit(at("15:00"), patient="zoe.quinn", patient_note="Wheelchair")
    desk.client.post("rita", "/appointments", visit, headers={"Idempotency-Key": "by-rita"})
    desk.client.post("zoe.quinn", "/waitlist", wish(), headers={"Idempotency-Key": "own"})
    desk.client.post("rita", "/waitlist", wish(patient_id=target), headers={"Idempotency-Key": "about-zoe2"})
    desk.client.post("zoe.quinn", "/me/calendar-token")
    terminal.practice.add(Refusals(user_id=source, kind="link", day=NOW.date(), count=3))
    desk.client.call("rita", "PATCH", f"/users/{target}", {"email": "other@example.org", "phone": "+51 111 222 333"})

    terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")

    # The account, which is the other person's now, is called after them in the tests.
    assert everywhere(terminal.practice.url, TRACES) == {("user", "cognito_sub", "zoe.quinn")}
    gone = person(terminal, source)
    assert (gone.user_name, gone.active, gone.merged_into, gone.cognito_sub) == (
        f"merged:{source}",
        False,
        target,
        None,
    )
    assert (gone.birth_date, gone.language, gone.erased_at) == (None, None, None)
    assert len(terminal.practice.rows(IdempotencyKey)) == 1
    agrees(terminal)


def test_a_visit_gets_a_new_version_and_nothing_has_happened_to_it(terminal: Terminal, desk: Desk) -> None:
    visit = desk.booked("zoe.quinn", at("15:00"), patient="zoe.quinn")
    before = len(terminal.practice.rows(AppointmentEvent))
    terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")
    [row] = terminal.practice.rows(Appointment)
    assert row.version == visit["version"] + 1
    assert len(terminal.practice.rows(AppointmentEvent)) == before
    stale = desk.client.call(
        "rita",
        "PATCH",
        f"/appointments/{visit['appointment_id']}",
        {"starts_at": at("18:00")},
        headers={"If-Match": '"1"'},
    )
    assert (stale.status, stale.code) == (412, "stale_version")


def test_other_systems_learn_of_the_new_version_and_nobody_is_told(terminal: Terminal, desk: Desk) -> None:
    visit = desk.booked("zoe.quinn", at("15:00"), patient="zoe.quinn")
    desk.booked("rita", at("16:00"), patient="zoe2")

    terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")

    *_, message = terminal.practice.rows(OutboxMessage)
    assert message.kind == "appointment.merged"
    assert message.detail == {
        "appointment_id": visit["appointment_id"],
        "version": 2,
        "action": None,
        "from_status": "BOOKED",
        "to_status": "BOOKED",
        "changed": [],
        "announce": False,
        "country": "PE",
        "clinic_id": 1,
        "doctor_id": desk.id_of("drjay"),
        "starts_at": at("15:00"),
        "at": "2030-01-07T14:00:00Z",
    }
    agrees(terminal)


def test_visits_of_both_are_registered_again_where_the_person_is_insured_now(terminal: Terminal, desk: Desk) -> None:
    practice = terminal.practice
    visits = [
        desk.booked("zoe.quinn", at("15:00"), patient="zoe.quinn")["appointment_id"],
        desk.booked("rita", at("16:00"), patient="zoe2")["appointment_id"],
    ]
    practice.add(Country(code="PE"))
    source = desk.id_of("zoe.quinn")
    practice.add(PatientIdentifier(system=IdentifierSystem.INSURANCE, scope="PE", value="I7", user_id=source))

    terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")

    asked = [row for row in practice.rows(OutboxMessage) if row.kind == "appointment.registration_requested"]
    assert [(row.detail["appointment_id"], row.detail["version"]) for row in asked] == [(visits[0], 2), (visits[1], 1)]
    agrees(terminal)


@pytest.mark.parametrize(("register", "insured"), [("CL", "PE"), ("PE", "CL")])
def test_no_visit_is_registered_again_where_there_is_no_register_or_no_insurance(
    terminal: Terminal, desk: Desk, register: str, insured: str
) -> None:
    desk.booked("zoe.quinn", at("15:00"), patient="zoe.quinn")
    terminal.practice.add(Country(code=register))
    source = desk.id_of("zoe.quinn")
    insurance = PatientIdentifier(system=IdentifierSystem.INSURANCE, scope=insured, value="I7", user_id=source)
    terminal.practice.add(insurance)

    terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")

    assert {row.kind for row in terminal.practice.rows(OutboxMessage)} == {"appointment.booked", "appointment.merged"}


def test_the_history_of_both_says_that_they_were_merged(terminal: Terminal, desk: Desk) -> None:
    source, target = desk.id_of("zoe.quinn"), desk.id_of("zoe2")
    terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")
    merged = [row for row in terminal.practice.rows(PersonEvent) if row.action == "MERGE"]
    assert [(row.user_id, row.actor_id, row.fields) for row in merged] == [
        (source, None, []),
        (target, None, ["account", "birth_date", "email", "phone"]),
    ]


def test_values_of_the_person_who_remains_win(terminal: Terminal, desk: Desk) -> None:
    document = terminal.done("users", "merge", "zoe2", "zoe.quinn", "--yes")
    assert (document["fields_filled"], document["fields_different"]) == (["language"], ["full_name"])
    assert document["account"] == "none"
    row = terminal.practice.user("zoe.quinn")
    assert (row.email, row.birth_date, row.language, row.cognito_sub) == (
        ZOE["email"],
        date(1990, 5, 4),
        "es",
        sub_of("zoe.quinn"),
    )
    agrees(terminal)


@pytest.mark.parametrize("trusted", [True, False])
def test_an_address_is_as_trusted_as_it_was(terminal: Terminal, desk: Desk, *, trusted: bool) -> None:
    terminal.practice.user("zoe.quinn").email_trusted = trusted
    terminal.practice.session.commit()
    terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")
    assert terminal.practice.user("zoe2").email_trusted is trusted


def test_identifiers_and_clinics_move(terminal: Terminal, desk: Desk) -> None:
    source, target = desk.id_of("zoe.quinn"), desk.id_of("zoe2")
    terminal.practice.add(
        PatientIdentifier(system=IdentifierSystem.NATIONAL_ID, scope="PE", value="12345678", user_id=source),
        PatientIdentifier(system=IdentifierSystem.CHART, scope="1", value="A1", user_id=source),
        PatientIdentifier(system=IdentifierSystem.CHART, scope="2", value="A1", user_id=target),
    )
    terminal.done("users", "rebuild-words")
    document = terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")
    assert (document["identifiers"], document["clinics"]) == (2, 1)
    assert {row.user_id for row in terminal.practice.rows(PatientIdentifier)} == {target}
    assert {row.clinic_id for row in terminal.practice.rows(ClinicPatient) if row.patient_id == target} == {1, 2}
    agrees(terminal)


def test_two_numbers_of_one_kind_are_told_before(terminal: Terminal, desk: Desk) -> None:
    for name, value in (("zoe.quinn", "12345678"), ("zoe2", "12345679")):
        number = {"system": IdentifierSystem.NATIONAL_ID, "scope": "PE", "value": value}
        terminal.practice.add(PatientIdentifier(**number, user_id=desk.id_of(name)))
    plan = terminal.done("users", "merge", "zoe.quinn", "zoe2", "--plan")
    assert plan["fields_different"] == ["full_name", "identifiers"]


def test_wishes_move_and_those_for_the_same_end(terminal: Terminal, desk: Desk) -> None:
    target = desk.id_of("zoe2")
    first = desk.client.post("zoe.quinn", "/waitlist", wish()).json["waitlist_id"]
    other = desk.client.post("zoe.quinn", "/waitlist", wish("2030-02-06")).json["waitlist_id"]
    again = desk.client.post("rita", "/waitlist", wish(patient_id=target)).json["waitlist_id"]

    document = terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")

    assert (document["wishes"], document["wishes_ended"]) == (2, 1)
    rows = {row.waitlist_id: (row.patient_id, row.status) for row in terminal.practice.rows(WaitlistEntry)}
    assert rows == {
        first: (target, WaitlistStatus.WAITING),
        other: (target, WaitlistStatus.WAITING),
        again: (target, WaitlistStatus.WITHDRAWN),
    }
    agrees(terminal)


def test_wishes_beyond_the_limit_end_the_last_first(terminal: Terminal, desk: Desk) -> None:
    target = desk.id_of("zoe2")
    for day in range(1, 7):
        assert desk.client.post("zoe.quinn", "/waitlist", wish(f"2030-02-{day:02}")).status == 201
        assert desk.client.post("rita", "/waitlist", wish(f"2030-03-{day:02}", patient_id=target)).status == 201
    terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")
    ended = [row.status is WaitlistStatus.WITHDRAWN for row in terminal.practice.rows(WaitlistEntry)]
    assert ended == [False] * 10 + [True] * 2


def test_guardians_and_dependants_move(terminal: Terminal, desk: Desk) -> None:
    ids = terminal.practice.ids
    child = terminal.practice.add_patient("child", clinics=(1,)).user_id
    source, target, rita = ids["zoe.quinn"], ids["zoe2"], ids["rita"]
    rows = {"reason": "Mother", "created_by": rita, "created_at": NOW}
    terminal.practice.add(
        Guardian(guardian_id=source, patient_id=child, ends_on=None, **rows),
        Guardian(guardian_id=target, patient_id=child, ends_on=date(2031, 1, 1), **rows),
    )
    document = terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")
    assert document["guardians"] == 1
    [row] = terminal.practice.rows(Guardian)
    assert (row.guardian_id, row.patient_id, row.ends_on) == (target, child, None)
    assert desk.booked("zoe.quinn", at("15:00"), patient="child")["patient"]["user_id"] == child
    agrees(terminal)


def test_a_merge_leads_on(terminal: Terminal, desk: Desk) -> None:
    """Whoever was merged into the one person earlier is found through the chain."""
    first, second = desk.id_of("zoe.quinn"), desk.id_of("zoe2")
    third = terminal.practice.add_patient("zoe3", clinics=(1,), cognito_sub=None).user_id
    visit = desk.booked("zoe.quinn", at("15:00"), patient="zoe.quinn")["appointment_id"]
    terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")
    terminal.done("users", "merge", "zoe2", "zoe3", "--yes")
    assert [person(terminal, user_id).merged_into for user_id in (first, second, third)] == [second, third, None]
    assert [row.patient_id for row in terminal.practice.rows(Appointment)] == [third]
    assert desk.client.get("zoe.quinn", "/appointments").json["items"][0]["appointment_id"] == visit
    assert terminal.done("users", "merge", f"id:{first}", "zoe3", "--yes")["merged"] is False
    error = terminal.refused("users", "merge", "zoe3", f"id:{first}", "--yes")
    assert f"id {second}" in error["detail"]
    agrees(terminal)


def test_the_copy_of_the_other_person_has_everything(terminal: Terminal, desk: Desk) -> None:
    source = desk.id_of("zoe.quinn")
    desk.booked("zoe.quinn", at("15:00"), patient="zoe.quinn", patient_note="Wheelchair")
    desk.client.post("zoe.quinn", "/waitlist", wish())
    desk.client.call("zoe.quinn", "PATCH", "/me", {"phone": "+51 987 654 322"})
    terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")
    copy = terminal.done("export-person", "zoe2")
    assert [row["patient_note"] for row in copy["appointments"]] == ["Wheelchair"]
    assert (len(copy["events"]), len(copy["waitlist"])) == (1, 1)
    assert [(row["user_id"] == source, row["action"]) for row in copy["person_events"]] == [
        (True, "CHANGE"),
        (True, "MERGE"),
        (False, "MERGE"),
    ]


def test_erasing_the_other_person_leaves_nothing(terminal: Terminal, desk: Desk) -> None:
    desk.booked("zoe.quinn", at("15:00"), patient="zoe.quinn", patient_note="Wheelchair")
    terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")
    terminal.done("erase-person", "zoe2", "--yes", "--cancel-visits")
    assert everywhere(terminal.practice.url, (*TRACES, sub_of("zoe.quinn"), "zoe2", "Wheelchair")) == set()
    agrees(terminal)
