"""The rights of a drill are compared with its calls (dev/drill/rights.py)."""

import json
from pathlib import Path
from typing import Any

import pytest

from dev.drill.rights import Exempt, findings

SECRET = "arn:aws:secretsmanager:eu-west-1:1:secret:app-x1"
READ: dict[str, Any] = {"Sid": "Read", "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET}
LOG: dict[str, Any] = {
    "Sid": "Log",
    "Effect": "Allow",
    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": ["arn:aws:logs:*:group"],
}
CALL = {
    "role": "api",
    "sid": "Read",
    "action": "secretsmanager:GetSecretValue",
    "resource": SECRET,
    "decision": "Allow",
}
LOGS = Exempt("*", "Log", frozenset({"logs:CreateLogStream", "logs:PutLogEvents"}), "Lambda writes them.")


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "rights.jsonl"


def _write(record: Path, statements: list[dict[str, Any]], *calls: dict[str, Any]) -> None:
    lines = [{"role": "api", "policy": {"Statement": statements}}, *calls]
    record.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_rights_that_are_used_or_exempt_are_no_finding(record: Path) -> None:
    _write(record, [READ, LOG], CALL)
    assert findings(record, [LOGS]) == []


def test_a_right_that_nothing_used_is_found(record: Path) -> None:
    _write(
        record,
        [READ, LOG],
        CALL,
        CALL | {"sid": "Log", "action": "logs:PutLogEvents", "resource": "arn:aws:logs:1:group"},
    )
    assert findings(record, []) == ["Nothing used logs:CreateLogStream on arn:aws:logs:*:group (Log of api)."]


def test_a_resource_that_nothing_used_is_found(record: Path) -> None:
    _write(record, [READ | {"Resource": [SECRET, f"{SECRET}-other"]}], CALL)
    assert findings(record, []) == [f"Nothing used secretsmanager:GetSecretValue on {SECRET}-other (Read of api)."]


def test_a_statement_without_a_name_is_compared_too(record: Path) -> None:
    nameless = {key: value for key, value in READ.items() if key != "Sid"}
    _write(record, [nameless], CALL | {"sid": ""})
    assert findings(record, []) == []


def test_a_resource_that_takes_the_place_of_a_used_one_counts_as_used(record: Path) -> None:
    _write(record, [READ], CALL)
    restored = {"role": "api", "policy": {"Statement": [READ | {"Resource": f"{SECRET}-restored"}]}}
    record.write_text(f"{record.read_text()}{json.dumps(restored)}\n")
    assert findings(record, []) == []


def test_what_another_role_did_uses_nothing(record: Path) -> None:
    _write(record, [READ], CALL | {"role": "waitlist"})
    assert findings(record, []) == [f"Nothing used secretsmanager:GetSecretValue on {SECRET} (Read of api)."]


def test_a_refused_call_is_found(record: Path) -> None:
    refused = CALL | {"action": "kms:Decrypt", "sid": "", "decision": "ImplicitDeny"}
    _write(record, [READ], CALL, refused, refused)
    assert findings(record, []) == [f"api was refused kms:Decrypt on {SECRET}."]


def test_an_action_that_is_not_exempt_by_name_is_found(record: Path) -> None:
    _write(record, [READ, LOG | {"Action": [*LOG["Action"], "logs:DeleteLogGroup"]}], CALL)
    assert findings(record, [LOGS]) == ["Nothing used logs:DeleteLogGroup on arn:aws:logs:*:group (Log of api)."]


def test_an_exemption_for_what_is_used_is_found(record: Path) -> None:
    _write(record, [READ], CALL)
    exempt = Exempt("a*", "Read", frozenset({"secretsmanager:GetSecretValue"}), "")
    assert findings(record, [exempt]) == [
        f"Something used secretsmanager:GetSecretValue on {SECRET} (Read of api), which is exempt."
    ]


def test_an_exemption_for_what_no_policy_has_is_found(record: Path) -> None:
    _write(record, [READ, LOG | {"Action": "logs:PutLogEvents"}], CALL)
    assert findings(record, [LOGS]) == ["No policy has logs:CreateLogStream (Log of *), which is exempt."]
