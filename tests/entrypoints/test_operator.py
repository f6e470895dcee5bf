"""The operators' Lambda: events in, JSON out, on the real database."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest

from dev.lambda_context import LambdaContext
from lambda_function.db.models import User
from lambda_function.services.operators.actions import ACTIONS
from lambda_function.services.operators.invocation import ScheduledActionError
from lambda_function.settings import SettingsError
from tests.aws import load_handler, store_secret
from tests.cli.terminal import demo_document
from tests.clock import NOW
from tests.factories import Practice
from tests.servers import plain_engine

MODULE = "lambda_function.entrypoints.operator"
NEW = {
    "user_name": "drana",
    "user_type": "DOCTOR",
    "full_name": "Ana Díaz",
    "email": "ana@example.org",
    "clinics": ["Lima Centro"],
    "treatments": ["checkup"],
}

Operator = Callable[..., Any]


@pytest.fixture
def pool_id(lambda_environment: pytest.MonkeyPatch) -> str:
    """The pool that the Lambda's environment names."""
    pool = boto3.client("cognito-idp").create_user_pool(PoolName="dentist")["UserPool"]["Id"]
    lambda_environment.setenv("COGNITO_USER_POOL_ID", pool)
    return pool


@pytest.fixture
def operator(practice: Practice, pool_id: str) -> Operator:
    """Invokes the Lambda and returns what it would send."""
    store_secret(practice.url)
    handler = load_handler(MODULE)

    def invoke(event: object) -> Any:
        return json.loads(json.dumps(handler(event, LambdaContext("operator", 60))))

    return invoke


def act(operator: Operator, action: str, **arguments: object) -> Any:
    answer = operator({"action": action, "arguments": arguments})
    assert answer["ok"], answer
    return answer["result"]


def test_a_persons_life(operator: Operator, practice: Practice, pool_id: str) -> None:
    created = act(operator, "users.create", **NEW)
    assert (created["created"], created["account"], created["user_type"]) == (True, "linked", "DOCTOR")
    assert [
        person["user_name"] for person in act(operator, "users.list", clinic="Lima Centro", user_type="DOCTOR")["items"]
    ] == [
        "drjay",
        "drwu",
        "drana",
    ]
    act(operator, "users.set-type", user_name="drana", user_type="RECEPTIONIST", clinics=["Santiago Norte"])
    assert practice.actor("drana").clinic_ids == (2,)
    assert act(operator, "users.deactivate", user_name="drana")["account"] == "disabled"
    user = boto3.client("cognito-idp").admin_get_user(UserPoolId=pool_id, Username="drana")
    assert user["Enabled"] is False


def test_a_patients_data(operator: Operator, practice: Practice) -> None:
    copy = act(operator, "export-person", user_name="pat")
    assert copy["user"][0]["email"] == "pat@example.org"
    assert copy["user"][0]["created_at"].endswith("Z")
    user_id = act(operator, "erase-person", user_name="pat")["user_id"]
    assert {row.full_name for row in practice.rows(User) if row.user_id == user_id} == {f"erased:{user_id}"}


def test_two_rows_of_one_patient(operator: Operator, practice: Practice) -> None:
    source, target = practice.ids["kim"], practice.ids["pat"]
    both = {"source": "kim", "target": f"id:{target}", "close_account": True}
    plan = act(operator, "users.merge", **both, plan=True)
    assert (plan["merged"], plan["account"], practice.ids["kim"]) == (False, "closed", source)
    assert act(operator, "users.merge", **both)["merged"] is True
    assert practice.ids[f"merged:{source}"] == source
    assert act(operator, "users.merge", source=f"id:{source}", target="pat")["merged"] is False


def test_the_links_of_a_visit(operator: Operator, practice: Practice) -> None:
    visit_id = practice.add_appointment(NOW + timedelta(days=1)).appointment_id
    assert act(operator, "links.end", appointment_id=visit_id) == {"appointment_id": visit_id, "ended": 0}


def test_upkeep(operator: Operator) -> None:
    assert act(operator, "check") == {"ok": True, "findings": []}
    assert set(act(operator, "purge")["deleted"].values()) == {0}


def test_arguments_may_be_left_out(operator: Operator) -> None:
    assert operator({"action": "check"})["ok"]


def test_a_practice_is_planned_and_applied(operator: Operator) -> None:
    wanted = {"practice": {"clinics": {"Cusco": {"country": "PE", "time_zone": "America/Lima"}}}}
    assert [change["kind"] for change in act(operator, "practice.plan", **wanted)["changes"]] == ["clinic"]
    assert act(operator, "practice.apply", **wanted)["changes"]
    assert act(operator, "practice.plan", **wanted)["changes"] == []


