"""What keeps the service running: functions, settings, database, events, logs, alarms, tags."""

import ast
import re

from lambda_function.db.engine import RECYCLE, STATEMENT_TIMEOUT
from tests.terraform import code
from tests.terraform.plan import Plan, Resource, entrypoint, parsed

# settings.py also reads it for the command line. A function has a secret instead.
_COMMAND_LINE_ONLY = frozenset({"DATABASE_URL"})
_RESERVED = ("AWS_", "POWERTOOLS_")
_TAGS = {"project", "environment", "data", "managed-by"}
_PITR_DAYS_IN_PROD = 14
_SECONDS_OF_COGNITO = 5
# Calls are refused, schedules are silent and messages wait.
_SET_OFF_BY_MAINTENANCE = {
    "api-canary",
    "api-throttled",
    "cognito-throttled",
    "freed-time-lag",
    "messages-lag",
    "outbox-lag",
}
_AGE_OF_OUR_QUEUES = re.compile(r"queue-(notifications|registration|country-[a-z]{2})-age")
# There are none of these where visits are not registered in countries.
_OF_COUNTRIES = {"country_processor", "registration"}
_SECONDS_OF_A_FREEZE = 60
_SECONDS_OF_API_GATEWAY = 30


def every_entrypoint_has_its_function(plan: Plan) -> None:
    functions = plan.functions().values()
    without = set() if plan.choice("countries") else _OF_COUNTRIES
    assert {entrypoint(function) for function in functions} == code.entrypoints() - without
    for function in functions:
        assert function.values["handler"] == f"lambda_function.entrypoints.{entrypoint(function)}.handler"


def functions_get_exactly_the_settings_that_they_read(plan: Plan) -> None:
    for name, function in plan.functions().items():
        given = {*function.block("environment")["variables"], *_unknown_variables(function)}
        wanted = code.environment_of(entrypoint(function)) - _COMMAND_LINE_ONLY
        # A register has no readers.
        wanted -= {"READER_SECRET_ID"} if name.startswith("migrate_register") else set()
        surplus = {variable for variable in given - wanted if not variable.startswith(_RESERVED)}
        assert wanted <= given, f"{name} lacks {sorted(wanted - given)}"
        assert not surplus, f"{name} does not read {sorted(surplus)}"


def _unknown_variables(function: Resource) -> set[str]:
    unknown = function.unknown.get("environment") or [{}]
    variables = unknown[0].get("variables") or {}
    return set(variables) if isinstance(variables, dict) else set()


def functions_run_as_they_were_built(plan: Plan) -> None:
    for name, function in plan.functions().items():
        values = function.values
        assert (values["runtime"], values["architectures"]) == ("python3.13", ["arm64"]), name
        assert values["publish"] is True
        assert values["reserved_concurrent_executions"] >= 0, f"{name} may use up every connection of the database"
        assert function.given("source_code_hash")
        assert function.block("environment")["variables"]["POWERTOOLS_SERVICE_NAME"] == values["function_name"]


def functions_end_before_their_callers_give_up(plan: Plan) -> None:
    functions = plan.functions()
    assert functions["api"].values["timeout"] < _SECONDS_OF_API_GATEWAY
    assert functions["cognito"].values["timeout"] <= _SECONDS_OF_COGNITO
    for name in ("outbox_relay", "waitlist"):
        assert functions[name].values["timeout"] < 60, f"two runs of {name} would overlap"


def everybody_calls_the_alias(plan: Plan) -> None:
    aliases = {alias.address.split(".")[1]: alias for alias in plan.all("aws_lambda_alias")}
    assert aliases.keys() == plan.functions().keys()
    assert {alias.values["name"] for alias in aliases.values()} == {"live"}
    for permission in plan.all("aws_lambda_permission"):
        assert permission.values.get("qualifier") == "live", f"{permission.address} is about no version or about all"
    root = plan.configuration["root_module"]["resources"]
    callers = {
        "aws_apigatewayv2_integration.api": ("integration_uri", "module.api.alias_invoke_arn"),
        "aws_secretsmanager_secret_rotation.database": ("rotation_lambda_arn", "module.rotate_secret.alias_arn"),
        "aws_cognito_user_pool.main": ("post_confirmation", "module.cognito.alias_arn"),
    }
    for resource in root:
        if resource["address"] in callers:
            attribute, reference = callers.pop(resource["address"])
            expression = (
                resource["expressions"].get(attribute) or resource["expressions"]["lambda_config"][0][attribute]
            )
            assert reference in expression["references"], resource["address"]
    assert not callers
    for schedule in plan.all("aws_scheduler_schedule"):
        arn = schedule.block("target").get("arn")
        assert arn is None or "alias" in arn, schedule.address


