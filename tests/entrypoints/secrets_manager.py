"""A database whose users and secrets were made by the migrating Lambda, in moto's Secrets Manager."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.secretsmanager.models import secretsmanager_backends
from sqlalchemy import URL

from lambda_function.bootstrap.migration_actions import run
from tests.servers import drop_users

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

APP, MIGRATOR, MASTER = "dentist/app", "dentist/migrator", "rds!db-master"
REGION = "us-east-1"


class Vault:
    """The three secrets of a database. Those of app and migrator are empty at first, as Terraform makes them."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.client: SecretsManagerClient = boto3.client("secretsmanager", region_name=REGION)
        self.client.create_secret(Name=APP)
        self.client.create_secret(Name=MIGRATOR)
        master = {"username": url.username, "password": url.password}
        self.client.create_secret(Name=MASTER, SecretString=json.dumps(master))

    def value(self, name: str, stage: str = "AWSCURRENT") -> dict[str, Any]:
        text = self.client.get_secret_value(SecretId=name, VersionStage=stage)["SecretString"]
        value: dict[str, Any] = json.loads(text)
        return value

    def put(self, name: str, value: Mapping[str, Any]) -> None:
        self.client.put_secret_value(SecretId=name, SecretString=json.dumps(value))

    def login(self, name: str, stage: str = "AWSCURRENT") -> URL:
        value = self.value(name, stage)
        return self.url.set(username=value["username"], password=value["password"])

    def stage(self, name: str) -> str:
        """Announces a rotation and returns its token: a version without a value. moto makes such a version only when it
        calls a Lambda of its own.
        """
        token = str(uuid4())
        secret: Any = secretsmanager_backends[DEFAULT_ACCOUNT_ID][REGION].secrets[name]
        secret.remove_version_stages_from_old_versions(["AWSPENDING"])
        secret.versions[token] = {"createdate": 0, "version_id": token, "version_stages": ["AWSPENDING"]}
        return token


@contextmanager
def vault(url: URL, aws: pytest.MonkeyPatch) -> Iterator[Vault]:
    """The secrets, in the environment of the migrating Lambda."""
    for name, value in (
        ("DATABASE_TLS", "off"),
        ("DATABASE_HOST", url.host),
        ("DATABASE_PORT", url.port),
        ("DATABASE_NAME", url.database),
        ("DATABASE_SECRET_ID", MIGRATOR),
        ("APP_SECRET_ID", APP),
        ("MASTER_SECRET_ID", MASTER),
    ):
        aws.setenv(name, str(value))
    yield Vault(url)
    drop_users(url)


def bootstrap() -> list[str]:
    changed: list[str] = run("bootstrap")["changed"]
    return changed
