"""`check` finds what is wrong with people who were merged into others, and with guardians."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from lambda_function.cli.command import Exit
from lambda_function.db.models import Guardian, PatientIdentifier
from lambda_function.domain.identifiers import IdentifierSystem
from tests.api.desk import Desk, at
from tests.api_client import ApiClient
from tests.cli.terminal import Terminal
from tests.clock import NOW
from tests.servers import plain_engine

REFERENCES = {
    "a visit": "UPDATE appointment SET patient_id = :source",
    "a claim": "UPDATE slot_claim SET resource_id = :source WHERE kind = 2",
    "a wish": "UPDATE waitlist_entry SET patient_id = :source",
    "a clinic": "INSERT INTO clinic_patient (clinic_id, patient_id, created_at) VALUES (1, :source, NOW())",
    "a word": "INSERT INTO person_word (user_id, kind, word) VALUES (:source, 1, 'zoe')",
    "an address of the feed": (
        "INSERT INTO calendar_token (user_id, token_hash, created_at) VALUES (:source, REPEAT('a', 64), NOW())"
    ),
    "a guardian": (
        "INSERT INTO guardian (guardian_id, patient_id, created_by, created_at)"
        " SELECT :source, user_id, user_id, NOW() FROM user WHERE user_name = 'kim'"
    ),
}
CHAINS = {
    "a circle": "UPDATE user SET merged_into = :source, active = 0 WHERE user_id = :target",
    "nobody": "UPDATE user SET merged_into = 999999 WHERE user_id = :source",
    "staff": "UPDATE user SET merged_into = (SELECT user_id FROM doctor LIMIT 1) WHERE user_id = :source",
    "somebody who came back": "UPDATE user SET active = 1 WHERE user_id = :source",
}


@pytest.fixture
def desk(client: ApiClient, terminal: Terminal) -> Desk:
    """The demo practice, in which `one` was merged into `two`, who has a visit and a wish."""
    for name in ("one", "two"):
        terminal.practice.add_patient(name, clinics=(1,), cognito_sub=None)
    desk = Desk(client, terminal.practice)
    desk.booked("rita", at("15:00"), patient="two")
    wish = {"treatment_id": 1, "from": at("13:00"), "to": at("18:00"), "patient_id": desk.id_of("two")}
    assert client.post("rita", "/waitlist", wish).status == 201
    assert desk.id_of("one") != desk.id_of("two")
    terminal.done("users", "merge", "one", "two")
    return desk


@pytest.fixture
def corrupt(terminal: Terminal, desk: Desk) -> Callable[[str], None]:
    """Runs a statement that bypasses every check of the database."""

    def run(statement: str) -> None:
        with plain_engine(terminal.practice.url).begin() as connection:
            connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
            connection.execute(text(statement), {"source": desk.id_of("one"), "target": desk.id_of("two")})

    return run


def found(terminal: Terminal, check: str) -> list[Any]:
    result = terminal.run("check", "--json")
    assert result.exit_code == Exit.REFUSED, result.output
    return [finding for finding in json.loads(result.stdout)["findings"] if finding["check"] == check]


@pytest.mark.parametrize("statement", REFERENCES.values(), ids=REFERENCES.keys())
def test_what_still_names_somebody_who_was_merged_is_found(
    terminal: Terminal, desk: Desk, corrupt: Callable[[str], None], statement: str
) -> None:
    corrupt(statement)
    [finding] = found(terminal, "merge")
    assert finding["user_id"] == desk.id_of("one")
    assert "still names them" in finding["detail"]


@pytest.mark.parametrize("statement", CHAINS.values(), ids=CHAINS.keys())
def test_a_merge_that_leads_to_no_patient_is_found(
    terminal: Terminal, desk: Desk, corrupt: Callable[[str], None], statement: str
) -> None:
    corrupt(statement)
    findings = [item for item in found(terminal, "merge") if "leads to no patient" in item["detail"]]
    assert desk.id_of("one") in {finding["user_id"] for finding in findings}


def test_a_merge_that_was_stopped_is_found_with_what_to_do(
    terminal: Terminal, desk: Desk, corrupt: Callable[[str], None]
) -> None:
    corrupt("UPDATE user SET user_name = 'one' WHERE user_id = :source")
    [finding] = found(terminal, "merge")
    command = f"users merge id:{desk.id_of('one')} id:{desk.id_of('two')}"
    assert command in finding["detail"]
    assert terminal.done(*command.split())["merged"] is False
    assert terminal.done("check")["ok"]


@pytest.mark.parametrize(("guardian", "patient"), [("pat", "pat"), ("kim", "two")])
def test_a_guardian_of_oneself_or_with_a_guardian_is_found(
    terminal: Terminal, desk: Desk, guardian: str, patient: str
) -> None:
    rows = {"created_by": desk.id_of("rita"), "created_at": NOW}
    if guardian == "kim":
        terminal.practice.add(Guardian(guardian_id=desk.id_of("pat"), patient_id=desk.id_of("kim"), **rows))
    terminal.practice.add(Guardian(guardian_id=desk.id_of(guardian), patient_id=desk.id_of(patient), **rows))
    [finding] = found(terminal, "guardian")
    assert (finding["guardian_id"], finding["patient_id"]) == (desk.id_of(guardian), desk.id_of(patient))


def test_a_guardian_whose_own_guardian_has_ended_is_none(terminal: Terminal, desk: Desk) -> None:
    rows = {"created_by": desk.id_of("rita"), "created_at": NOW}
    yesterday = (NOW - timedelta(days=1)).date()
    terminal.practice.add(
        Guardian(guardian_id=desk.id_of("pat"), patient_id=desk.id_of("kim"), ends_on=yesterday, **rows),
        Guardian(guardian_id=desk.id_of("kim"), patient_id=desk.id_of("two"), **rows),
    )
    assert terminal.done("check")["ok"]


def test_a_guardian_of_somebody_who_was_erased_is_found(terminal: Terminal, desk: Desk) -> None:
    erased = terminal.done("erase-person", "two", "--yes", "--cancel-visits")["user_id"]
    row = Guardian(guardian_id=desk.id_of("pat"), patient_id=erased, created_by=desk.id_of("rita"), created_at=NOW)
    terminal.practice.add(row)
    assert [finding["patient_id"] for finding in found(terminal, "guardian")] == [erased]


def test_a_link_by_code_leaves_nothing_of_the_first_person_either(
    terminal: Terminal, desk: Desk, client: ApiClient
) -> None:
    """Although they have entered a wrong code, and have an identifier."""
    newcomer = terminal.practice.add_patient("newcomer", clinics=(1,)).user_id
    number = PatientIdentifier(system=IdentifierSystem.CHART, scope="1", value="A1", user_id=newcomer)
    terminal.practice.add(number)
    terminal.done("users", "rebuild-words")
    code = client.post("rita", f"/users/{desk.id_of('two')}/link-code").json["code"]
    assert client.post("newcomer", "/me/link", {"code": "wrong"}).status == 409
    assert client.post("newcomer", "/me/link", {"code": code}).status == 200
    assert [row.user_id for row in terminal.practice.rows(PatientIdentifier)] == [desk.id_of("two")]
    assert terminal.done("check")["ok"]
