"""What is there in the emulator, to see that a teardown leaves nothing behind."""

from collections.abc import Mapping
from typing import Any, Final

import boto3
import jmespath
from botocore.config import Config

from dev.drill.emulator import ACCOUNT

# For each kind, the call that lists it, and where its names are in the answer.
_LISTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("apigatewayv2", "get_apis", "Items[].ApiId"),
    ("budgets", "describe_budgets", "Budgets[].BudgetName"),
    ("cloudwatch", "describe_alarms", "[MetricAlarms, CompositeAlarms][][].AlarmName"),
    ("cloudwatch", "list_dashboards", "DashboardEntries[].DashboardName"),
    ("cognito-idp", "list_user_pools", "UserPools[].Id"),
    ("ec2", "describe_security_groups", "SecurityGroups[].GroupId"),
    ("ec2", "describe_subnets", "Subnets[].SubnetId"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints[].VpcEndpointId"),
    ("ec2", "describe_vpcs", "Vpcs[].VpcId"),
    ("events", "list_archives", "Archives[].ArchiveName"),
    ("events", "list_event_buses", "EventBuses[].Name"),
    ("events", "list_rules", "Rules[].Name"),
    ("iam", "list_roles", "Roles[].RoleName"),
    ("kms", "list_aliases", "Aliases[].AliasName"),
    ("lambda", "list_event_source_mappings", "EventSourceMappings[].UUID"),
    ("lambda", "list_functions", "Functions[].FunctionName"),
    ("logs", "describe_log_groups", "logGroups[].logGroupName"),
    ("rds", "describe_db_instances", "DBInstances[].DBInstanceIdentifier"),
    ("rds", "describe_db_parameter_groups", "DBParameterGroups[].DBParameterGroupName"),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups[].DBSubnetGroupName"),
    ("s3", "list_buckets", "Buckets[].Name"),
    ("scheduler", "list_schedule_groups", "ScheduleGroups[].Name"),
    ("secretsmanager", "list_secrets", "SecretList[].Name"),
    ("sesv2", "list_configuration_sets", "ConfigurationSets[]"),
    ("sesv2", "list_email_identities", "EmailIdentities[].IdentityName"),
    ("sns", "list_topics", "Topics[].TopicArn"),
    ("sqs", "list_queues", "QueueUrls[]"),
    ("ssm", "describe_parameters", "Parameters[].Name"),
)
_ARGUMENTS: Final[dict[str, dict[str, Any]]] = {
    "describe_budgets": {"AccountId": ACCOUNT},
    "list_user_pools": {"MaxResults": 60},
}
# The bucket of the state holds the history of all environments, so Terraform refuses to delete it.
_STAYS: Final = "s3 dentist-state-"


def inventory(environment: Mapping[str, str]) -> set[str]:
    """Returns the service and the name of whatever is there, except what stays on purpose."""
    session = boto3.Session(
        environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], region_name=environment["AWS_REGION"]
    )
    found = set()
    for service, operation, names in _LISTS:
        client: Any = session.client(  # type: ignore[call-overload]  # the overloads know services by literal names
            service, endpoint_url=environment["AWS_ENDPOINT_URL"], config=Config(proxies={})
        )
        answer = getattr(client, operation)(**_ARGUMENTS.get(operation, {}))
        found |= {f"{service} {name}" for name in jmespath.search(names, answer) or ()}
    return {name for name in found if not name.startswith(_STAYS)}
