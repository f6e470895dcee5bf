"""What operators do to people leaves a trace, and whoever is gone for good is in nothing that they do."""

from lambda_function.db.models import CalendarToken, PersonEvent
from lambda_function.domain.actor import Role
from tests.cli.terminal import Terminal
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
