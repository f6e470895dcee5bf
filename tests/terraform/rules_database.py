"""What the database keeps, what it leaves behind, and where it stands."""

from tests.terraform.plan import Plan


def the_slow_log_leaves_the_database(plan: Plan) -> None:
    """In a table, which is RDS's default, statements with personal values would be in every backup and in no export."""
    for group in plan.all("aws_db_parameter_group", "aws_rds_cluster_parameter_group"):
        values = {parameter["name"]: parameter["value"] for parameter in group.values["parameter"]}
        assert values["slow_query_log"] == "1"
        assert values.get("log_output") == "FILE", group.address
        assert values.get("general_log", "0") == "0", "the general log would show every statement"
    for database in plan.all("aws_db_instance", "aws_rds_cluster"):
        assert "slowquery" in database.values["enabled_cloudwatch_logs_exports"]


def every_teardown_leaves_a_snapshot_of_its_own(plan: Plan) -> None:
    """AWS refuses a second snapshot of the same name, and so would a second teardown fail."""
    (vpc,) = plan.all("aws_vpc")
    for database in plan.all("aws_db_instance", "aws_rds_cluster"):
        name = database.values.get("final_snapshot_identifier")
        assert "final_snapshot_identifier" in database.unknown if name is None else vpc.values["id"] in name


def both_engines_speak_the_same_mysql(plan: Plan) -> None:
    resources = {resource["address"]: resource for resource in plan.configuration["root_module"]["resources"]}

    def chosen(address: str, attribute: str) -> str:
        return str(resources[address]["expressions"][attribute]["constant_value"])

    databases = ("aws_db_instance.main", "aws_db_instance.register", "aws_rds_cluster.main")
    groups = ("aws_db_parameter_group.main", "aws_db_parameter_group.register", "aws_rds_cluster_parameter_group.main")
    versions = {chosen(address, "engine_version")[:3] for address in databases}
    families = {chosen(address, "family").rpartition("mysql")[2] for address in groups}
    assert versions == families
    assert len(versions) == 1


def subnets_are_in_zones_that_rds_can_use(plan: Plan) -> None:
    """An account that has opted in to a Local Zone gets it listed too, and it may come first."""
    resources = {resource["address"]: resource for resource in plan.configuration["root_module"]["resources"]}
    filters = resources["data.aws_availability_zones.available"]["expressions"].get("filter", [])
    wanted = {given["name"]["constant_value"]: given["values"]["constant_value"] for given in filters}
    assert wanted.get("zone-type") == ["availability-zone"]


def instances_of_a_cluster_are_asked_for_nothing_of_the_cluster(plan: Plan) -> None:
    """AWS refuses to take these of an instance of Aurora: the cluster has them."""
    (instance,) = (
        resource
        for resource in plan.configuration["root_module"]["resources"]
        if resource["address"] == "aws_rds_cluster_instance.main"
    )
    of_the_cluster = {"copy_tags_to_snapshot", "preferred_backup_window", "kms_key_id"}
    assert not instance["expressions"].keys() & of_the_cluster


def the_directory_of_people_can_be_reached(plan: Plan) -> None:
    """Cognito refuses what comes through a VPC endpoint if the pool has a domain, and functions have no other way."""
    assert not plan.some("aws_cognito_user_pool_domain")


def a_burstable_database_says_when_it_costs_more(plan: Plan) -> None:
    watched = {
        alarm.values["dimensions"]["DBInstanceIdentifier"]
        for alarm in plan.all("aws_cloudwatch_metric_alarm")
        if alarm.values.get("metric_name") == "CPUSurplusCreditsCharged"
    }
    burstable = [each for each in plan.some("aws_db_instance") if each.values["instance_class"].startswith("db.t")]
    assert watched == {database.values["identifier"] for database in burstable}


def copies_of_backups_survive_the_region(plan: Plan) -> None:
    """The key is in the other region too: the database's own would be lost with the first one."""
    keys = {key.address: key for key in plan.all("aws_kms_key")}
    for copies in plan.some("aws_db_instance_automated_backups_replication"):
        key = keys["aws_kms_key.backup[0]"]
        assert copies.values["region"] == key.values["region"]
        assert copies.given("kms_key_id")
        database = plan.named("aws_db_instance.main[0]")
        assert copies.values["retention_period"] == database.values["backup_retention_period"]


def passwords_can_be_fetched_in_every_zone(plan: Plan) -> None:
    """Elsewhere than in prod, a lost zone may stop everything. What events and accounts need can wait in prod too."""
    for endpoint in plan.all("aws_vpc_endpoint"):
        if endpoint.key == "secretsmanager" and plan.environment == "prod":
            assert len(endpoint.values["subnet_ids"]) == len(plan.all("aws_subnet"))
