"""Cognito and Secrets Manager of the local stack, as moto emulates them, and who can log in there."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import EndpointConnectionError

from dev.children import Child, running
from dev.stack import StackError
from lambda_function.aws.secrets import SecretVersions

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

REGION = "us-east-1"
PASSWORD = "Demo-Passw0rd!"  # noqa: S105 - of the demo people, who exist on nobody's AWS


@dataclass(frozen=True, slots=True)
class Pool:
    """The Cognito user pool of one start of the emulator."""

    pool_id: str
    client_id: str
    issuer: str
    jwks_url: str


class Aws:
    """What the local stack asks of the emulator at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url
        session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)  # noqa: S106 - the emulator takes any
        self._cognito: CognitoIdentityProviderClient = session.client("cognito-idp", endpoint_url=url)
        self._secrets: SecretsManagerClient = session.client("secretsmanager", endpoint_url=url)

    def create_pool(self) -> Pool:
        """A pool with one client, whose people log in with their passwords."""
        pool_id = self._cognito.create_user_pool(PoolName="dentist")["UserPool"]["Id"]
        client = self._cognito.create_user_pool_client(
            UserPoolId=pool_id, ClientName="local", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
        )
        return Pool(
            pool_id=pool_id,
            client_id=client["UserPoolClient"]["ClientId"],
            issuer=f"https://cognito-idp.{REGION}.amazonaws.com/{pool_id}",
            jwks_url=f"{self.url}/{pool_id}/.well-known/jwks.json",
        )

    def create_people(self, pool: Pool, user_names: Iterable[str]) -> dict[str, str]:
        """Creates the people with the demo password; the `sub` of each by user name."""
        return {name: self._create_person(pool, name) for name in user_names}

    def _create_person(self, pool: Pool, user_name: str) -> str:
        user = self._cognito.admin_create_user(UserPoolId=pool.pool_id, Username=user_name, MessageAction="SUPPRESS")[
            "User"
        ]
        self._cognito.admin_set_user_password(
            UserPoolId=pool.pool_id, Username=user_name, Password=PASSWORD, Permanent=True
        )
        return next(item["Value"] for item in user["Attributes"] if item["Name"] == "sub")

    def check_pool(self, pool_id: str) -> None:
        """Raises StackError when this emulator has no such pool, and so is another stack's."""
        try:
            self._cognito.describe_user_pool(UserPoolId=pool_id)
        except self._cognito.exceptions.ResourceNotFoundException:
            raise StackError(f"Another local stack is running at {self.url}. Say which with FOLDER=…") from None

    def create_secrets(self, *names: str) -> SecretVersions:
        """Creates them empty, as Terraform does, and answers what fills and reads them."""
        for name in names:
            self._secrets.create_secret(Name=name)
        return SecretVersions(self._secrets)

    def access_token(self, client_id: str, user_name: str) -> str:
        """A token of a person with the demo password.

        Raises:
            StackError: there is no such person, or the password is another.
        """
        refusals = (
            self._cognito.exceptions.UserNotFoundException,
            self._cognito.exceptions.NotAuthorizedException,
        )
        try:
            answer = self._cognito.initiate_auth(
                ClientId=client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": user_name, "PASSWORD": PASSWORD},
            )
        except refusals:
            raise StackError(f"Cognito knows nobody called {user_name} with the demo password.") from None
        return answer["AuthenticationResult"]["AccessToken"]


@contextmanager
def reached() -> Iterator[None]:
    """Raises StackError where the block finds nobody at the emulator's address: the stack was killed."""
    try:
        yield
    except EndpointConnectionError:
        raise StackError("The local stack is not running any more. Start it with: make run") from None


@contextmanager
def running_emulator(port: int, *, log: Path) -> Iterator[Child]:
    """Starts the emulator on the port; it need not answer yet: see Child.wait_until_it_answers."""
    with running("The AWS emulator", "dev.aws_server", str(port), log=log, environment=os.environ) as child:
        yield child


def environment(url: str) -> dict[str, str]:
    """The environment of a Lambda whose AWS is the emulator at the address.

    Nothing of the person's own AWS settings is left in it.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return own | {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
