"""Each of these small and plausible changes to a copy of the stack makes the check fail, by the intended rule.

`make terraform-check` makes the copy from which they start.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from dev.plans import ROOT, plan
from tests.terraform import (
    mutations_countries,
    mutations_data,
    mutations_edge,
    mutations_messages,
    mutations_page,
    mutations_releases,
    mutations_watched,
)
from tests.terraform.mutation import Mutation
from tests.terraform.plan import Plan
from tests.terraform.rules import RULES

STACK = ROOT / "build" / "terraform" / "stack"
_TOGETHER = 6


MUTATIONS = (
    *mutations_countries.MUTATIONS,
    *mutations_data.MUTATIONS,
    *mutations_edge.MUTATIONS,
    *mutations_messages.MUTATIONS,
    *mutations_page.MUTATIONS,
    *mutations_releases.MUTATIONS,
    *mutations_watched.MUTATIONS,
    Mutation(
        "the database is public",
        "database.tf",
        "publicly_accessible    = false",
        "publicly_accessible    = true",
        "database_is_private",
    ),
    Mutation(
        "the database takes connections from anywhere",
        "network.tf",
        "  security_group_id            = each.value.to\n  referenced_security_group_id = each.value.from",
        '  security_group_id            = each.value.to\n  cidr_ipv4                    = "0.0.0.0/0"',
        "database_is_private",
    ),
    Mutation(
        "a route without token",
        "../openapi.json",
        '"operationId": "list_users",',
        '"operationId": "list_users", "security": [],',
        "every_route_but_the_public_ones_asks_for_a_token",
    ),
    Mutation(
        "$default without token",
        "api.tf",
        'authorization_type = contains(local.public_routes, each.key) ? "NONE" : "JWT"',
        'authorization_type = contains(local.public_routes, each.key) || each.key == "$default" ? "NONE" : "JWT"',
        "every_route_but_the_public_ones_asks_for_a_token",
    ),
    Mutation(
        "preflights end at the authorizer",
        "api.tf",
        'authorization_type = contains(local.public_routes, each.key) ? "NONE" : "JWT"',
        'authorization_type = contains(local.public_routes, each.key) && each.key != local.preflights ? "NONE" : "JWT"',
        "browsers_can_ask_before_they_call",
    ),
    Mutation(
        "pages may not send a key that the local gateway lets them send",
        "api.tf",
        '"content-type", "idempotency-key", "if-match", "prefer"]',
        '"content-type", "if-match", "prefer"]',
        "browsers_can_ask_before_they_call",
    ),
    Mutation(
        "a route of the code that the stack does not have",
        "../openapi.json",
        '"/waitlist/{waitlist_id}/accept":',
        '"/waitlist/{waitlist_id}/agree":',
        "routes_are_those_of_the_code",
    ),
    Mutation(
        "the relay may publish to any bus",
        "functions.tf",
        "resources  = [aws_cloudwatch_event_bus.main.arn]",
        'resources  = ["*"]',
        "no_statement_covers_all_resources",
    ),
    Mutation(
        "the relay may publish in the name of another program",
        "functions.tf",
        "      conditions = [local.in_our_name]\n",
        "",
        "events_are_published_in_our_name_alone",
    ),
    Mutation(
        "the rotation may do anything with its secret",
        "functions.tf",
        '"secretsmanager:UpdateSecretVersionStage",',
        '"secretsmanager:*",',
        "no_statement_allows_all_actions",
    ),
    Mutation(
        "everybody may send to the queue",
        "events.tf",
        'type        = "Service"\n        identifiers = ["events.amazonaws.com"]',
        'type        = "AWS"\n        identifiers = ["*"]',
        "no_policy_trusts_everybody",
    ),
    Mutation(
        "the API reads the migrator's secret",
        "functions.tf",
        'aws_secretsmanager_secret.database["app"].arn]\n    },\n    local.decrypt_secrets,',
        'aws_secretsmanager_secret.database["migrator"].arn]\n    },\n    local.decrypt_secrets,',
        "only_migrations_write_secrets_of_users",
    ),
    Mutation(
        "the database is not encrypted",
        "database.tf",
        "storage_encrypted     = true",
        "storage_encrypted     = false",
        "everything_stored_is_encrypted",
    ),
    Mutation(
        "a bucket without encryption",
        "storage.tf",
        'resource "aws_s3_bucket_server_side_encryption_configuration" "main" {\n  for_each = local.buckets',
        'resource "aws_s3_bucket_server_side_encryption_configuration" "main" {\n'
        '  for_each = { for name, bucket in local.buckets : name => bucket if name != "exports" }',
        "buckets_are_private_versioned_and_tidied",
    ),
    Mutation(
        "the database is spoken to in the clear",
        "functions.tf",
        '    DATABASE_TLS       = "verify"',
        '    DATABASE_TLS       = "off"',
        "tls_is_the_only_way_to_the_database",
    ),
    Mutation(
        "the API is called past the alias",
        "api.tf",
        "integration_uri        = module.api.alias_invoke_arn",
        "integration_uri        = module.api.arn",
        "everybody_calls_the_alias",
    ),
    Mutation(
        "a permission for all versions",
        "api.tf",
        "qualifier     = module.api.alias_name",
        "qualifier     = null",
        "everybody_calls_the_alias",
    ),
    Mutation(
        "a variable that settings.py reads is missing",
        "functions.tf",
        "merge(local.application_environment, { EVENT_BUS_NAME = aws_cloudwatch_event_bus.main.name })",
        "local.application_environment",
        "functions_get_exactly_the_settings_that_they_read",
    ),
    Mutation(
        "a variable that nothing reads",
        "functions.tf",
        "= local.database_name\n  })",
        '= local.database_name\n    DATABASE_TIMEOUT = "5"\n  })',
        "functions_get_exactly_the_settings_that_they_read",
    ),
    Mutation(
        "the isolation level is the server's own",
        "database.tf",
        '    transaction_isolation    = "READ-COMMITTED"\n',
        "",
        "database_keeps_what_the_code_relies_on",
    ),
    Mutation(
        "a frozen process keeps its locks for hours",
        "database.tf",
        '    wait_timeout             = "30"\n',
        "",
        "the_server_ends_what_clients_give_up",
    ),
    Mutation(
        "an abandoned query goes on",
        "database.tf",
        'max_execution_time       = "5000"',
        'max_execution_time       = "0"',
        "the_server_ends_what_clients_give_up",
    ),
    Mutation(
        "prod can be deleted",
        "database.tf",
        "deletion_protection        = var.deletion_protection",
        "deletion_protection        = false",
        "database_survives_mistakes",
    ),
    Mutation(
        "prod without standby",
        "environments/prod.tfvars",
        "multi_az                = true",
        "multi_az                = false",
        "In prod the database survives the loss of a zone.",
    ),
    Mutation(
        "passwords are sent in prod",
        "auth.tf",
        '["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]',
        '["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH"]',
        "passwords_are_never_sent_in_prod",
    ),
    Mutation(
        "tokens live for an hour",
        "auth.tf",
        "access_token_validity  = 15",
        "access_token_validity  = 60",
        "tokens_are_short_lived_and_checked",
    ),
    Mutation(
        "a schedule forgets what it could not call",
        "events.tf",
        "    dead_letter_config {\n      arn = aws_sqs_queue.failed.arn\n    }\n  }\n",
        "  }\n",
        "nothing_is_lost_without_a_trace",
    ),
    Mutation(
        "a consumer's queue drops what it cannot process",
        "events.tf",
        "  redrive_policy = jsonencode({\n    deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn\n"
        "    maxReceiveCount     = each.value.receives\n  })\n",
        "",
        "nothing_is_lost_without_a_trace",
    ),
    Mutation(
        "logs are kept for ever",
        "modules/function/main.tf",
        "  retention_in_days = var.common.log_retention_days\n",
        "  retention_in_days = 0\n",
        "logs_are_kept_for_a_while",
    ),
    Mutation(
        "the network writes no flow logs",
        "network.tf",
        'resource "aws_flow_log" "main" {',
        'resource "aws_flow_log" "main" {\n  count = 0',
        "network_writes_flow_logs",
    ),
    Mutation(
        "an alarm that tells nobody",
        "observability.tf",
        "local.set_off_by_maintenance, each.key))\n  alarm_actions       = [aws_sns_topic.alarms.arn]",
        "local.set_off_by_maintenance, each.key))",
        "every_alarm_rings",
    ),
    Mutation(
        "an alarm on a metric that nobody sends",
        "observability.tf",
        'metric = "OutboxLagSeconds"',
        'metric = "OutboxLag"',
        "alarms_watch_metrics_that_the_code_sends",
    ),
    Mutation(
        "a tag is missing",
        "locals.tf",
        "    environment = var.environment\n",
        "",
        "everything_is_tagged",
    ),
    Mutation(
        "two environments share a name",
        "secrets.tf",
        '"${local.name}/${each.value.name}"',
        '"dentist/${each.value.name}"',
        "names_carry_the_environment",
    ),
    Mutation(
        "the access log says who asked",
        "api.tf",
        'status              = "$context.status"',
        'status              = "$context.status", caller = "$context.identity.sourceIp"',
        "access_log_names_nobody",
    ),
    Mutation(
        "more requests than connections",
        "environments/prod.tfvars",
        "api_concurrency         = 200",
        "api_concurrency         = 600",
        "at the busiest hour people would get 503",
    ),
)


def batches() -> list[tuple[Mutation, ...]]:
    """Groups the mutations. A plan takes seconds, so it shows up to six changes of one shape, in different places and
    with different rules. A refusal hides everything else.
    """
    alone = [(mutation,) for mutation in MUTATIONS if mutation.caught_by not in RULES]
    together: list[tuple[Mutation, ...]] = []
    for mutation in MUTATIONS:
        if mutation.caught_by in RULES:
            batch = next((batch for batch in together if _fits(mutation, batch)), ())
            together = [other for other in together if other is not batch] + [(*batch, mutation)]
    return alone + together


def _fits(mutation: Mutation, batch: tuple[Mutation, ...]) -> bool:
    rules, places = {other.caught_by for other in batch}, {(other.file, other.old) for other in batch}
    apart = mutation.caught_by not in rules and (mutation.file, mutation.old) not in places
    return len(batch) < _TOGETHER and mutation.shape == batch[0].shape and apart


def apply(mutation: Mutation, folder: Path) -> None:
    file = folder / mutation.file
    text = file.read_text()
    assert mutation.old in text, "the stack has changed: fix this mutation"
    file.write_text(text.replace(mutation.old, mutation.new))


def broken_rules(the_plan: Plan) -> set[str]:
    broken = set()
    for name, rule in RULES.items():
        try:
            rule(the_plan)
        except AssertionError:
            broken.add(name)
    return broken


@pytest.mark.parametrize("batch", batches(), ids=lambda batch: "; ".join(mutation.what for mutation in batch))
def test_mutations_turn_the_check_red(batch: tuple[Mutation, ...], tmp_path: Path) -> None:
    assert STACK.exists(), "there is no copy of the stack: `make terraform-check` makes it"
    shutil.copytree(STACK, tmp_path / "stack", ignore=shutil.ignore_patterns("*.tfplan"))
    folder = tmp_path / "stack" / "terraform"
    for mutation in batch:
        apply(mutation, folder)
    caught = {mutation.caught_by for mutation in batch}
    try:
        document = plan(folder, batch[0].shape)
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.replace("│", " ").split())
        assert all(words in said for words in caught), said
    else:
        assert caught <= broken_rules(Plan(document))
