import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from dev import aws
from dev.aws import Aws, Pool, running_emulator
from dev.gateway import create_gateway
from dev.stack import Addresses, StackError
from lambda_function.aws.cognito import CognitoAccounts
from tests.dev.emulator import emulated_aws, needed
from tests.dev.http_server import Client, served

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.literals import AuthFlowTypeType
    from mypy_boto3_cognito_idp.type_defs import AuthenticationResultTypeTypeDef


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with emulated_aws(tmp_path_factory.mktemp("aws")) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def pool(emulator: Aws) -> Pool:
    return emulator.create_pool()


@pytest.fixture(scope="module")
def subs(emulator: Aws, pool: Pool) -> dict[str, str]:
    return emulator.create_people(pool.pool_id, ["rita", "pat"])


@pytest.fixture(scope="module")
def gateway(pool: Pool) -> Iterator[Client]:
    gateway = create_gateway(
        handler=lambda event, _: event["requestContext"]["authorizer"]["jwt"]["claims"],
        routes=["$default"],
        public=(),
        issuer=pool.issuer,
        jwks_url=pool.jwks_url,
        client_id=pool.client_id,
    )
    with served(gateway) as client:
        yield client


def test_the_gateway_accepts_a_token_of_the_emulated_cognito(
    emulator: Aws, pool: Pool, subs: dict[str, str], gateway: Client
) -> None:
    token = emulator.access_token(pool.client_id, "rita")
    reply = gateway.send("GET", "/me", [("Authorization", f"Bearer {token}")])
    assert reply.status == HTTPStatus.OK
    claims = reply.json()
    assert (claims["sub"], claims["username"], claims["token_use"]) == (subs["rita"], "rita", "access")


def test_a_machine_that_has_logged_in_renews_its_token(
    emulator: Aws, pool: Pool, subs: dict[str, str], gateway: Client
) -> None:
    def asked(flow: "AuthFlowTypeType", **parameters: str) -> "AuthenticationResultTypeTypeDef":
        answer = emulator.cognito.initiate_auth(ClientId=pool.client_id, AuthFlow=flow, AuthParameters=parameters)
        return answer["AuthenticationResult"]

    first = asked("USER_PASSWORD_AUTH", USERNAME="rita", PASSWORD=aws.PASSWORD)
    renewed = asked("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=first["RefreshToken"])

    reply = gateway.send("GET", "/me", [("Authorization", f"Bearer {renewed['AccessToken']}")])
    assert reply.json()["sub"] == subs["rita"]


def test_the_gateway_refuses_a_token_of_another_pool(emulator: Aws, gateway: Client) -> None:
    other = emulator.create_pool()
    emulator.create_people(other.pool_id, ["rita"])
    token = emulator.access_token(other.client_id, "rita")
    reply = gateway.send("GET", "/me", [("Authorization", f"Bearer {token}")])
    assert reply.status == HTTPStatus.UNAUTHORIZED


def test_a_lambda_in_the_local_environment_reads_the_secret_of_the_emulator(
    emulator: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.create_secrets("dentist/other").put_current("dentist/other", {"host": "db", "port": 3306})
    for name, value in aws.environment(emulator.url).items():
        monkeypatch.setenv(name, value)
    secret = boto3.client("secretsmanager").get_secret_value(SecretId="dentist/other")
    assert secret["SecretString"] == '{"host": "db", "port": 3306}'


def test_the_local_environment_holds_nothing_of_the_persons_own_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    assert "AWS_PROFILE" not in aws.environment("http://127.0.0.1:1")


def token_command(folder: Path, user_name: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "dev.token", "--folder", str(folder), user_name]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)


@pytest.fixture
def folder(emulator: Aws, pool: Pool, subs: dict[str, str], tmp_path: Path) -> Iterator[Path]:
    with Addresses(api="", aws=emulator.url, pool_id=pool.pool_id, client_id=pool.client_id).published(tmp_path):
        yield tmp_path


def test_the_token_command_prints_a_token_and_nothing_else(folder: Path, gateway: Client) -> None:
    done = token_command(folder, "pat")
    token = done.stdout.removesuffix("\n")
    reply = gateway.send("GET", "/me", [("Authorization", f"Bearer {token}")])
    assert (done.returncode, done.stderr, reply.json()["username"]) == (0, "", "pat")


def test_somebody_with_another_password_gets_the_demo_s(
    folder: Path, emulator: Aws, pool: Pool, gateway: Client
) -> None:
    CognitoAccounts(emulator.cognito, pool.pool_id).create("rosario", "r@example.org")
    for said in (f"The password of rosario is now {aws.PASSWORD}\n", ""):
        done = token_command(folder, "rosario")
        reply = gateway.send("GET", "/me", [("Authorization", f"Bearer {done.stdout.strip()}")])
        assert (done.stderr, reply.json()["username"]) == (said, "rosario")


def test_the_token_command_says_that_an_account_is_disabled(folder: Path, emulator: Aws, pool: Pool) -> None:
    accounts = CognitoAccounts(emulator.cognito, pool.pool_id)
    accounts.disable(accounts.create("former", "f@example.org"))
    done = token_command(folder, "former")
    assert (done.returncode, done.stderr) == (1, "The account of former is disabled.\n")


def test_the_token_command_says_who_is_unknown(folder: Path) -> None:
    done = token_command(folder, "nobody")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("There is no person called nobody.\n")


def test_the_token_command_says_that_no_stack_runs(tmp_path: Path) -> None:
    done = token_command(tmp_path, "pat")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The local stack is not running. Start it with: make run\n"


def test_addresses_left_by_a_killed_stack_do_not_pass_for_a_running_one(tmp_path: Path) -> None:
    with Addresses(api="", aws="http://127.0.0.1:1", pool_id="x", client_id="x").published(tmp_path):
        done = token_command(tmp_path, "pat")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no longer running" in done.stderr


def test_an_emulator_that_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            running_emulator(port, log=tmp_path / "aws.log", environment=needed(tmp_path)) as child,
            pytest.raises(StackError, match=r"The AWS emulator could not start(.|\n)*in use"),
        ):
            child.wait_until_it_answers("http://127.0.0.1:1/")
