"""What people meet at the edge: limits of requests, mails, and maintenance."""

from lambda_function.api.app import DEFAULT_KEY, PUBLIC_KEYS, PUBLIC_ROUTES
from lambda_function.pages.app import PAGE_KEYS
from tests.docs import limits
from tests.terraform.plan import Plan

# Nobody calls the rotation while there is none, and queues of countries stand still; the others are what a restore is
# done with.
_FOR_OPERATORS = {"country_processor", "migrate", "migrate_register", "operator", "rotate_secret"}
# The keys of HEAD, each with that of its GET. All others arrive by $default.
_HEADS = {key.replace("GET", "HEAD", 1): key for key in PUBLIC_ROUTES | PAGE_KEYS if key.startswith("GET ")}


def requests_are_throttled(plan: Plan) -> None:
    for stage in plan.all("aws_apigatewayv2_stage"):
        usual = stage.block("default_route_settings")
        assert usual["throttling_rate_limit"] > 0
        assert usual["throttling_burst_limit"] > 0
        routes = {setting["route_key"]: setting for setting in stage.values["route_settings"]}
        own = {DEFAULT_KEY, *PUBLIC_KEYS, *PAGE_KEYS}
        assert own <= routes.keys(), f"anybody may call {own - routes.keys()} as often as they like"
        for setting in routes.values():
            assert 0 < setting["throttling_rate_limit"] <= usual["throttling_rate_limit"]
            assert 0 < setting["throttling_burst_limit"] <= usual["throttling_burst_limit"]
        for head, key in _HEADS.items():
            assert {**routes[head], "route_key": key} == routes[key], f"{head} is as much work as {key}"


def people_meet_no_limit_before_the_stage_is_full(plan: Plan) -> None:
    """As long as they use the routes as the example of operations.md does."""
    for stage in plan.all("aws_apigatewayv2_stage"):
        whole = stage.block("default_route_settings")["throttling_rate_limit"]
        routes = {setting["route_key"]: setting["throttling_rate_limit"] for setting in stage.values["route_settings"]}
        for key, part in limits.parts_of_the_requests().items():
            assert routes.pop(key, 0) >= part * whole, f"{key} is refused while the stage has room"
        assert routes.keys() == _HEADS.keys(), "a limit that operations.md does not promise"


def mails_are_not_limited_in_prod(plan: Plan) -> None:
    """Cognito's own mailer sends 50 a day."""
    for pool in plan.all("aws_cognito_user_pool"):
        mailer = pool.block("email_configuration")
        identity = plan.choice("mail")
        assert identity or plan.environment != "prod", "prod has no identity for mails"
        if identity:
            assert mailer.get("email_sending_account") == "DEVELOPER"
            assert mailer["source_arn"] == identity["identity_arn"]
            assert mailer["from_email_address"] == identity["from"]


def maintenance_leaves_the_database_to_operators(plan: Plan) -> None:
    """Outside it every function runs."""
    for name, function in plan.functions().items():
        connected = "DATABASE_TLS" in function.block("environment")["variables"]
        stopped = plan.choice("maintenance") and connected and name.partition("[")[0] not in _FOR_OPERATORS
        assert (function.values["reserved_concurrent_executions"] == 0) == stopped, name
