"""People who leave and come back, by commands of operators."""

from datetime import timedelta
from typing import Any

import pytest

from lambda_function.db.models import Appointment, AppointmentEvent, PersonEvent, SlotClaim, WaitlistEntry
from lambda_function.domain.appointment import Status
from lambda_function.domain.waitlist import WaitlistStatus
from tests.api.desk import Desk, at
from tests.api_client import ApiClient
from tests.cli.terminal import FailingOnce, Pool, Terminal
from tests.clock import NOW

DOCTOR = ("--type", "doctor", "--name", "Ana Díaz", "--clinic", "Lima Centro", "--treatment", "cleaning")


@pytest.fixture
def desk(client: ApiClient, terminal: Terminal) -> Desk:
    return Desk(client, terminal.practice)


def test_a_patient_with_visits_ahead_stays_unless_they_may_be_cancelled(terminal: Terminal, desk: Desk) -> None:
    here = desk.booked("rita", at("15:00"))["appointment_id"]
    there = desk.booked("rosa", at("17:00"), doctor="drsol")["appointment_id"]

    assert terminal.refused("users", "deactivate", "pat")["appointment_ids"] == [here, there]
    assert terminal.practice.user("pat").active

    done = terminal.done("users", "deactivate", "pat", "--cancel-visits")
    assert (done["deactivated"], done["appointment_ids"]) == (True, [here, there])
    assert {row.status for row in terminal.practice.rows(Appointment)} == {Status.CANCELLED}
    assert terminal.practice.rows(SlotClaim) == []
    assert desk.client.get("pat", "/me").status == 403


