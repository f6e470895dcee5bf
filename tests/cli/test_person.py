"""Operators see what has happened to a person."""

import pytest

from lambda_function.cli.command import Exit
from lambda_function.db.models import PersonEvent
from tests.api.desk import Desk
from tests.api_client import ApiClient
from tests.cli.terminal import Terminal
from tests.clock import NOW


@pytest.fixture
def desk(client: ApiClient, terminal: Terminal) -> Desk:
    return Desk(client, terminal.practice)


def _add_events(terminal: Terminal, user_id: int, number: int) -> None:
    terminal.practice.add(
        *(PersonEvent(user_id=user_id, at=NOW, action="CHANGE", fields=[f"f{each}"]) for each in range(number))
    )


def test_events_say_what_was_done_when_to_which_fields_and_by_whom(terminal: Terminal, desk: Desk) -> None:
    made = desk.client.post("rita", "/users", {"user_name": "new", "full_name": "New Person", "phone": "+51 12345"})
    terminal.done("users", "deactivate", "new")

    document = terminal.done("person", "events", "new")

    user_id, rita = made.json["user_id"], desk.id_of("rita")
    first, second = document["items"]
    assert (document["user_id"], document["next_after"]) == (user_id, None)
    assert first == {
        "person_event_id": second["person_event_id"] - 1,
        "at": "2030-01-07T14:00:00Z",
        "action": "CREATE",
        "fields": ["full_name", "phone", "user_name"],
        "actor_id": rita,
        "actor_name": "rita",
    }
    assert (second["action"], second["actor_id"], second["actor_name"]) == ("DEACTIVATE", None, None)


def test_people_read_the_events_as_a_table(terminal: Terminal, desk: Desk) -> None:
    desk.client.post("rita", "/users", {"user_name": "new", "full_name": "New Person"})
    terminal.done("users", "deactivate", "new")
    head, *lines = terminal.run("person", "events", "new").stdout.splitlines()
    assert head.split() == ["TIME", "ACTION", "FIELDS", "BY"]
    assert [line.split() for line in lines] == [
        ["2030-01-07T14:00:00Z", "CREATE", "full_name,", "user_name", "rita", f"({desk.id_of('rita')})"],
        ["2030-01-07T14:00:00Z", "DEACTIVATE", "-"],
    ]


def test_pages_follow_each_other_without_a_gap(terminal: Terminal) -> None:
    kim = terminal.practice.ids["kim"]
    _add_events(terminal, kim, 5)
    pages = [terminal.done("person", "events", "kim", "--limit", "2")]
    while (after := pages[-1]["next_after"]) is not None:
        pages.append(terminal.done("person", "events", "kim", "--limit", "2", "--after", str(after)))
    assert [[item["fields"] for item in page["items"]] for page in pages] == [
        [["f0"], ["f1"]],
        [["f2"], ["f3"]],
        [["f4"]],
    ]


def test_a_page_names_where_the_next_one_begins(terminal: Terminal) -> None:
    kim = terminal.practice.ids["kim"]
    _add_events(terminal, kim, 2)
    first = min(row.person_event_id for row in terminal.practice.rows(PersonEvent) if row.user_id == kim)
    assert terminal.run("person", "events", "kim", "--limit", "1").stdout.endswith(f"\nMore: --after {first}\n")


def test_whoever_was_erased_or_merged_is_found_by_id_and_by_what_is_left_of_the_name(terminal: Terminal) -> None:
    erased = terminal.done("erase-person", "kim", "--yes")["user_id"]
    merged = terminal.practice.add_patient("merged:9", active=False, merged_into=1).user_id
    for written in (str(erased), f"erased:{erased}"):
        found = terminal.done("person", "events", written)["items"]
        assert [item["action"] for item in found] == ["DEACTIVATE", "ERASE"]
    for written in (str(merged), "merged:9"):
        assert terminal.done("person", "events", written)["items"] == []
    assert terminal.refused("person", "events", "kim")["code"] == "not_found"


@pytest.mark.parametrize("name", ["nobody", "999999", "9" * 18])
def test_nobody_is_a_refusal(terminal: Terminal, name: str) -> None:
    assert terminal.refused("person", "events", name)["code"] == "not_found"


@pytest.mark.parametrize("arguments", [("kim", "--limit", "0"), ("kim", "--limit", "1001"), ("kim", "--after", "-1")])
def test_a_page_is_bounded(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    assert terminal.run("person", "events", *arguments).exit_code == Exit.USAGE


@pytest.mark.parametrize("number", ["0", "9" * 30])
def test_a_number_that_is_no_id_is_a_usage_error(terminal: Terminal, number: str) -> None:
    assert terminal.run("person", "events", number).exit_code == Exit.USAGE