def database_keeps_what_the_code_relies_on(plan: Plan) -> None:
    for group in plan.all("aws_db_parameter_group", "aws_rds_cluster_parameter_group"):
        values = {parameter["name"]: parameter["value"] for parameter in group.values["parameter"]}
        assert values.get("transaction_isolation") == "READ-COMMITTED"
        assert values.get("innodb_lock_wait_timeout") == "3"
        assert values.get("lock_wait_timeout") == "5"
        assert values.get("time_zone") == "UTC"
        assert values.get("character_set_server") == "utf8mb4"
        assert values.get("collation_server") == "utf8mb4_unicode_520_ci"


def the_server_ends_what_clients_give_up(plan: Plan) -> None:
    """A lock wait ends before its statement, a statement before its client, and an idle client within a minute, but
    only after the pool has replaced its connection.
    """
    for group in plan.all("aws_db_parameter_group", "aws_rds_cluster_parameter_group"):
        values = {parameter["name"]: parameter["value"] for parameter in group.values["parameter"]}
        lock, statement = int(values["innodb_lock_wait_timeout"]), int(values.get("max_execution_time", 0)) / 1000
        assert lock < statement < STATEMENT_TIMEOUT
        assert RECYCLE < int(values.get("wait_timeout", 28800)) <= _SECONDS_OF_A_FREEZE
        assert int(values.get("interactive_timeout", 28800)) <= _SECONDS_OF_A_FREEZE
        assert int(values.get("net_write_timeout", 60)) <= _SECONDS_OF_A_FREEZE / 2
    for proxy in plan.some("aws_db_proxy"):
        assert RECYCLE < proxy.values["idle_client_timeout"] <= _SECONDS_OF_A_FREEZE


def database_survives_mistakes(plan: Plan) -> None:
    for database in plan.all("aws_db_instance", "aws_rds_cluster"):
        assert database.values["backup_retention_period"] >= 1
        assert {"error", "slowquery"} <= set(database.values["enabled_cloudwatch_logs_exports"])
        if plan.environment == "prod":
            assert database.values["deletion_protection"] is True
            assert database.values["skip_final_snapshot"] is False
            assert database.values["delete_automated_backups"] is False
            assert database.values["backup_retention_period"] >= _PITR_DAYS_IN_PROD
            # A register is filled from the main database, so it may do without a standby.
            assert ".register" in database.address or database.values.get("multi_az", True) is True
    if plan.environment == "prod":
        for pool in plan.all("aws_cognito_user_pool"):
            assert pool.values["deletion_protection"] == "ACTIVE"


def passwords_rotate(plan: Plan) -> None:
    """Unless the rotation is off: while the secrets are still empty, and in maintenance."""
    rotations = plan.some("aws_secretsmanager_secret_rotation")
    secrets = {secret.key for secret in plan.all("aws_secretsmanager_secret")}
    rotates = plan.choice("rotation")["enabled"] and not plan.choice("maintenance")
    assert {rotation.key for rotation in rotations} == (secrets if rotates else set())
    for rotation in rotations:
        assert 1 <= rotation.block("rotation_rules")["automatically_after_days"] <= 90


def consumers_get_what_the_code_sends(plan: Plan) -> None:
    sent = (code.PACKAGE / "aws" / "events.py").read_text()
    names = {node.value for node in ast.walk(ast.parse(sent)) if isinstance(node, ast.Constant)}
    rules = [rule for rule in plan.all("aws_cloudwatch_event_rule") if ".consumer" in rule.address]
    countries = {f"country-{country.lower()}" for country in plan.choice("countries")}
    own = {"notifications", *countries, *({"registration"} if countries else ())}
    assert {rule.key for rule in rules} == {*plan.choice("event_consumers"), *own}
    for rule in rules:
        pattern = parsed(rule.values["event_pattern"])
        assert set(pattern["source"]) <= names, "nothing is ever sent from this source"
        assert pattern["detail-type"]


def relay_runs_every_minute(plan: Plan) -> None:
    schedules = {schedule.key: schedule for schedule in plan.all("aws_scheduler_schedule")}
    for name in ("relay", "waitlist", "messenger"):
        assert schedules[name].values["schedule_expression"] == "rate(1 minute)", name
    state = "DISABLED" if plan.choice("maintenance") else "ENABLED"
    assert {schedule.values["state"] for schedule in schedules.values()} == {state}


