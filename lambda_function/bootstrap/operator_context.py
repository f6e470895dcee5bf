"""Builds what operators' actions work with, for the command line and for the operators' Lambda, which has no click."""

import boto3
from botocore.config import Config
from sqlalchemy import URL

from lambda_function.aws.cognito import CognitoAccounts
from lambda_function.aws.operator_function import OperatorFunction
from lambda_function.bootstrap.clock import Clock, system_clock
from lambda_function.bootstrap.database import CLIENT, build_database, credential_source, database_url
from lambda_function.db.engine import Credentials
from lambda_function.db.unit_of_work import Database
from lambda_function.services.operators.accounts import Accounts
from lambda_function.settings import MigrationSettings, migration_settings, user_pool_id

# A batch of an import takes a second or two, and what is called again changes nothing.
_FUNCTION = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5})


class UrlCredentials:
    """A CredentialSource made of a URL that a person has typed."""

    def __init__(self, url: URL) -> None:
        self._credentials = Credentials(
            host=str(url.host),
            port=int(url.port or 3306),
            username=str(url.username),
            password=str(url.password or ""),
            database=str(url.database),
        )

    def current(self) -> Credentials:
        return self._credentials

    refreshed = current


def operators_database(settings: MigrationSettings | None = None, clock: Clock = system_clock) -> Database:
    """Reads the environment as migrations do, unless settings are given. Nothing connects yet."""
    settings = settings or migration_settings()
    source = UrlCredentials(database_url(settings.url)) if settings.url else credential_source(str(settings.secret_id))
    return build_database(source, settings.tls, exempt=True, clock=clock)


def build_accounts() -> Accounts | None:
    """The accounts of the user pool that the environment names; None when it names none."""
    pool_id = user_pool_id()
    return None if pool_id is None else CognitoAccounts(boto3.client("cognito-idp", config=CLIENT), pool_id)


def build_function(name: str) -> OperatorFunction:
    """The operators' Lambda of this name, in the account and region of the environment."""
    return OperatorFunction(boto3.client("lambda", config=_FUNCTION), name)
