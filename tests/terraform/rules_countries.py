"""The registers of countries: which events reach them, what their functions may read, and how it is noticed that one of
them is away.
"""

from datetime import timedelta
from typing import Any

from lambda_function.domain.registration import ON_ITS_WAY, REGISTERED, REGISTRATION_FAILED
from tests.terraform import code
from tests.terraform.plan import Condition, Plan, Resource, Statement, parsed

_OUTCOMES = {REGISTERED, REGISTRATION_FAILED}
_MAY_BE_AWAY = timedelta(minutes=30)
_PEOPLE_WAIT_SECONDS = 3600
_OF_A_PROCESSOR = {
    "secretsmanager:GetSecretValue",
    "kms:Decrypt",
    "events:PutEvents",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
}
_OF_EVERY_FUNCTION = {"WriteLogs", "KeepFailedEvents", "UseTheKeyOfQueueAndEnvironment"}


def a_country_gets_its_own_changes_alone(plan: Plan) -> None:
    """With an outcome among them, each one would cause the next."""
    for name in _countries(plan):
        pattern = _pattern(plan, f"country-{name}")
        assert pattern.get("detail") == {"country": [name.upper()]}, name
        kinds = set(pattern["detail-type"])
        assert not kinds & _OUTCOMES, name
        assert kinds == code.kinds_of_changes(), name


def outcomes_go_back_to_the_main_database(plan: Plan) -> None:
    takers = {rule.key for rule in _rules(plan) if _OUTCOMES & set(parsed(rule.values["event_pattern"])["detail-type"])}
    assert takers - set(plan.choice("event_consumers")) == ({"registration"} if _countries(plan) else set())
    if _countries(plan):
        assert set(_pattern(plan, "registration")["detail-type"]) == _OUTCOMES


def a_country_may_be_away_for_half_an_hour(plan: Plan) -> None:
    """And no message is tried for longer than a check of the register takes it to be on its way."""
    for name in _countries(plan):
        queue = plan.named(f'aws_sqs_queue.consumer["country-{name}"]')
        receives = int(_variables(plan, "country_processor", name)["MAX_RECEIVES"])
        redrive = parsed(queue.values.get("redrive_policy"))
        assert redrive is None or redrive["maxReceiveCount"] == receives, f"{name}: nobody says that it has failed"
        tried_for = timedelta(seconds=queue.values["visibility_timeout_seconds"] * receives)
        assert _MAY_BE_AWAY <= tried_for <= ON_ITS_WAY, name


def a_processor_reads_what_it_brings_and_its_own_register(plan: Plan) -> None:
    for name in _countries(plan):
        own = _own(plan, "country_processor", name)
        assert {action for statement in own if statement.allows for action in statement.actions} == _OF_A_PROCESSOR, (
            name
        )
        assert _secrets(own) <= {"database/reader", f"register/{name}/app"}, name
        variables = _variables(plan, "country_processor", name)
        assert variables["COUNTRY"] == name.upper()
        assert variables.get("DATABASE_SECRET_ID", "/database/reader").endswith("/database/reader"), name
        register = f"/register/{name}/app"
        assert variables.get("REGISTER_SECRET_ID", register).endswith(register), name
        queues = {resource for each in own if "sqs:ReceiveMessage" in each.actions for resource in each.resources}
        assert all(queue.endswith(f"dentist-{plan.environment}-country-{name}") for queue in queues), name


def a_processor_tells_of_outcomes_alone(plan: Plan) -> None:
    """Whoever may publish an event of another kind has patients written to."""
    for name in _countries(plan):
        own = _own(plan, "country_processor", name)
        for statement in own:
            if "events:PutEvents" in statement.actions:
                condition = statement.conditions.get("events:detail-type")
                assert condition == Condition("StringEquals", frozenset(_OUTCOMES)), name


