"""Who may reach what and do what: network, callers, roles, secrets, encryption."""

import re

from dev import cors
from lambda_function.api.app import PREFLIGHT_KEY, PUBLIC_KEYS
from lambda_function.aws.events import SOURCE
from lambda_function.pages.app import PAGE_KEYS
from tests.terraform import code
from tests.terraform.plan import Condition, Plan, parsed

# Statements, by document, in which AWS takes only `*`, or in which `*` means less than it seems.
_STAR_IS_RIGHT = re.compile(
    r"^(module\.\w+(\[[^\]]+\])?\.)?data\.aws_iam_policy_document\.("
    # Lambda's network interfaces and DescribeAlarms do not support resources in policies.
    r"this(\[0\])?: (AttachToTheNetwork|KeepTheNetworkFromTheCode)|codedeploy: WatchAlarms"
    # A text message has no ARN. Rule the_messenger_publishes_to_no_topic wants the topics denied.
    r"|this(\[0\])?: SendTextMessages"
    # In a key's policy `*` means the key itself.
    r"|(database|service)_key: \w+"
    # An endpoint lets roles of this account do what their own policies allow.
    r"|endpoint: OnlyThisAccount)$"
)
# What API Gateway itself names when it refuses a route.
_PART_OF_A_PATH = re.compile(r"\{[\w.-]+\+?\}|[a-zA-Z0-9._-]+")
_WIDE_ACTIONS = {"TheAccountDecidesByIam": {"kms:*"}, "OnlyThisAccount": {"*"}}
# All that the access log may say of a request. Beside it, there are addresses, users, queries, and paths with secrets.
_TELL_NOTHING = {
    "authorizer.error",
    "integrationErrorMessage",
    "integrationLatency",
    "requestId",
    "requestTime",
    "responseLatency",
    "responseLength",
    "routeKey",
    "status",
}
_SHORT_LIVED_MINUTES = 15


def database_is_private(plan: Plan) -> None:
    for database in plan.all("aws_db_instance", "aws_rds_cluster_instance"):
        assert database.values["publicly_accessible"] is False
    for rule in plan.all("aws_vpc_security_group_ingress_rule"):
        assert rule.given("referenced_security_group_id"), f"{rule.address} lets addresses in instead of a group"
        assert not rule.given("cidr_ipv4"), rule.address
        assert not rule.given("cidr_ipv6"), rule.address


def network_has_no_way_out(plan: Plan) -> None:
    assert not plan.some("aws_internet_gateway", "aws_nat_gateway", "aws_egress_only_internet_gateway", "aws_route")
    for subnet in plan.all("aws_subnet"):
        assert subnet.values["map_public_ip_on_launch"] is False
    for rule in plan.all("aws_vpc_security_group_egress_rule"):
        assert rule.given("referenced_security_group_id"), f"{rule.address} leads to addresses instead of a group"
    for group in plan.all("aws_default_security_group"):
        assert not group.values.get("ingress"), group.address
        assert not group.values.get("egress"), group.address


def network_writes_flow_logs(plan: Plan) -> None:
    for flow in plan.all("aws_flow_log"):
        assert flow.values["traffic_type"] == "ALL"
        assert flow.given("log_destination")


def every_route_but_the_public_ones_asks_for_a_token(plan: Plan) -> None:
    for route in plan.all("aws_apigatewayv2_route"):
        public = route.values["route_key"] in PUBLIC_KEYS | PAGE_KEYS
        assert route.values["authorization_type"] == ("NONE" if public else "JWT"), route.address
        assert route.given("authorizer_id") is not public, route.address


def browsers_can_ask_before_they_call(plan: Plan) -> None:
    """Preflights need no authorizer. Pages may send and read the same as at the local gateway."""
    asked = [route for route in plan.all("aws_apigatewayv2_route") if route.values["route_key"] == PREFLIGHT_KEY]
    assert [route.values["authorization_type"] for route in asked] == ["NONE"]
    assert all(route.given("target") for route in asked)
    for api in plan.all("aws_apigatewayv2_api"):
        for allowed in api.values["cors_configuration"]:
            assert set(allowed["allow_methods"]) == set(cors.METHODS)
            assert set(allowed["allow_headers"]) == set(cors.REQUEST_HEADERS)
            assert set(allowed["expose_headers"]) == set(cors.ANSWER_HEADERS)
            assert allowed["max_age"] == cors.MAX_AGE_SECONDS
            assert not allowed.get("allow_credentials")


