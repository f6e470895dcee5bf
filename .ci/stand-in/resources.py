"""What the stand-in for hashicorp/aws leaves out and the drill's emulator has: instances of RDS, CodeDeploy, the end of
a rotation, and SES's signatures and events.

The stand-in runs this file in its own Python, and calls the functions with the arguments of Terraform.
"""

from typing import Any

from emulator_resources import arn, client, create, delete, delete_by, set_only, update

Arguments = dict[str, Any]

# Names in RDS's calls that are not the words of Terraform's in capitals.
_NAMES = {
    "identifier": "DBInstanceIdentifier",
    "instance_class": "DBInstanceClass",
    "db_name": "DBName",
    "username": "MasterUsername",
    "multi_az": "MultiAZ",
    "db_subnet_group_name": "DBSubnetGroupName",
    "parameter_group_name": "DBParameterGroupName",
}
_CREATED = (
    *_NAMES,
    "engine",
    "engine_version",
    "allocated_storage",
    "manage_master_user_password",
    "master_user_secret_kms_key_id",
    "storage_encrypted",
    "kms_key_id",
    "vpc_security_group_ids",
    "backup_retention_period",
    "deletion_protection",
)
_MODIFIED = ("identifier", "instance_class", "multi_az", "backup_retention_period", "deletion_protection")


def _call(given: Arguments, names: tuple[str, ...]) -> Arguments:
    words = {name: _NAMES.get(name, "".join(part.title() for part in name.split("_"))) for name in names}
    chosen = {words[name]: given[name] for name in names if given[name] not in (None, [])}
    return {name: int(value) if isinstance(value, float) else value for name, value in chosen.items()}


@create("aws_db_instance", replace=("engine", "db_name", "username"))
def create_database(given: Arguments) -> Arguments:
    made = client("rds").create_db_instance(**_call(given, _CREATED))["DBInstance"]
    secret = made["MasterUserSecret"]
    host, port = made["Endpoint"]["Address"], made["Endpoint"]["Port"]
    return {
        "id": made["DbiResourceId"],
        "arn": made["DBInstanceArn"],
        "resource_id": made["DbiResourceId"],
        "address": host,
        "port": port,
        "endpoint": f"{host}:{port}",
        "master_user_secret": [
            {"kms_key_id": secret["KmsKeyId"], "secret_arn": secret["SecretArn"], "secret_status": "active"}
        ],
    }


@update("aws_db_instance")
def update_database(_: Arguments, given: Arguments) -> None:
    client("rds").modify_db_instance(ApplyImmediately=True, **_call(given, _MODIFIED))


@delete("aws_db_instance")
def delete_database(state: Arguments) -> None:
    last = {"SkipFinalSnapshot": state["skip_final_snapshot"]}
    if not state["skip_final_snapshot"]:
        last["FinalDBSnapshotIdentifier"] = state["final_snapshot_identifier"]
    client("rds").delete_db_instance(DBInstanceIdentifier=state["identifier"], **last)


delete_by("aws_secretsmanager_secret_rotation", "secretsmanager", "cancel_rotate_secret", SecretId="secret_id")


@create("aws_codedeploy_app", replace=("name", "compute_platform"))
def create_application(given: Arguments) -> Arguments:
    made = client("codedeploy").create_application(
        applicationName=given["name"], computePlatform=given["compute_platform"]
    )
    return {"id": given["name"], "application_id": made["applicationId"]}


delete_by("aws_codedeploy_app", "codedeploy", "delete_application", applicationName="name")


@create("aws_codedeploy_deployment_group", replace=("app_name",))
def create_group(given: Arguments) -> Arguments:
    wanted = set_only(
        applicationName=given["app_name"],
        deploymentGroupName=given["deployment_group_name"],
        deploymentConfigName=given["deployment_config_name"],
        serviceRoleArn=given["service_role_arn"],
    )
    client("codedeploy").create_deployment_group(**wanted)
    return {"id": given["deployment_group_name"]}


delete_by(
    "aws_codedeploy_deployment_group",
    "codedeploy",
    "delete_deployment_group",
    applicationName="app_name",
    deploymentGroupName="deployment_group_name",
)


@create("aws_sesv2_email_identity", replace=("email_identity",))
def create_identity(given: Arguments) -> Arguments:
    name = given["email_identity"]
    ses = client("sesv2")
    made = ses.create_email_identity(EmailIdentity=name, ConfigurationSetName=given["configuration_set_name"])
    signing = {**given["dkim_signing_attributes"][0], "tokens": made["DkimAttributes"]["Tokens"]}
    return {
        "id": name,
        "arn": arn("ses", f"identity/{name}"),
        "identity_type": made["IdentityType"],
        "verified_for_sending_status": made["VerifiedForSendingStatus"],
        "dkim_signing_attributes": [signing],
    }


@create("aws_sesv2_configuration_set_event_destination", replace=("configuration_set_name", "event_destination_name"))
def create_event_destination(given: Arguments) -> Arguments:
    (wanted,) = given["event_destination"]
    client("sesv2").create_configuration_set_event_destination(
        ConfigurationSetName=given["configuration_set_name"],
        EventDestinationName=given["event_destination_name"],
        EventDestination={
            "Enabled": wanted["enabled"],
            "MatchingEventTypes": wanted["matching_event_types"],
            "EventBridgeDestination": {"EventBusArn": wanted["event_bridge_destination"][0]["event_bus_arn"]},
        },
    )
    return {"id": f"{given['configuration_set_name']}|{given['event_destination_name']}"}


delete_by(
    "aws_sesv2_configuration_set_event_destination",
    "sesv2",
    "delete_configuration_set_event_destination",
    ConfigurationSetName="configuration_set_name",
    EventDestinationName="event_destination_name",
)
