"""Mistakes in how the database is kept, and in the order in which things are made."""

from tests.terraform.mutation import Mutation

MUTATIONS = (
    Mutation(
        "the slow log goes into a table",
        "database.tf",
        '    log_output = "FILE"\n',
        "",
        "the_slow_log_leaves_the_database",
    ),
    Mutation(
        "the second teardown wants the name of the first one's snapshot",
        "database.tf",
        '"${local.name}-final-${aws_vpc.main.id}"',
        '"${local.name}-final"',
        "every_teardown_leaves_a_snapshot_of_its_own",
    ),
    Mutation(
        "Aurora speaks an older MySQL",
        "database.tf",
        '"8.4.mysql_aurora.8.4.7"',
        '"8.0.mysql_aurora.3.10.0"',
        "both_engines_speak_the_same_mysql",
    ),
    Mutation(
        "a subnet may land in a Local Zone",
        "locals.tf",
        'name   = "zone-type"',
        'name   = "region-name"',
        "subnets_are_in_zones_that_rds_can_use",
    ),
    Mutation(
        "an instance of Aurora copies tags",
        "database.tf",
        "  promotion_tier       = count.index\n",
        "  promotion_tier       = count.index\n  copy_tags_to_snapshot = true\n",
        "instances_of_a_cluster_are_asked_for_nothing_of_the_cluster",
    ),
    Mutation(
        "the pool gets a domain",
        "auth.tf",
        'resource "aws_cognito_user_pool" "main" {',
        'resource "aws_cognito_user_pool_domain" "main" {\n  domain       = local.name\n'
        '  user_pool_id = aws_cognito_user_pool.main.id\n}\n\nresource "aws_cognito_user_pool" "main" {',
        "the_directory_of_people_can_be_reached",
    ),
    Mutation(
        "a schedule calls before its role may",
        "events.tf",
        "  depends_on = [aws_iam_role_policy.scheduler]\n",
        "",
        "whoever_uses_a_role_waits_for_its_rights",
    ),
    Mutation(
        "the proxy looks for a cluster without instances",
        "database.tf",
        "  depends_on = [aws_rds_cluster_instance.main]\n",
        "",
        "nothing_is_made_before_what_it_needs",
    ),
    Mutation(
        "the budget writes to a topic that does not let it",
        "observability.tf",
        "  # Budgets may publish only once the topic's policy says so.\n  depends_on = [aws_sns_topic_policy.alarms]\n",
        "",
        "nothing_is_made_before_what_it_needs",
    ),
    Mutation(
        "a zone cannot fetch passwords",
        "network.tf",
        "secretsmanager = var.endpoint_zone_count",
        "secretsmanager = 1",
        "passwords_can_be_fetched_in_every_zone",
    ),
    Mutation(
        "the copies of backups are in the region that they are for",
        "environments/prod.tfvars",
        'region                  = "eu-west-1"',
        'region                  = "eu-west-1"\nbackup_region = "eu-west-1"',
        "The copies have to be in another region than the database.",
    ),
    Mutation(
        "the key of the copies is lost with the first region",
        "backup.tf",
        "  region                  = var.backup_region\n",
        "  region                  = var.region\n",
        "copies_of_backups_survive_the_region",
        shape="prod-copies",
    ),
    Mutation(
        "a burstable database bills in silence",
        "observability.tf",
        'if startswith(instance.instance_class, "db.t")',
        'if !startswith(instance.instance_class, "db.t")',
        "a_burstable_database_says_when_it_costs_more",
    ),
)