def routes_are_those_of_the_code(plan: Plan) -> None:
    planned = {route.values["route_key"] for route in plan.all("aws_apigatewayv2_route")}
    assert planned == code.routes()


def api_gateway_takes_every_route(plan: Plan) -> None:
    for route in plan.all("aws_apigatewayv2_route"):
        _, _, path = route.values["route_key"].partition(" ")
        assert all(_PART_OF_A_PATH.fullmatch(part) for part in path.split("/")[1:]), route.address


def tokens_are_short_lived_and_checked(plan: Plan) -> None:
    for client in plan.all("aws_cognito_user_pool_client"):
        assert client.block("token_validity_units")["access_token"] == "minutes"
        assert client.values["access_token_validity"] <= _SHORT_LIVED_MINUTES
        assert client.values["enable_token_revocation"] is True
        assert client.values["prevent_user_existence_errors"] == "ENABLED"
    for authorizer in plan.all("aws_apigatewayv2_authorizer"):
        assert authorizer.values["authorizer_type"] == "JWT"
        assert authorizer.values["identity_sources"] == ["$request.header.Authorization"]


def staff_can_use_an_authenticator_app(plan: Plan) -> None:
    for pool in plan.all("aws_cognito_user_pool"):
        assert pool.values["mfa_configuration"] in {"OPTIONAL", "ON"}
        assert pool.block("software_token_mfa_configuration")["enabled"] is True


def passwords_are_never_sent_in_prod(plan: Plan) -> None:
    for client in plan.all("aws_cognito_user_pool_client"):
        flows = set(client.values["explicit_auth_flows"])
        assert "ALLOW_USER_SRP_AUTH" in flows
        assert "ALLOW_ADMIN_USER_PASSWORD_AUTH" not in flows
        assert plan.environment != "prod" or "ALLOW_USER_PASSWORD_AUTH" not in flows


def no_statement_covers_all_resources(plan: Plan) -> None:
    for statement in plan.statements:
        assert "*" not in statement.resources or _STAR_IS_RIGHT.match(statement.name), statement.name


def no_statement_allows_all_actions(plan: Plan) -> None:
    for statement in plan.statements:
        wide = {action for action in statement.actions if "*" in action}
        assert not statement.allows or wide <= _WIDE_ACTIONS.get(statement.sid, set()), statement.name


def no_policy_trusts_everybody(plan: Plan) -> None:
    for statement in plan.statements:
        everybody = statement.allows and "*" in statement.principals
        assert not everybody or "aws:PrincipalAccount" in statement.conditions, statement.name


def events_are_published_in_our_name_alone(plan: Plan) -> None:
    publishing = [statement for statement in plan.statements if "events:PutEvents" in statement.actions]
    assert publishing
    for statement in publishing:
        source = statement.conditions.get("events:source")
        assert source == Condition("ForAllValues:StringEquals", frozenset({SOURCE})), statement.name


def every_statement_says_its_purpose(plan: Plan) -> None:
    assert plan.statements
    for statement in plan.statements:
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]+", statement.sid), f"{statement.document} has a statement without sid"


def every_policy_is_a_document(plan: Plan) -> None:
    """Policies written as text would escape the rules above."""
    kinds = {"aws_iam_role": "assume_role_policy"}
    for resource in plan.everything:
        name = kinds.get(resource.type, "policy")
        written = "jsonencode" in str(_expression(plan, resource.address).get(name, {}))
        assert not written, f"{resource.address}.{name}"
    assert not plan.some("aws_iam_policy", "aws_iam_user", "aws_iam_access_key")
    managed = [attachment.values["policy_arn"] for attachment in plan.some("aws_iam_role_policy_attachment")]
    assert all(arn.endswith("service-role/AmazonRDSEnhancedMonitoringRole") for arn in managed), managed


def _expression(plan: Plan, address: str) -> dict[str, object]:
    for resource in plan.configuration["root_module"]["resources"]:
        if resource["address"] == re.sub(r"\[.*\]$", "", address):
            return dict(resource.get("expressions", {}))
    return {}


