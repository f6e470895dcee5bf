"""Operators' changes of people are recorded, and people who are gone for good appear in none of their commands."""

import pytest

from lambda_function.db.models import CalendarToken, PersonEvent
from lambda_function.domain.actor import Role
from tests.api_client import ApiClient
from tests.cli.terminal import Terminal, demo_document
from tests.clock import NOW


def test_what_operators_do_to_people_is_written_down_without_an_actor(terminal: Terminal) -> None:
    terminal.done("users", "create", "leo", "--type", "patient", "--name", "Leo Paz")
    terminal.done("users", "set-type", "leo", "receptionist", "--clinic", "Lima Centro")
    terminal.done("users", "deactivate", "leo")

    rows = [row for row in terminal.practice.rows(PersonEvent) if row.user_id == terminal.practice.ids["leo"]]
    assert [(row.actor_id, row.action, row.fields) for row in rows] == [
        (None, "CREATE", ["full_name", "user_name"]),
        (None, "SET_TYPE", ["clinics", "user_type"]),
        (None, "DEACTIVATE", []),
    ]


def test_whoever_was_erased_or_merged_is_in_no_list_and_has_no_name(terminal: Terminal) -> None:
    terminal.practice.add_patient("gone", active=False, erased_at=NOW)
    terminal.practice.add_patient("merged", active=False, merged_into=1)
    for name in ("gone", "merged"):
        assert name not in {person["user_name"] for person in terminal.done("users", "list")["items"]}
        assert terminal.refused("users", "set-type", name, "receptionist")["code"] == "not_found"


def test_a_change_of_the_role_ends_the_address_of_the_feed(terminal: Terminal) -> None:
    owner = terminal.practice.ids["rita"]
    bound = {"user_type": Role.RECEPTIONIST, "clinic_ids": [1]}
    terminal.practice.add(CalendarToken(user_id=owner, token_hash="0" * 64, created_at=NOW, **bound))

    terminal.done("users", "set-type", "rita", "patient")

    assert terminal.practice.rows(CalendarToken) == []


@pytest.mark.parametrize("user_name", ["drwu", "rita"])
def test_whom_a_practice_file_takes_out_of_use_and_back_needs_a_new_address_of_the_feed(
    terminal: Terminal, client: ApiClient, user_name: str
) -> None:
    document = demo_document()
    kind = "doctors" if user_name in document["doctors"] else "receptionists"
    token = client.post(user_name, "/me/calendar-token").json["token"]
    assert client.get(None, "/calendar.ics", token=token).status == 200

    for active in (False, True):
        document[kind][user_name]["active"] = active
        assert terminal.practice_file("apply", document).exit_code == 0

    assert client.get(user_name, "/me").status == 200
    assert client.get(None, "/calendar.ics", token=token).status == 404
    rows = [row for row in terminal.practice.rows(PersonEvent) if row.user_id == terminal.practice.ids[user_name]]
    assert [(row.action, row.fields) for row in rows[-2:]] == [("DEACTIVATE", ["active"]), ("REACTIVATE", ["active"])]
