"""Mistakes at the edge: routes and limits of requests."""

from tests.terraform.mutation import Mutation

MUTATIONS = (
    Mutation(
        "no limit for what anybody may call",
        "api.tf",
        "for_each = local.route_limits",
        "for_each = {}",
        "requests_are_throttled",
    ),
    Mutation(
        "HEAD is throttled less than GET",
        "api.tf",
        "head => local.route_shares[get]",
        "head => 1",
        "requests_are_throttled",
    ),
    Mutation(
        "what anybody may read has no limit of its own",
        "api.tf",
        '    "GET /fhir/R4/metadata"   = 0.02\n',
        "",
        "requests_are_throttled",
    ),
    Mutation(
        "what no route takes has no limit of its own",
        "api.tf",
        '    "$default"                = 0.05\n',
        "",
        "requests_are_throttled",
    ),
    Mutation(
        "a limit for a route that does not exist",
        "api.tf",
        '    "GET /health"             = 0.02\n',
        '    "GET /health"             = 0.02\n    "GET /dentists"           = 0.02\n',
        "route_shares names routes that do not exist",
    ),
    Mutation(
        "a search for free times is refused before the stage is full",
        "api.tf",
        '"GET /availability"       = 0.5',
        '"GET /availability"       = 0.1',
        "people_meet_no_limit_before_the_stage_is_full",
    ),
    Mutation(
        "the limit of what no route takes does not grow with the stage's",
        "api.tf",
        "rate  = min(var.throttling.rate, max(5, share * var.throttling.rate))",
        "rate  = min(var.throttling.rate, 5)",
        "people_meet_no_limit_before_the_stage_is_full",
    ),
    Mutation(
        "an operation of FHIR in a form that API Gateway refuses",
        "api.tf",
        'replace(operation, "/\\\\$[a-z-]+$/", "{operation}")',
        "operation",
        "api_gateway_takes_every_route",
    ),
)