def test_the_history_names_nobody_for_what_an_operator_did(terminal: Terminal, desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00"))["appointment_id"]
    terminal.done("users", "deactivate", "pat", "--cancel-visits")

    last = desk.client.get("rita", f"/appointments/{visit}/history").json["items"][-1]
    assert (last["action"], last["actor"], last["reason"]) == ("CANCEL", None, "Patient deactivated")
    event = terminal.practice.rows(AppointmentEvent)[-1]
    assert (event.actor_id, event.actor_type) == (None, None)


def test_what_an_operator_cancels_is_offered_to_whoever_waits(terminal: Terminal, desk: Desk) -> None:
    desk.booked("rita", at("15:00"))
    wish = {"treatment_id": 1, "from": at("15:00"), "to": at("15:30"), "doctor_id": desk.id_of("drjay")}
    desk.client.post("kim", "/waitlist", wish)
    terminal.done("users", "deactivate", "pat", "--cancel-visits")
    assert [row.status for row in terminal.practice.rows(WaitlistEntry)] == [WaitlistStatus.OFFERED]


def test_a_link_code_ends_when_its_person_becomes_something_else(terminal: Terminal, desk: Desk) -> None:
    person = terminal.practice.add_patient("zoe", clinics=(1,), cognito_sub=None)
    code = desk.client.post("rita", f"/users/{person.user_id}/link-code").json["code"]
    terminal.done("users", "set-type", "zoe", "receptionist", "--clinic", "Lima Centro")
    terminal.done("users", "set-type", "zoe", "patient")
    terminal.practice.add_patient("newcomer")

    assert desk.client.post("newcomer", "/me/link", {"code": code}).status == 409


def test_a_doctors_visits_stay_for_a_reception_to_move(terminal: Terminal, desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00"))["appointment_id"]
    assert terminal.refused("users", "deactivate", "drjay")["appointment_ids"] == [visit]
    result = terminal.run("users", "deactivate", "drjay", "--keep-visits")
    assert result.stdout.endswith(f"Appointment id for a reception to move: {visit}.\n")
    assert not terminal.practice.user("drjay").active


@pytest.mark.parametrize(
    "arguments", [["pat", "--keep-visits"], ["drjay", "--cancel-visits"], ["rita", "--keep-visits"]]
)
def test_visits_are_treated_as_suits_the_person(terminal: Terminal, arguments: list[str]) -> None:
    assert terminal.refused("users", "deactivate", *arguments)["code"] == "validation_error"
    assert terminal.practice.user(arguments[0]).active


@pytest.mark.parametrize(("person", "option"), [("pat", "--cancel-visits"), ("drjay", "--keep-visits")])
def test_whoever_has_visits_ahead_is_refused_with_what_to_do(
    terminal: Terminal, desk: Desk, person: str, option: str
) -> None:
    visit = desk.booked("rita", at("15:00"))["appointment_id"]
    told = terminal.run("users", "deactivate", person).stderr
    assert option in told
    assert told.endswith(f"Appointment id: {visit}.\n")


def test_a_receptionist_leaves(terminal: Terminal, desk: Desk) -> None:
    assert terminal.done("users", "deactivate", "rita")["deactivated"]
    assert desk.client.get("rita", "/me").status == 403


def test_past_visits_keep_nobody(terminal: Terminal) -> None:
    terminal.practice.add_appointment(NOW - timedelta(days=1))
    assert terminal.done("users", "deactivate", "pat")["appointment_ids"] == []


def test_whoever_leaves_is_locked_out_of_the_pool_too(with_pool: Terminal, pool: Pool) -> None:
    with_pool.done("users", "create", "drana", *DOCTOR, "--email", "ana@example.org")
    assert with_pool.done("users", "deactivate", "drana")["account"] == "disabled"
    assert pool.user("drana")["Enabled"] is False


def test_an_account_of_another_name_is_found_by_its_sub(with_pool: Terminal, pool: Pool) -> None:
    sub = pool.add("patricia", "pat@example.org")
    with_pool.practice.user("pat").cognito_sub = sub
    with_pool.practice.session.commit()
    with_pool.done("users", "deactivate", "pat")
    assert pool.user("patricia")["Enabled"] is False


def test_an_account_that_could_not_be_disabled_is_disabled_by_the_same_command(terminal: Terminal, pool: Pool) -> None:
    terminal.accounts = FailingOnce(pool, "disable")
    terminal.done("users", "create", "drana", *DOCTOR, "--email", "ana@example.org")

    assert "run the same again" in terminal.refused("users", "deactivate", "drana")["detail"]
    assert not terminal.practice.user("drana").active
    assert pool.user("drana")["Enabled"] is True

    again = terminal.done("users", "deactivate", "drana")
    assert (again["deactivated"], again["account"]) == (False, "disabled")
    assert pool.user("drana")["Enabled"] is False


@pytest.mark.parametrize("user_name", ["drjay", "rita", "pat"])
def test_whoever_was_deactivated_is_let_back_in(terminal: Terminal, desk: Desk, user_name: str) -> None:
    terminal.done("users", "deactivate", user_name)

    done = terminal.done("users", "activate", user_name)

    assert (done["activated"], done["account"]) == (True, "none")
    assert desk.client.get(user_name, "/me").status == 200
    events = [row for row in terminal.practice.rows(PersonEvent) if row.user_id == desk.id_of(user_name)]
    assert [(row.actor_id, row.action) for row in events][-2:] == [(None, "DEACTIVATE"), (None, "REACTIVATE")]


def test_activating_again_changes_nothing(terminal: Terminal) -> None:
    result = terminal.run("users", "activate", "pat")
    assert result.stdout == f"User {terminal.practice.ids['pat']} was active already. Account: none.\n"
    assert terminal.practice.user("pat").version == 1


@pytest.mark.parametrize("columns", [{"erased_at": NOW}, {"merged_into": 1}], ids=["erased", "merged"])
def test_whoever_was_erased_or_merged_never_comes_back(terminal: Terminal, columns: dict[str, Any]) -> None:
    terminal.practice.add_patient("gone", active=False, **columns)
    assert terminal.refused("users", "activate", "gone")["code"] == "not_found"
    assert not terminal.practice.user("gone").active


def test_an_account_that_could_not_be_enabled_is_enabled_by_the_same_command(terminal: Terminal, pool: Pool) -> None:
    terminal.accounts = FailingOnce(pool, "enable")
    terminal.done("users", "create", "drana", *DOCTOR, "--email", "ana@example.org")
    terminal.done("users", "deactivate", "drana")
    assert pool.user("drana")["Enabled"] is False

    assert "run the same again" in terminal.refused("users", "activate", "drana")["detail"]
    again = terminal.done("users", "activate", "drana")

    assert (again["activated"], again["account"]) == (False, "enabled")
    assert pool.user("drana")["Enabled"] is True


def test_creating_somebody_who_is_inactive_says_so_and_finishes_the_account(terminal: Terminal, pool: Pool) -> None:
    terminal.accounts = FailingOnce(pool, "create")
    arguments = ("users", "create", "drana", *DOCTOR, "--email", "ana@example.org")
    terminal.refused(*arguments)
    terminal.done("users", "deactivate", "drana")

    again = terminal.run(*arguments)

    assert f"user {terminal.practice.ids['drana']}, who is inactive: `users activate drana`" in again.stdout
    assert again.stdout.endswith("Account: linked.\n")
    assert terminal.practice.user("drana").cognito_sub == pool.attributes("drana")["sub"]
    assert not terminal.practice.user("drana").active