def every_function_has_a_role_of_its_own(plan: Plan) -> None:
    functions = plan.functions()
    roles = {role.address for role in plan.all("aws_iam_role")}
    assert {f"module.{name}.aws_iam_role.this" for name in functions} <= roles


def only_migrations_write_secrets_of_users(plan: Plan) -> None:
    writers = {
        statement.document.split(".")[1].partition("[")[0]
        for statement in plan.statements
        if statement.actions & {"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"}
    }
    registers = {"migrate_register"} if plan.choice("countries") else set()
    assert writers == {"migrate", "rotate_secret"} | registers
    for statement in plan.statements:
        if statement.document.startswith("module.api."):
            assert not any("migrator" in resource or "master" in resource for resource in statement.resources)


def terraform_holds_no_secret(plan: Plan) -> None:
    assert not plan.some("aws_secretsmanager_secret_version")
    for database in plan.all("aws_db_instance", "aws_rds_cluster"):
        assert database.values["manage_master_user_password"] is True
        assert not database.values.get("password")
        assert not database.values.get("master_password")
    for parameter in plan.all("aws_ssm_parameter"):
        assert not re.search(r"secret|password", parameter.key), parameter.address


def everything_stored_is_encrypted(plan: Plan) -> None:
    for database in plan.all("aws_db_instance", "aws_rds_cluster"):
        assert database.values["storage_encrypted"] is True
        assert database.given("kms_key_id")
        assert database.given("master_user_secret_kms_key_id")
    keys = {
        "aws_cloudwatch_log_group": "kms_key_id",
        "aws_lambda_function": "kms_key_arn",
        "aws_scheduler_schedule": "kms_key_arn",
        "aws_secretsmanager_secret": "kms_key_id",
        "aws_sns_topic": "kms_master_key_id",
        "aws_sqs_queue": "kms_master_key_id",
    }
    for kind, attribute in keys.items():
        for resource in plan.all(kind):
            assert resource.given(attribute), f"{resource.address} is not encrypted with our key"
    for key in plan.all("aws_kms_key"):
        assert key.values["enable_key_rotation"] is True


def buckets_are_private_versioned_and_tidied(plan: Plan) -> None:
    buckets = {bucket.key for bucket in plan.all("aws_s3_bucket")}
    assert buckets == {"packages", "exports", "logs"}
    companions = {
        kind: {resource.key: resource for resource in plan.all(kind)}
        for kind in (
            "aws_s3_bucket_public_access_block",
            "aws_s3_bucket_versioning",
            "aws_s3_bucket_server_side_encryption_configuration",
            "aws_s3_bucket_lifecycle_configuration",
            "aws_s3_bucket_policy",
        )
    }
    for kind, found in companions.items():
        assert found.keys() == buckets, f"{kind} is missing for {buckets - found.keys()}"
    for block in companions["aws_s3_bucket_public_access_block"].values():
        shut = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
        assert all(block.values[name] is True for name in shut), block.address
    for versioning in companions["aws_s3_bucket_versioning"].values():
        assert versioning.block("versioning_configuration")["status"] == "Enabled"


def tls_is_the_only_way_to_the_database(plan: Plan) -> None:
    for group in plan.all("aws_db_parameter_group", "aws_rds_cluster_parameter_group"):
        values = {parameter["name"]: parameter["value"] for parameter in group.values["parameter"]}
        assert values.get("require_secure_transport") in {"1", "ON"}
    for function in plan.functions().values():
        if not function.values.get("vpc_config"):
            continue  # there is no way from there to the database
        variables = function.block("environment")["variables"]
        assert variables.get("DATABASE_TLS") == "verify", function.address
        assert variables.get("DATABASE_CA_FILE", "").startswith("/"), function.address
    for proxy in plan.some("aws_db_proxy"):
        assert proxy.values["require_tls"] is True


def access_log_names_nobody(plan: Plan) -> None:
    for stage in plan.all("aws_apigatewayv2_stage"):
        fields = parsed(stage.block("access_log_settings")["format"])
        assert fields["request_id"] == "$context.requestId"
        for field in fields.values():
            assert field.removeprefix("$context.") in _TELL_NOTHING, field