def test_an_exported_practice_is_no_difference_and_takes_no_arguments(operator: Operator, practice: Practice) -> None:
    practice.user("drwu").active = False
    practice.session.commit()
    document = act(operator, "practice.export")
    assert document["treatments"]["checkup"]["price"] == "40.00"
    assert document["doctors"]["drwu"]["active"] is False
    plan = act(operator, "practice.plan", practice=document)
    assert (plan["changes"], plan["not_in_file"]) == ([], {})
    assert operator({"action": "practice.export"}) == {"ok": True, "result": document}
    error = operator({"action": "practice.export", "arguments": {"practice": {}}})["error"]
    assert (error["code"], error["errors"][0]["field"]) == ("validation_error", "practice")


def test_a_practice_that_is_refused_carries_its_plan(operator: Operator, practice: Practice) -> None:
    appointment_id = practice.add_appointment(NOW + timedelta(days=1)).appointment_id
    document = demo_document()
    document["doctors"]["drjay"]["active"] = False

    error = operator({"action": "practice.apply", "arguments": {"practice": document}})["error"]

    assert (error["code"], error["appointment_ids"]) == ("has_bookings", [appointment_id])
    assert error["plan"] == act(operator, "practice.plan", practice=document)
    assert [conflict["name"] for conflict in error["plan"]["conflicts"]] == ["drjay"]


def test_a_practice_that_is_wrong_is_told_where(operator: Operator) -> None:
    error = operator(
        {"action": "practice.plan", "arguments": {"practice": {"clinics": {"Cusco": {"time_zone": "Mars"}}}}}
    )["error"]
    assert error["code"] == "validation_error"
    assert "clinics.Cusco.time_zone" in {item["field"] for item in error["errors"]}


@pytest.mark.parametrize("event", [None, [], "check", {}, {"arguments": {}}, {"action": "check", "more": 1}])
def test_an_event_of_another_shape_is_refused(operator: Operator, event: object) -> None:
    error = operator(event)["error"]
    assert (error["code"], '"action"' in error["detail"]) == ("validation_error", True)


@pytest.mark.parametrize("action", ["users.destroy", "", None, ["check"], {}])
def test_an_unknown_action_is_told_which_there_are(operator: Operator, action: object) -> None:
    error = operator({"action": action, "arguments": {}})["error"]
    assert error["field"] == "action"
    assert all(name in error["detail"] for name in ACTIONS)


@pytest.mark.parametrize(
    ("action", "arguments", "field"),
    [
        ("check", {"fast": "S3cret"}, "fast"),
        ("users.list", {"limit": "S3cret"}, "limit"),
        ("users.list", {"active": "yes"}, "active"),
        ("users.create", {**NEW, "email": "S3cret"}, "email"),
        ("users.create", {**NEW, "user_type": "S3cret"}, "user_type"),
        ("users.create", {**NEW, "clinics": "S3cret"}, "clinics"),
        ("users.deactivate", {}, "user_name"),
        ("person.events", {"user_id": "S3cret"}, "user_id"),
        ("links.end", {"appointment_id": "S3cret"}, "appointment_id"),
        ("patients.import", {"rows": []}, "clinic"),
        ("patients.import", {"clinic": "Lima Centro", "rows": [{"line": "S3cret", "values": {}}]}, "rows.0.line"),
        (
            "patients.import",
            {"clinic": "Lima Centro", "rows": [{"line": 2, "values": {"key": 1}}]},
            "rows.0.values.key",
        ),
        ("patients.import", {"clinic": "Lima Centro", "rows": [{"line": 2, "values": {}}] * 501}, "rows"),
        ("erase-person", {"user_name": "pat", "yes": True}, "yes"),
        ("erase-person", "S3cret", ""),
    ],
)
def test_wrong_arguments_are_named_and_not_repeated(
    operator: Operator, action: str, arguments: object, field: str
) -> None:
    error = operator({"action": action, "arguments": arguments})["error"]
    assert (error["code"], [item["field"] for item in error["errors"]]) == ("validation_error", [field])
    assert "S3cret" not in json.dumps(error)


def test_a_rule_that_refuses_says_why(operator: Operator) -> None:
    error = operator({"action": "users.deactivate", "arguments": {"user_name": "nobody"}})["error"]
    assert error == {"code": "not_found", "detail": "There is no such person."}


