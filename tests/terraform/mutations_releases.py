"""Mistakes in how a version of the API gets its requests."""

from tests.terraform.mutation import Mutation

MUTATIONS = (
    Mutation(
        "a deployment goes on while the API fails",
        "deployment.tf",
        '"api-canary", "api-failed", "api-internal-error"',
        '"api-canary", "api-internal-error"',
        "alarms_stop_a_deployment_in_time",
    ),
    Mutation(
        "an alarm that rings when the canary is over",
        "observability.tf",
        'key == "api" ? 60 : local.usual.seconds',
        "local.usual.seconds",
        "alarms_stop_a_deployment_in_time",
    ),
    Mutation(
        "CodeDeploy may not have a version tried",
        "deployment.tf",
        'actions   = ["lambda:InvokeFunction"]',
        'actions   = ["lambda:GetFunctionConfiguration"]',
        "codedeploy_may_have_a_version_tried",
    ),
    Mutation(
        "what tries versions may call every function",
        "functions.tf",
        'resources = ["${module.api.arn}:*"]',
        'resources = ["${module.api.arn}:*", "${module.migrate.arn}:*"]',
        "what_tries_versions_may_do_nothing_else",
    ),
    Mutation(
        "a snapshot and executions that are kept started",
        "functions.tf",
        "provisioned           = var.maintenance ? 0 : var.provisioned_concurrency",
        "provisioned           = 5",
        "the_api_starts_in_one_way",
    ),
    Mutation(
        "executions that are kept started during maintenance, which reserves none",
        "functions.tf",
        "var.maintenance ? 0 : var.provisioned_concurrency",
        "var.provisioned_concurrency",
        "the_api_starts_in_one_way",
        "prod-maintenance",
    ),
    Mutation(
        "what tries versions gives up before the API does",
        "functions.tf",
        "timeout_seconds = 300",
        "timeout_seconds = 30",
        "trials_outlast_the_api",
    ),
)
