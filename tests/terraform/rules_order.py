"""What has to exist before something else. A reference to a role is no reference to its policy, and a resource that is
made in between works against a role that may do nothing yet.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.terraform.plan import Plan

# Resource, and what it needs without mentioning it.
_NEEDS = (
    ("aws_budgets_budget.monthly", "aws_sns_topic_policy.alarms"),
    ("aws_cloudwatch_composite_alarm.burn", "aws_sns_topic_policy.alarms"),
    ("aws_cloudwatch_event_target.consumer", "aws_sqs_queue_policy.consumer"),
    ("aws_cloudwatch_event_target.consumer", "aws_sqs_queue_policy.failed"),
    ("aws_cloudwatch_event_target.mail", "aws_sqs_queue_policy.consumer"),
    ("aws_cloudwatch_event_target.mail", "aws_sqs_queue_policy.failed"),
    ("aws_cloudwatch_metric_alarm.main", "aws_sns_topic_policy.alarms"),
    ("aws_cloudwatch_metric_alarm.refusals", "aws_sns_topic_policy.alarms"),
    ("aws_db_proxy_target.main", "aws_rds_cluster_instance.main"),
    ("aws_s3_bucket_logging.main", "aws_s3_bucket_policy.main"),
    ("aws_secretsmanager_secret_rotation.database", "aws_lambda_permission.rotation"),
)
_RIGHTS = {"aws_iam_role_policy", "aws_iam_role_policy_attachment"}
_ROLE = re.compile(r'"(aws_iam_role\.\w+)"')


def whoever_uses_a_role_waits_for_its_rights(plan: Plan) -> None:
    seen = 0
    for module in _modules(plan.configuration["root_module"]):
        resources = [resource for resource in module.get("resources", []) if resource["mode"] == "managed"]
        policies = {
            role: resource["address"]
            for resource in resources
            if resource["type"] in _RIGHTS
            for role in _roles(resource)
        }
        for resource in resources:
            for role in _roles(resource) if resource["type"] not in _RIGHTS else ():
                seen += 1
                assert policies[role] in resource.get("depends_on", []), f"{resource['address']}: {policies[role]}"
    assert seen


def _modules(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield module
    for call in module.get("module_calls", {}).values():
        yield from _modules(call["module"])


def _roles(resource: Mapping[str, Any]) -> set[str]:
    return set(_ROLE.findall(json.dumps(resource.get("expressions", {}))))


def nothing_is_made_before_what_it_needs(plan: Plan) -> None:
    resources = {resource["address"]: resource for resource in plan.configuration["root_module"]["resources"]}
    for address, needed in _NEEDS:
        assert needed in resources[address].get("depends_on", []), f"{address} may be made before {needed}"