def test_a_defect_tells_nothing_of_itself(operator: Operator, practice: Practice, log_text: Callable[[], str]) -> None:
    """A column is missing, and the server's message quotes the statement."""
    with plain_engine(practice.url).begin() as connection:
        connection.exec_driver_sql("ALTER TABLE user RENAME COLUMN phone TO telephone")
    try:
        answer = operator({"action": "users.create", "arguments": NEW})
    finally:
        with plain_engine(practice.url).begin() as connection:
            connection.exec_driver_sql("ALTER TABLE user RENAME COLUMN telephone TO phone")
    assert (answer["ok"], answer["error"]["code"]) == (False, "internal_error")
    assert "phone" not in json.dumps(answer)
    logged = log_text()
    assert "internal error" in logged
    assert not {"phone", "Ana", "ana@example.org"} & set(logged.replace('"', " ").split())


def test_names_and_mails_stay_out_of_the_log(operator: Operator, log_text: Callable[[], str]) -> None:
    act(operator, "users.create", **NEW)
    act(operator, "erase-person", user_name="kim")
    logged = log_text()
    assert '"action":"erase-person"' in logged
    assert not [word for word in ("Ana", "ana@", "kim", "drana") if word in logged]


def test_a_database_that_is_away_is_unavailable(pool_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_SECRET_ID", "nowhere")
    handler = load_handler(MODULE)
    assert handler({"action": "check"}, LambdaContext("operator", 60))["error"]["code"] == "unavailable"


def test_a_purge_that_is_refused_fails_for_nobody_reads_its_answer(
    pool_id: str, monkeypatch: pytest.MonkeyPatch, log_text: Callable[[], str]
) -> None:
    monkeypatch.setenv("DATABASE_SECRET_ID", "nowhere")
    handler = load_handler(MODULE)
    with pytest.raises(ScheduledActionError, match=r"^purge: unavailable$"):
        handler({"action": "purge"}, LambdaContext("operator", 60))
    assert '"code":"unavailable"' in log_text()


def test_without_a_database_in_the_environment_it_does_not_start(
    pool_id: str, lambda_environment: pytest.MonkeyPatch
) -> None:
    lambda_environment.delenv("DATABASE_SECRET_ID")
    with pytest.raises(SettingsError, match="DATABASE_SECRET_ID"):
        load_handler(MODULE)


def test_without_a_pool_accounts_are_left_alone(
    operator: Operator, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COGNITO_USER_POOL_ID")
    handler = load_handler(MODULE)
    answer = handler({"action": "users.create", "arguments": {**NEW, "email": None}}, LambdaContext("operator", 60))
    assert (answer["ok"], answer["result"]["account"]) == (True, "none")


HALF = "a\ud800"
CLINIC = {"country": "PE", "time_zone": "America/Lima"}
CLOSURE = {"first_day": "2031-07-28", "last_day": "2031-07-28", "reason": HALF}


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        (HALF, {}),
        ("check", {HALF: HALF}),
        ("users.create", {**NEW, "full_name": HALF}),
        ("users.create", {**NEW, "email": f"{HALF}@example.org"}),
        ("users.create", {**NEW, "clinics": [HALF]}),
        ("users.create", {**NEW, "treatments": [HALF]}),
        ("users.list", {"q": HALF}),
        ("person.events", {"user_name": HALF}),
        ("patients.import", {"clinic": "Lima Centro", "rows": [{"line": 2, "values": {HALF: "Ana"}}]}),
        ("patients.import", {"clinic": HALF, "rows": []}),
        (
            "patients.import",
            {"clinic": "Lima Centro", "rows": [{"line": 2, "values": {"key": HALF, "full_name": "Ana"}}]},
        ),
        ("users.deactivate", {"user_name": HALF}),
        ("export-person", {"user_name": HALF}),
        ("practice.plan", {"practice": {"clinics": {HALF: CLINIC}}}),
        ("practice.plan", {"practice": {"clinics": {"Cusco": {**CLINIC, "time_zone": HALF}}}}),
        ("practice.plan", {"practice": {"clinics": {"Cusco": {**CLINIC, "chairs": [HALF]}}}}),
        ("practice.plan", {"practice": {"clinics": {"Cusco": {**CLINIC, "closures": [CLOSURE]}}}}),
        ("practice.plan", {"practice": {"doctors": {"drana": {"full_name": "Ana", "clinic": HALF}}}}),
    ],
    ids=ascii,
)
def test_a_lone_surrogate_is_refused_as_what_is_wrong(operator: Operator, action: str, arguments: Any) -> None:
    answer = operator({"action": action, "arguments": arguments})
    assert (answer["ok"], answer["error"]["code"]) == (False, "validation_error")
