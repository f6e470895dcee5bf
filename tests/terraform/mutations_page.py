"""Mistakes about the page behind the link of a message."""

from tests.terraform.mutation import Mutation

_CLOUDFRONT = "prod-cloudfront"
_LIMIT = '    "GET /visit/{token}"      = 0.2\n'
_ENVIRONMENT = "merge(local.application_environment, { PUBLIC_URL = local.api_url })"
_OTHER_ENVIRONMENT = _ENVIRONMENT.replace("local.api_url", "aws_apigatewayv2_api.main.api_endpoint")

MUTATIONS = (
    Mutation(
        "the page asks for a token",
        "api.tf",
        "authorizer_id      = contains(local.public_routes, each.key) ? null",
        "authorizer_id      = contains(setsubtract(local.public_routes, local.page_routes), each.key) ? null",
        "every_route_but_the_public_ones_asks_for_a_token",
    ),
    Mutation(
        "the page takes no form",
        "api.tf",
        '"HEAD /visit/{token}", "POST /visit/{token}"]',
        '"HEAD /visit/{token}", "PUT /visit/{token}"]',
        "route_shares names routes that do not exist",
    ),
    Mutation(
        "guesses of links have no limit of their own",
        "api.tf",
        _LIMIT,
        "",
        "requests_are_throttled",
    ),
    Mutation(
        "guesses of links may use up the stage",
        "api.tf",
        _LIMIT,
        '    "GET /visit/{token}"      = 0.9\n',
        "guesses_leave_room_for_everybody_else",
    ),
    Mutation(
        "people who open their links are refused before the stage is full",
        "api.tf",
        _LIMIT,
        '    "GET /visit/{token}"      = 0.02\n',
        "people_meet_no_limit_before_the_stage_is_full",
    ),
    Mutation(
        "links of the API name API Gateway behind CloudFront",
        "functions.tf",
        f"environment           = {_ENVIRONMENT}",
        f"environment           = {_OTHER_ENVIRONMENT}",
        "links_lead_to_where_people_are",
    ),
    Mutation(
        "links in messages name API Gateway behind CloudFront",
        "functions.tf",
        f"environment = {_ENVIRONMENT}",
        f"environment = {_OTHER_ENVIRONMENT}",
        "links_lead_to_where_people_are",
    ),
    Mutation(
        "the access log shows the path",
        "api.tf",
        'route               = "$context.routeKey"',
        'route               = "$context.routeKey", path = "$context.path"',
        "access_log_names_nobody",
    ),
    Mutation(
        "CloudFront passes no form on",
        "cloudfront.tf",
        '"OPTIONS", "PATCH", "POST", "PUT"]',
        '"OPTIONS", "PATCH", "PUT"]',
        "cloudfront_passes_everything_on_and_keeps_nothing",
        _CLOUDFRONT,
    ),
    Mutation(
        "CloudFront keeps pages",
        "cloudfront.tf",
        'caching_disabled              = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"',
        'caching_disabled              = "658327ea-f89d-4fab-a63d-7e88639e58f6"',
        "cloudfront_passes_everything_on_and_keeps_nothing",
        _CLOUDFRONT,
    ),
    Mutation(
        "CloudFront keeps errors",
        "cloudfront.tf",
        "error_caching_min_ttl = 0",
        "error_caching_min_ttl = 10",
        "cloudfront_passes_everything_on_and_keeps_nothing",
        _CLOUDFRONT,
    ),
    Mutation(
        "CloudFront replaces the page's headers",
        "cloudfront.tf",
        "    compress                 = true\n",
        '    compress = true\n    response_headers_policy_id = "67f7725c-6f97-4210-82d7-5512b31e9d03"\n',
        "cloudfront_passes_everything_on_and_keeps_nothing",
        _CLOUDFRONT,
    ),
    Mutation(
        "CloudFront writes a log",
        "cloudfront.tf",
        "  viewer_certificate {\n",
        '  logging_config {\n    bucket = "logs.s3.amazonaws.com"\n  }\n\n  viewer_certificate {\n',
        "no_log_shows_the_path_of_a_link",
        _CLOUDFRONT,
    ),
    Mutation(
        "the firewall writes a log",
        "cloudfront.tf",
        'resource "aws_cloudfront_distribution" "main" {\n',
        'resource "aws_wafv2_web_acl_logging_configuration" "main" {\n'
        "  resource_arn            = aws_wafv2_web_acl.main[0].arn\n"
        "  log_destination_configs = [aws_cloudwatch_log_group.access.arn]\n}\n\n"
        'resource "aws_cloudfront_distribution" "main" {\n',
        "no_log_shows_the_path_of_a_link",
        _CLOUDFRONT,
    ),
    Mutation(
        "the firewall keeps samples of what its rules stop",
        "cloudfront.tf",
        'MetricName = "crowd", CloudWatchMetricsEnabled = true, SampledRequestsEnabled = false',
        'MetricName = "crowd", CloudWatchMetricsEnabled = true, SampledRequestsEnabled = true',
        "no_log_shows_the_path_of_a_link",
        _CLOUDFRONT,
    ),
    Mutation(
        "SES counts clicks",
        "messages.tf",
        '  delivery_options {\n    tls_policy = "REQUIRE"\n  }\n',
        '  delivery_options {\n    tls_policy = "REQUIRE"\n  }\n\n  vdm_options {\n    dashboard_options {\n'
        '      engagement_metrics = "ENABLED"\n    }\n  }\n',
        "mails_carry_the_link_itself",
    ),
)