def a_country_migrates_with_its_own_secrets(plan: Plan) -> None:
    for name in _countries(plan):
        own = _own(plan, "migrate_register", name)
        users = {f"register/{name}/app", f"register/{name}/migrator"}
        written = [statement for statement in own if "secretsmanager:PutSecretValue" in statement.actions]
        assert written, name
        assert _secrets(written) <= users, name
        masters = _secrets(own) - users
        assert all(f"register-{name}" in master for master in masters), name
        assert _variables(plan, "migrate_register", name)["SCHEMA"] == "register"


def the_reader_is_for_registers_alone(plan: Plan) -> None:
    readers = {
        statement.document.split(".")[1].partition("[")[0]
        for statement in plan.statements
        if "database/reader" in _secrets([statement])
    }
    assert readers <= ({"country_processor", "migrate", "rotate_secret"} if _countries(plan) else set())


def a_register_is_in_a_group_of_its_own(plan: Plan) -> None:
    servers = _registers(plan)
    assert {server.values["identifier"].split("-register-")[1].split("-")[0] for server in servers} == _countries(plan)
    calls = {connection.key for connection in plan.all("aws_vpc_security_group_ingress_rule")}
    assert {key for key in calls if "register" in key} == {f"functions-register-{name}" for name in _countries(plan)}
    for server in servers:
        assert server.given("vpc_security_group_ids"), server.address
        groups = server.values.get("vpc_security_group_ids") or []
        assert all("register" in group for group in groups), server.address


def every_country_is_watched(plan: Plan) -> None:
    alarms = {alarm.key: alarm for alarm in plan.all("aws_cloudwatch_metric_alarm")}
    for name in _countries(plan):
        watched = {
            f"country-{name}-lag": "RegisterLagSeconds",
            f"country-{name}-registrations-failed": "RegistrationFailed",
            f"queue-country-{name}-dead": "ApproximateNumberOfMessagesVisible",
        }
        for key, metric in watched.items():
            assert key in alarms, f"nobody hears of {key}"
            assert alarms[key].values["metric_name"] == metric
        for queue in (f"country-{name}", "registration"):
            assert alarms[f"queue-{queue}-age"].values["threshold"] <= _PEOPLE_WAIT_SECONDS, queue


def whoever_has_no_countries_pays_for_none(plan: Plan) -> None:
    if not _countries(plan):
        names = {function.values["function_name"] for function in plan.functions().values()}
        assert f"dentist-{plan.environment}-registration" not in names
        assert not _registers(plan)
        assert {secret.key for secret in plan.all("aws_secretsmanager_secret")} == {"app", "migrator"}


def _countries(plan: Plan) -> set[str]:
    return {code.lower() for code in plan.choice("countries") or {}}


def _rules(plan: Plan) -> list[Resource]:
    return [rule for rule in plan.all("aws_cloudwatch_event_rule") if ".consumer" in rule.address]


def _pattern(plan: Plan, consumer: str) -> dict[str, Any]:
    [rule] = [rule for rule in _rules(plan) if rule.key == consumer]
    return dict(parsed(rule.values["event_pattern"]))


def _registers(plan: Plan) -> list[Resource]:
    return [server for server in plan.some("aws_db_instance") if ".register" in server.address]


def _variables(plan: Plan, module: str, country: str) -> dict[str, str]:
    return dict(plan.functions()[f'{module}["{country}"]'].block("environment")["variables"])


def _own(plan: Plan, module: str, country: str) -> list[Statement]:
    """Returns what this function may do beside what all may that are in the network."""
    document = f'module.{module}["{country}"].data.aws_iam_policy_document.this'
    own = [statement for statement in plan.statements if statement.document.startswith(document)]
    return [each for each in own if each.sid not in {*_OF_EVERY_FUNCTION, "AttachToTheNetwork"}]


def _secrets(statements: list[Statement]) -> set[str]:
    """Returns the names of the secrets in statements, without the environment's."""
    return {
        resource.rpartition(":")[2].partition("/")[2].partition("/")[2] or resource
        for statement in statements
        if any(action.startswith("secretsmanager:") for action in statement.actions)
        for resource in statement.resources
    }
