"""Credentials from Secrets Manager, which moto emulates in this process."""

import json
import traceback
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from lambda_function.aws.secrets import MAX_AGE, SecretCredentials
from lambda_function.db.engine import Credentials
from lambda_function.domain.errors import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

NAME = "prod/database"
SECRET: dict[str, Any] = {
    "host": "db.internal",
    "port": 3306,
    "username": "app_1",
    "password": "S3cret-pass",
    "dbname": "dentist",
}


@pytest.fixture
def client(aws: pytest.MonkeyPatch) -> "SecretsManagerClient":
    return boto3.client("secretsmanager")


@pytest.fixture
def stored(client: "SecretsManagerClient") -> "SecretsManagerClient":
    client.create_secret(Name=NAME, SecretString=json.dumps(SECRET))
    return client


def rotate(client: "SecretsManagerClient", **changed: object) -> None:
    client.put_secret_value(SecretId=NAME, SecretString=json.dumps(SECRET | changed))


def refusal(client: "SecretsManagerClient") -> UnavailableError:
    with pytest.raises(UnavailableError) as caught:
        SecretCredentials(client, NAME).current()
    return caught.value


def test_the_standard_keys_of_rds_are_read(stored: "SecretsManagerClient") -> None:
    assert SecretCredentials(stored, NAME).current() == Credentials(
        host="db.internal", port=3306, username="app_1", password="S3cret-pass", database="dentist"
    )


def test_a_port_in_quotes_is_a_number_all_the_same(stored: "SecretsManagerClient") -> None:
    rotate(stored, port="3307")
    assert SecretCredentials(stored, NAME).current().port == 3307


def test_a_proxy_takes_the_place_of_the_host(stored: "SecretsManagerClient") -> None:
    source = SecretCredentials(stored, NAME, host="proxy.internal")
    assert (source.current().host, source.current().username) == ("proxy.internal", "app_1")


def test_credentials_are_kept(stored: "SecretsManagerClient") -> None:
    source = SecretCredentials(stored, NAME)
    source.current()
    rotate(stored, username="app_2")
    assert source.current().username == "app_1"


def test_kept_credentials_are_looked_up_again_after_a_while(stored: "SecretsManagerClient") -> None:
    moments = [0.0]
    source = SecretCredentials(stored, NAME, monotonic=lambda: moments[-1])
    source.current()
    rotate(stored, dbname="restored")
    seen = []
    for moment in (MAX_AGE - 1, MAX_AGE):
        moments.append(moment)
        seen.append(source.current().database)

    assert seen == ["dentist", "restored"]


def test_old_credentials_serve_while_secrets_manager_is_away(stored: "SecretsManagerClient") -> None:
    moments = [0.0]
    source = SecretCredentials(stored, NAME, monotonic=lambda: moments[-1])
    source.current()
    stored.put_secret_value(SecretId=NAME, SecretString="{")
    moments.append(MAX_AGE)

    assert source.current().database == "dentist"


def test_refreshed_credentials_are_new_and_kept(stored: "SecretsManagerClient") -> None:
    source = SecretCredentials(stored, NAME)
    source.current()
    rotate(stored, username="app_2")
    assert source.refreshed().username == "app_2"
    assert source.current().username == "app_2"


def test_a_version_that_is_still_pending_is_not_used(stored: "SecretsManagerClient") -> None:
    pending = json.dumps(SECRET | {"username": "app_2"})
    stored.put_secret_value(SecretId=NAME, SecretString=pending, VersionStages=["AWSPENDING"])
    assert SecretCredentials(stored, NAME).refreshed().username == "app_1"


def test_a_failed_refresh_forgets_nothing(stored: "SecretsManagerClient") -> None:
    source = SecretCredentials(stored, NAME)
    source.current()
    stored.put_secret_value(SecretId=NAME, SecretString="{")
    with pytest.raises(UnavailableError):
        source.refreshed()
    assert source.current().username == "app_1"


def test_a_secret_that_is_not_there_makes_the_database_unavailable(client: "SecretsManagerClient") -> None:
    assert "ResourceNotFoundException" in str(refusal(client))


@pytest.mark.parametrize(
    "text",
    [
        '{"password": "S3cret-pass"',
        "S3cret-pass",
        '["S3cret-pass"]',
        '"S3cret-pass"',
        "null",
        json.dumps({key: value for key, value in SECRET.items() if key != "host"}),
        json.dumps(SECRET | {"port": "S3cret-pass"}),
        json.dumps(SECRET | {"port": None}),
    ],
)
def test_a_malformed_secret_is_unavailable_and_stays_secret(client: "SecretsManagerClient", text: str) -> None:
    client.create_secret(Name=NAME, SecretString=text)
    told = "".join(traceback.format_exception(refusal(client)))
    assert "S3cret" not in told


def test_a_binary_secret_is_unavailable(client: "SecretsManagerClient") -> None:
    client.create_secret(Name=NAME, SecretBinary=b"S3cret-pass")
    assert "S3cret" not in str(refusal(client))


def test_credentials_do_not_show_their_password(stored: "SecretsManagerClient") -> None:
    assert "S3cret" not in repr(SecretCredentials(stored, NAME).current())
