"""The local stack's AWS, emulated by moto: its Cognito and Secrets Manager, and the accounts that can log in."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError, EndpointConnectionError

from dev.children import Child, running
from dev.secret_names import APP_SECRET
from dev.stack import StackError
from lambda_function.aws.secrets import SecretVersions

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.literals import ExplicitAuthFlowsTypeType
    from mypy_boto3_secretsmanager import SecretsManagerClient

REGION = "us-east-1"
PASSWORD = "Demo-Passw0rd!"  # noqa: S105 - of the demo people, who exist only in the emulator

# As Terraform's client with password_flow has them.
_FLOWS: "list[ExplicitAuthFlowsTypeType]" = [
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
]


@dataclass(frozen=True, slots=True)
class Pool:
    """The Cognito user pool of one start of the emulator."""

    pool_id: str
    client_id: str
    issuer: str
    jwks_url: str


class UnknownPersonError(StackError):
    """Cognito has no account with that name."""


@cache
def _session() -> boto3.Session:
    """Each session reads the descriptions of the services anew, which takes a quarter of a second."""
    return boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)  # noqa: S106 - the emulator takes any


class Aws:
    """Everything that the local stack asks of the emulator at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = _session()
        self.cognito: CognitoIdentityProviderClient = self.session.client("cognito-idp", endpoint_url=url)
        self._secrets: SecretsManagerClient = self.session.client("secretsmanager", endpoint_url=url)

    def create_pool(self) -> Pool:
        """Creates a pool with one client, through which people log in with their passwords and stay logged in."""
        pool_id = self.cognito.create_user_pool(PoolName="dentist")["UserPool"]["Id"]
        client = self.cognito.create_user_pool_client(UserPoolId=pool_id, ClientName="local", ExplicitAuthFlows=_FLOWS)
        return Pool(
            pool_id=pool_id,
            client_id=client["UserPoolClient"]["ClientId"],
            issuer=f"https://cognito-idp.{REGION}.amazonaws.com/{pool_id}",
            jwks_url=f"{self.url}/{pool_id}/.well-known/jwks.json",
        )

    def create_people(self, pool_id: str, user_names: Iterable[str]) -> dict[str, str]:
        """Creates the people with the demo password and returns each one's `sub` by user name."""
        return {name: self._create_person(pool_id, name) for name in user_names}

    def _create_person(self, pool_id: str, user_name: str) -> str:
        user = self.cognito.admin_create_user(UserPoolId=pool_id, Username=user_name, MessageAction="SUPPRESS")["User"]
        self.give_password(pool_id, user_name)
        return next(item["Value"] for item in user["Attributes"] if item["Name"] == "sub")

    def give_password(self, pool_id: str, user_name: str) -> None:
        """Replaces the person's password, if any, by the demo password."""
        self.cognito.admin_set_user_password(UserPoolId=pool_id, Username=user_name, Password=PASSWORD, Permanent=True)

    def sign_up(self, pool_id: str, client_id: str, user_name: str, email: str, full_name: str | None) -> None:
        """Signs a person up as a client would: makes an account with the demo password, and confirms it with a code,
        which this emulator does not look at. What the confirmation triggers has been done when this returns.

        Raises:
            StackError: Cognito, or the trigger, refuses.
        """
        # Cognito refuses both, and the emulator neither.
        if "@" not in email:
            raise StackError(f"{email} is not an e-mail address. Give one such as {user_name}@example.org.")
        if self._has_account(pool_id, user_name):
            raise StackError(f"There is already an account called {user_name}. Choose another user name.")
        attributes = {"email": email} | ({"name": full_name} if full_name else {})
        try:
            self.cognito.sign_up(
                ClientId=client_id,
                Username=user_name,
                Password=PASSWORD,
                UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
            )
            self.cognito.confirm_sign_up(ClientId=client_id, Username=user_name, ConfirmationCode="123456")
        except self.cognito.exceptions.UsernameExistsException:
            raise StackError(f"There is already an account called {user_name}. Choose another user name.") from None
        except ClientError as error:
            raise StackError(f"Cognito refused the sign-up: {error.response['Error']['Message']}") from None

    def _has_account(self, pool_id: str, user_name: str) -> bool:
        """Ignores case: user names in our pools are the same in capital and small letters."""
        pages = self.cognito.get_paginator("list_users").paginate(UserPoolId=pool_id)
        return any(user["Username"].lower() == user_name.lower() for page in pages for user in page["Users"])

    def check_pool(self, pool_id: str) -> None:
        """Raises StackError when the emulator does not have this pool and so belongs to another stack."""
        try:
            self.cognito.describe_user_pool(UserPoolId=pool_id)
        except self.cognito.exceptions.ResourceNotFoundException:
            raise StackError(
                f"Another local stack is running at {self.url}. Add FOLDER=<its folder> to use that one."
            ) from None

    def secrets(self) -> SecretVersions:
        return SecretVersions(self._secrets)

    def create_secrets(self, *names: str) -> SecretVersions:
        """Creates the secrets empty, as Terraform does, and returns the client that fills and reads them."""
        for name in names:
            self._secrets.create_secret(Name=name)
        return self.secrets()

    def access_token(self, client_id: str, user_name: str) -> str | None:
        """Returns an access token, or None if the person has another password than the demo's, or none yet.

        Raises:
            StackError: the account is not allowed to log in.
            UnknownPersonError: there is no such account.
        """
        try:
            answer = self.cognito.initiate_auth(
                ClientId=client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": user_name, "PASSWORD": PASSWORD},
            )
        except self.cognito.exceptions.UserNotFoundException:
            raise UnknownPersonError(f"Cognito has no account called {user_name}.") from None
        except self.cognito.exceptions.UserNotConfirmedException:
            raise StackError(
                f"{user_name} has signed up but not confirmed the account. Confirm it first; any code works."
            ) from None
        except self.cognito.exceptions.NotAuthorizedException as error:
            if "disabled" in error.response["Error"]["Message"]:
                raise StackError(f"The account of {user_name} is disabled.") from None
            return None
        # Somebody who was invited must choose a password first, so there is no result.
        return answer["AuthenticationResult"]["AccessToken"] if "AuthenticationResult" in answer else None


@contextmanager
def reached() -> Iterator[None]:
    """Raises StackError if nothing answers at the emulator's address in the block: the stack was killed."""
    try:
        yield
    except EndpointConnectionError:
        raise StackError("The local stack is no longer running. Start it again with: make run") from None


@contextmanager
def running_emulator(port: int, *, log: Path, environment: Mapping[str, str]) -> Iterator[Child]:
    """Starts the emulator on the port, with more in its environment than a Lambda has. It may not answer yet: see
    Child.wait_until_it_answers.
    """
    own = {**lambda_environment(f"http://127.0.0.1:{port}"), **environment}  # for the functions that it runs
    with running("The AWS emulator", "dev.aws_server", str(port), log=log, environment=own) as child:
        yield child


def environment(url: str) -> dict[str, str]:
    """Returns the environment of a program that uses the emulator at the address as AWS.

    It contains none of the person's own settings for AWS and the database.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DATABASE_"))}
    return own | {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def lambda_environment(url: str) -> dict[str, str]:
    """Returns the environment of a Lambda that connects to the stack's database with the application's secret."""
    return environment(url) | {
        "DATABASE_SECRET_ID": APP_SECRET,
        "DATABASE_TLS": "off",
        "POWERTOOLS_SERVICE_NAME": "dentist",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "PYTHONUNBUFFERED": "1",
    }
