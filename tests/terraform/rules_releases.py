"""How a version of the API gets its requests: tried first, then a few, then all."""

import re

from tests.terraform.plan import Plan

_HOOK = "before_traffic"
# A canary has five minutes, so an alarm that stops it must not wait for as long.
_SECONDS_OF_AN_ALARM = 60
_ALARMS = {"api-canary", "api-failed", "api-internal-error"}
_OF_EVERY_FUNCTION = {"WriteLogs", "KeepFailedEvents", "UseTheKeyOfQueueAndEnvironment"}
_OF_THE_HOOK = {
    "codedeploy:GetApplicationRevision",
    "codedeploy:GetDeployment",
    "codedeploy:PutLifecycleEventHookExecutionStatus",
    "lambda:InvokeFunction",
}


def new_versions_meet_few_requests_first(plan: Plan) -> None:
    for group in plan.all("aws_codedeploy_deployment_group"):
        assert plan.environment != "prod" or "AllAtOnce" not in group.values["deployment_config_name"]
    shifted = [alias.address for alias in plan.all("aws_lambda_alias") if ".shifted" in alias.address]
    assert shifted == ["module.api.aws_lambda_alias.shifted[0]"]


def alarms_stop_a_deployment_in_time(plan: Plan) -> None:
    alarms = {alarm.values["alarm_name"]: alarm for alarm in plan.all("aws_cloudwatch_metric_alarm")}
    for group in plan.all("aws_codedeploy_deployment_group"):
        watched = group.block("alarm_configuration")
        assert watched["enabled"] is True
        assert set(watched["alarms"]) == {f"dentist-{plan.environment}-{name}" for name in _ALARMS}
        for name in watched["alarms"]:
            values = alarms[name].values
            assert values["period"] * values["evaluation_periods"] <= _SECONDS_OF_AN_ALARM, name
        rollback = group.block("auto_rollback_configuration")
        assert rollback["enabled"] is True
        assert {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"} <= set(rollback["events"])


def codedeploy_may_have_a_version_tried(plan: Plan) -> None:
    calls = [
        statement
        for statement in plan.statements
        if statement.document == "data.aws_iam_policy_document.codedeploy"
        and "lambda:InvokeFunction" in statement.actions
    ]
    assert len(calls) == 1
    assert all(resource.endswith("-before-traffic") for resource in calls[0].resources)


def what_tries_versions_may_do_nothing_else(plan: Plan) -> None:
    own = [
        statement
        for statement in plan.statements
        if statement.document.startswith(f"module.{_HOOK}.data.aws_iam_policy_document.this")
        and statement.sid not in _OF_EVERY_FUNCTION
    ]
    assert {action for statement in own for action in statement.actions} == _OF_THE_HOOK
    for resource in {resource for statement in own for resource in statement.resources}:
        assert re.search(rf"\bdentist-{plan.environment}-api\b(?!-)", resource), resource


def the_api_starts_in_one_way(plan: Plan) -> None:
    """A function with a snapshot cannot keep executions started, and those have to follow the alias."""
    for kept in plan.some("aws_lambda_provisioned_concurrency_config"):
        assert kept.address.startswith("module.api."), kept.address
        assert kept.values["qualifier"] == "live"
        api = plan.functions()["api"].values
        assert not api.get("snap_start")
        assert 0 < kept.values["provisioned_concurrent_executions"] <= api["reserved_concurrent_executions"]


def trials_outlast_the_api(plan: Plan) -> None:
    functions = plan.functions()
    assert functions[_HOOK].values["timeout"] > 4 * functions["api"].values["timeout"]
