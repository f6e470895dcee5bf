"""What is watched, and what is deliberately not: queues, the database's metrics, refused requests, traces."""

from tests.terraform.plan import Plan

_GIB = 1024**3
# RDS adds storage below this share of free storage.
_GROWS_BELOW = 0.1
# Metrics that only one kind of database sends. An instance whose master password RDS manages has no replicas.
_OF_A_CLUSTER = frozenset({"ACUUtilization", "AuroraReplicaLagMaximum"})
_OF_AN_INSTANCE = frozenset({"FreeStorageSpace"})
_OF_A_REPLICA = frozenset({"ReplicaLag"})


def no_message_grows_old_in_silence(plan: Plan) -> None:
    ages = {
        alarm.values["dimensions"]["QueueName"]: alarm
        for alarm in plan.all("aws_cloudwatch_metric_alarm")
        if alarm.values.get("metric_name") == "ApproximateAgeOfOldestMessage"
    }
    for queue in plan.all("aws_sqs_queue"):
        alarm = ages.get(queue.values["name"])
        assert alarm is not None, f"{queue.address} loses what nobody takes"
        assert alarm.values["threshold"] <= queue.values["message_retention_seconds"] / 2, alarm.address


def storage_rings_only_when_growing_is_not_enough(plan: Plan) -> None:
    """A cluster's storage has no end, and so no alarm."""
    databases = {database.values["identifier"]: database for database in plan.some("aws_db_instance")}
    thresholds = {
        alarm.values["dimensions"]["DBInstanceIdentifier"]: alarm.values["threshold"]
        for alarm in plan.all("aws_cloudwatch_metric_alarm")
        if alarm.values.get("metric_name") == "FreeStorageSpace"
    }
    assert thresholds.keys() == databases.keys()
    for name, threshold in thresholds.items():
        assert 0 < threshold < _GROWS_BELOW * databases[name].values["allocated_storage"] * _GIB, name


def alarms_watch_what_the_database_has(plan: Plan) -> None:
    watched = {
        alarm.values["metric_name"]
        for alarm in plan.all("aws_cloudwatch_metric_alarm")
        if alarm.values.get("namespace") == "AWS/RDS" and alarm.key.startswith("database-")
    }
    missing = _OF_A_REPLICA | (_OF_AN_INSTANCE if plan.some("aws_rds_cluster") else _OF_A_CLUSTER)
    assert not watched & missing, f"nothing ever sends {sorted(watched & missing)}"


def a_rise_of_refusals_rings(plan: Plan) -> None:
    learned = [alarm for alarm in plan.all("aws_cloudwatch_metric_alarm") if alarm.values.get("threshold_metric_id")]
    assert len(learned) == 1
    alarm = learned[0]
    assert alarm.values["comparison_operator"] == "GreaterThanUpperThreshold"
    queries = {query["id"]: query for query in alarm.values["metric_query"]}
    band = queries[alarm.values["threshold_metric_id"]]
    assert band["expression"].startswith("ANOMALY_DETECTION_BAND(refused")
    assert queries["refused"]["return_data"] is True
    read = {query["metric"][0]["metric_name"] for query in queries.values() if query["metric"]}
    assert read == {"Count", "4xx"}


def nothing_is_traced(plan: Plan) -> None:
    """No code makes segments, so a trace would cost money and say no more than the log does."""
    for name, function in plan.functions().items():
        assert function.block("tracing_config").get("mode") != "Active", name
    for statement in plan.statements:
        assert not any(action.startswith("xray:") for action in statement.actions), statement.name
