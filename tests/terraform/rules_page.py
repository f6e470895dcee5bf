"""The page behind the link of a message: who reaches it, how often, and what may not come to know the link."""

from typing import Any

from lambda_function.pages.app import PAGE_KEYS
from tests.terraform.plan import Plan, Resource, parsed

# AWS's managed policies: nothing is cached, and everything but the Host header reaches the API.
_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_ALL_VIEWER_EXCEPT_HOST_HEADER = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
_METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
# The errors that CloudFront keeps for ten seconds unless it is told not to.
_KEPT = {400, 403, 404, 405, 414, 500, 501, 502, 503, 504}
# A guesser may use each route of the page for so much of the stage's limit, but always for a few requests a second.
_PART, _FEW = 0.2, 5
# What would change answers on their way, or look at requests.
_BETWEEN = (
    "field_level_encryption_id",
    "function_association",
    "lambda_function_association",
    "response_headers_policy_id",
)
# Resources that write down requests with their paths.
_LOGS_OF_REQUESTS = (
    "aws_cloudfront_realtime_log_config",
    "aws_cloudwatch_log_delivery_source",
    "aws_wafv2_web_acl_logging_configuration",
)


def guesses_leave_room_for_everybody_else(plan: Plan) -> None:
    for stage in plan.all("aws_apigatewayv2_stage"):
        whole = stage.block("default_route_settings")
        for setting in stage.values["route_settings"]:
            if setting["route_key"] in PAGE_KEYS:
                for limit, few in (("throttling_rate_limit", _FEW), ("throttling_burst_limit", 2 * _FEW)):
                    assert setting[limit] <= max(few, _PART * whole[limit]), setting["route_key"]


def links_lead_to_where_people_are(plan: Plan) -> None:
    """Behind CloudFront, and with a custom domain, API Gateway knows only its own address."""
    calls = plan.configuration["root_module"]["module_calls"]
    for name in ("api", "notifications"):
        assert "local.api_url" in calls[name]["expressions"]["environment"]["references"], name


def cloudfront_passes_everything_on_and_keeps_nothing(plan: Plan) -> None:
    """The page's headers keep it out of caches, frames and search engines, so they arrive as the page sent them."""
    for distribution in plan.some("aws_cloudfront_distribution"):
        assert not distribution.values["ordered_cache_behavior"], "another behavior, which no rule looks at"
        behavior = distribution.block("default_cache_behavior")
        assert set(behavior["allowed_methods"]) == _METHODS
        assert behavior["cache_policy_id"] == _CACHING_DISABLED
        assert behavior["origin_request_policy_id"] == _ALL_VIEWER_EXCEPT_HOST_HEADER
        assert not [name for name in _BETWEEN if behavior.get(name)], distribution.address
        errors = distribution.values["custom_error_response"]
        assert {error["error_code"] for error in errors} == _KEPT
        for error in errors:
            assert error["error_caching_min_ttl"] == 0, f"one person's {error['error_code']} is everybody's"
            assert not error["response_code"]
            assert not error["response_page_path"]


def no_log_shows_the_path_of_a_link(plan: Plan) -> None:
    """The access log of API Gateway has a rule of its own, access_log_names_nobody, and so have traces."""
    assert not plan.some(*_LOGS_OF_REQUESTS)
    for distribution in plan.some("aws_cloudfront_distribution"):
        assert not distribution.values["logging_config"], distribution.address
        assert not distribution.block("default_cache_behavior")["realtime_log_config_arn"], distribution.address
    for firewall in plan.some("aws_wafv2_web_acl"):
        samples = [firewall.block("visibility_config")["sampled_requests_enabled"], *_sampled(firewall)]
        assert not any(samples), f"{firewall.address} shows requests to whoever opens its page"


def _sampled(firewall: Resource) -> list[bool]:
    rules: list[dict[str, Any]] = parsed(firewall.values["rule_json"])
    assert rules
    return [rule["VisibilityConfig"]["SampledRequestsEnabled"] for rule in rules]


def mails_carry_the_link_itself(plan: Plan) -> None:
    """To count clicks, SES would lead each link through an address of its own, and tell the bus which was clicked."""
    for messages in plan.all("aws_sesv2_configuration_set"):
        assert not messages.values["tracking_options"], messages.address
        assert not messages.values["vdm_options"], messages.address
