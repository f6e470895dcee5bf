"""Mistakes in what is watched: alarms, queues, traces."""

from tests.terraform.mutation import Mutation

MUTATIONS = (
    Mutation(
        "a queue whose messages may grow old in silence",
        "observability.tf",
        "merge(local.failure_queues, aws_sqs_queue.consumer)",
        "local.failure_queues",
        "no_message_grows_old_in_silence",
    ),
    Mutation(
        "messages may wait until they are lost",
        "observability.tf",
        "3600 : 24 * 3600",
        "3600 : 14 * 24 * 3600",
        "no_message_grows_old_in_silence",
    ),
    Mutation(
        "an alarm on storage that rings before storage grows",
        "observability.tf",
        "threshold   = 0.05 * instance.allocated_storage",
        "threshold   = 0.2 * instance.allocated_storage",
        "storage_rings_only_when_growing_is_not_enough",
    ),
    Mutation(
        "an alarm on the lag of replicas that RDS does not have",
        "observability.tf",
        "local.aurora && var.aurora_capacity.instances > 1",
        "var.aurora_capacity.instances > 0",
        "alarms_watch_what_the_database_has",
    ),
    Mutation(
        "an alarm on refusals that rings when there are few",
        "observability.tf",
        '"GreaterThanUpperThreshold"',
        '"LessThanLowerThreshold"',
        "a_rise_of_refusals_rings",
    ),
    Mutation(
        "functions that are traced",
        "modules/function/main.tf",
        '  dynamic "snap_start" {',
        '  tracing_config {\n    mode = "Active"\n  }\n\n  dynamic "snap_start" {',
        "nothing_is_traced",
    ),
)
