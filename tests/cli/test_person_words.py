"""The words by which people are found agree with their rows, whoever writes these."""

import json

import pytest
from sqlalchemy import text

from lambda_function.db.models import PersonWord
from lambda_function.domain.person_words import WordKind
from tests.api.desk import Desk
from tests.api_client import ApiClient
from tests.cli.terminal import Terminal
from tests.factories import Practice, sub_of
from tests.servers import plain_engine

# What the previous release may do to people, of whose words it knows nothing.
PREVIOUS_RELEASE = {
    "adds": "INSERT INTO user (user_name, user_type, full_name, created_at, updated_at)"
    " VALUES ('zoe', 1, 'Zoe Quinn', '2030-01-01', '2030-01-01')",
    "changes": "UPDATE user SET full_name = 'Zoe Quinn', email = 'zoe@example.org' WHERE user_name = 'kim'",
    "erases": "UPDATE user SET user_name = 'erased:9', full_name = 'erased:9', email = NULL, active = 0,"
    " erased_at = '2030-01-01' WHERE user_name = 'kim'",
    "merges": "UPDATE user SET active = 0, merged_into = 1 WHERE user_name = 'kim'",
}


@pytest.fixture
def desk(client: ApiClient, terminal: Terminal) -> Desk:
    return Desk(client, terminal.practice)


def _words(practice: Practice, user_id: int) -> set[str]:
    return {row.word for row in practice.rows(PersonWord) if row.user_id == user_id and row.kind != WordKind.SAME}


def _run(terminal: Terminal, statement: str) -> None:
    with plain_engine(terminal.practice.url).begin() as connection:
        connection.execute(text(statement))


def _wrong(terminal: Terminal) -> set[str]:
    return {finding["check"] for finding in json.loads(terminal.run("check", "--json").stdout)["findings"]}


@pytest.mark.parametrize("what", PREVIOUS_RELEASE)
def test_words_that_the_previous_release_did_not_write_are_found_and_corrected(terminal: Terminal, what: str) -> None:
    _run(terminal, PREVIOUS_RELEASE[what])
    others = {"adds": {"profile"}, "merges": {"merge"}}.get(what, set())
    assert _wrong(terminal) == {"words"} | others

    assert terminal.done("users", "rebuild-words") == {"people_changed": 1}

    assert terminal.done("users", "rebuild-words") == {"people_changed": 0}
    assert _wrong(terminal) == others


def test_without_any_words_all_are_made_in_batches(
    terminal: Terminal, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambda_function.services.operators.rebuilding.BATCH", 2)
    before = {(row.user_id, row.kind, row.word) for row in terminal.practice.rows(PersonWord)}
    _run(terminal, "DELETE FROM person_word")
    assert desk.client.get("rita", "/users", q="kim").json["items"] == []

    assert terminal.done("users", "rebuild-words") == {"people_changed": 7}

    assert {(row.user_id, row.kind, row.word) for row in terminal.practice.rows(PersonWord)} == before
    assert [person["user_name"] for person in desk.client.get("rita", "/users", q="kim").json["items"]] == ["kim"]


def test_whoever_is_entered_signs_up_or_changes_is_found_by_the_present_words(terminal: Terminal, desk: Desk) -> None:
    made = desk.client.post("rita", "/users", {"user_name": "new", "full_name": "New Person", "phone": "+51 12345"})
    user_id = made.json["user_id"]
    assert _words(terminal.practice, user_id) == {"new", "person", "5112345", "112345", "12345", "2345"}

    changed = desk.client.call("rita", "PATCH", f"/users/{user_id}", {"full_name": "Newer Person", "phone": None})
    assert changed.status == 200
    assert _words(terminal.practice, user_id) == {"new", "newer", "person"}

    assert desk.client.call("pat", "PATCH", "/me", {"email": "other@example.org"}).status == 200
    operator = ("users", "create", "sol", "--type", "doctor", "--name", "Sol Vega", "--clinic", "Lima Centro")
    terminal.done(*operator)
    assert terminal.done("check")["ok"]


def test_a_deactivated_patient_is_found_again_after_reactivation(terminal: Terminal, desk: Desk) -> None:
    path = f"/users/{desk.id_of('kim')}"
    assert desk.client.call("rita", "DELETE", path).status == 204
    assert desk.client.get("rita", "/users", q="soto").json["items"] == []
    assert desk.client.post("rita", f"{path}/reactivate").status == 200
    assert len(desk.client.get("rita", "/users", q="soto").json["items"]) == 1
    assert terminal.done("check")["ok"]


def test_an_erased_patient_has_no_words(terminal: Terminal, desk: Desk) -> None:
    user_id = desk.id_of("kim")
    terminal.done("erase-person", "kim", "--yes")
    assert _words(terminal.practice, user_id) == set()
    assert terminal.done("check")["ok"]


def test_of_two_people_who_become_one_only_one_is_found(terminal: Terminal, desk: Desk) -> None:
    target = desk.client.post("rita", "/users", {"user_name": "entered", "full_name": "Zoe Quinn"}).json["user_id"]
    source = terminal.practice.add_patient("signedup", full_name="Zoe Quinn").user_id
    code = desk.client.post("rita", f"/users/{target}/link-code").json["code"]
    assert desk.client.post("signedup", "/me/link", {"code": code}).status == 200
    assert (_words(terminal.practice, source), len(_words(terminal.practice, target))) == (set(), 3)
    assert sub_of("signedup") == terminal.practice.user("entered").cognito_sub
    assert terminal.done("check")["ok"]


def test_operators_find_people_by_the_same_words(terminal: Terminal) -> None:
    terminal.practice.add_patient("gone", full_name="Ana María Torres", phone="+51 987 654 321", active=False)
    for q in ("torres ana", "TORR", "gone", "987 654"):
        assert [item["user_name"] for item in terminal.done("users", "list", "-q", q)["items"]] == ["gone"]
    for q in ("orres", "%", "torres kim", "987"):
        assert terminal.done("users", "list", "-q", q)["items"] == []