def nothing_is_lost_without_a_trace(plan: Plan) -> None:
    """Each function, schedule, rule and queue has a queue for what failed."""
    configured = {config.address.split(".")[1] for config in plan.all("aws_lambda_function_event_invoke_config")}
    assert configured == plan.functions().keys()
    for config in plan.all("aws_lambda_function_event_invoke_config"):
        assert config.values["destination_config"][0]["on_failure"], config.address
    for schedule in plan.all("aws_scheduler_schedule"):
        assert schedule.block("target")["dead_letter_config"], schedule.address
    for target in plan.some("aws_cloudwatch_event_target"):
        assert target.values.get("dead_letter_config"), target.address
    for queue in plan.all("aws_sqs_queue"):
        if "consumer" in queue.address:
            assert queue.given("redrive_policy"), queue.address


def logs_are_kept_for_a_while(plan: Plan) -> None:
    groups = plan.all("aws_cloudwatch_log_group")
    for group in groups:
        assert group.values["retention_in_days"] > 0, f"{group.address} is kept for ever"
    owned = {group.address.split(".")[1] for group in groups if group.address.startswith("module.")}
    assert owned == plan.functions().keys()


def every_alarm_rings(plan: Plan) -> None:
    halves = " ".join(alarm.values["alarm_rule"] for alarm in plan.all("aws_cloudwatch_composite_alarm"))
    for alarm in plan.all("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"):
        rings = bool(alarm.values.get("alarm_actions")) or "alarm_actions" in alarm.unknown
        name = alarm.values["alarm_name"]
        assert rings or f'ALARM("{name}")' in halves, f"{alarm.address} tells nobody"
        assert alarm.values["alarm_description"], alarm.address
        waits = alarm.key in _SET_OFF_BY_MAINTENANCE or _AGE_OF_OUR_QUEUES.fullmatch(alarm.key)
        silent = bool(plan.choice("maintenance") and (waits or "composite" in alarm.type))
        assert (alarm.values.get("actions_enabled") is False) == silent, alarm.address
    assert plan.all("aws_sns_topic_subscription")


def alarms_watch_metrics_that_the_code_sends(plan: Plan) -> None:
    source = code.source()
    for alarm in plan.all("aws_cloudwatch_metric_alarm"):
        if alarm.values.get("namespace") == "DentistAppointments":
            assert f'"{alarm.values["metric_name"]}"' in source, f"{alarm.address} can never ring"


def everything_important_has_an_alarm(plan: Plan) -> None:
    alarms = plan.all("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")
    prefix = f"dentist-{plan.environment}-"
    names = {alarm.values["alarm_name"].removeprefix(prefix) for alarm in alarms}
    functions = {function.values["function_name"].removeprefix(prefix) for function in plan.functions().values()}
    wanted = {f"{name}-{trouble}" for name in functions for trouble in ("failed", "throttled")}
    wanted |= {f"{what}-{speed}" for what in ("availability", "latency") for speed in ("fast", "slow")}
    wanted |= {
        "outbox-lag",
        "freed-time-lag",
        "offers-failed",
        "messages-lag",
        "messages-failed",
        "mail-bounces",
        "mail-complaints",
        "api-internal-error",
        "database-cpu",
        "database-connections",
        "queue-failed",
        "refusals",
    }
    wanted |= {f"queue-{queue.key}-dead" for queue in plan.all("aws_sqs_queue") if ".dead" in queue.address}
    assert wanted <= names, f"nobody hears of {sorted(wanted - names)}"


def money_is_watched(plan: Plan) -> None:
    for budget in plan.all("aws_budgets_budget"):
        limits = {(item["notification_type"], item["threshold"]) for item in budget.values["notification"]}
        assert {("ACTUAL", 80), ("FORECASTED", 100)} <= limits


def everything_is_tagged(plan: Plan) -> None:
    tags = plan.outputs["tags"]["value"]
    assert tags.keys() >= _TAGS
    assert tags["environment"] == plan.environment
    default = plan.configuration["provider_config"]["aws"]["expressions"]["default_tags"][0]["tags"]
    assert default["references"] == ["local.tags"]


def names_carry_the_environment(plan: Plan) -> None:
    attributes = ("name", "function_name", "identifier", "cluster_identifier", "bucket", "alarm_name", "dashboard_name")
    elsewhere = {"aws_lambda_alias", "aws_iam_role_policy", "aws_apigatewayv2_stage", "aws_apigatewayv2_authorizer"}
    elsewhere |= {
        "aws_lambda_event_source_mapping",
        "aws_cognito_user_group",
        "aws_scheduler_schedule",
        "aws_route53_record",
        "aws_default_security_group",
        "aws_db_proxy_default_target_group",
    }
    for resource in plan.everything:
        for attribute in attributes:
            name = resource.values.get(attribute)
            refers = (resource.type, attribute) == ("aws_rds_cluster_instance", "cluster_identifier")
            if isinstance(name, str) and resource.type not in elsewhere and not refers:
                assert re.search(rf"dentist-{plan.environment}\b", name), f"{resource.address}: {name}"
