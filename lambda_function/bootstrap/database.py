"""How the parts that talk to the database are put together."""

import ssl

import boto3
from botocore.config import Config
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from lambda_function.aws.secrets import SecretCredentials, SecretVersions
from lambda_function.bootstrap.clock import Clock, system_clock
from lambda_function.db.engine import CredentialSource, build_engine
from lambda_function.db.unit_of_work import Database
from lambda_function.settings import DatabaseSettings, SettingsError, TlsSettings

CLIENT = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})


def build_database(
    source: CredentialSource,
    tls: TlsSettings,
    *,
    exempt: bool = False,
    clock: Clock = system_clock,
    name: str = "The database",
) -> Database:
    """The database, to which nothing has connected yet, as errors call it; for `exempt` see build_engine."""
    return Database(build_engine(source, tls_context(tls), exempt=exempt), clock, name)


def application_database(
    settings: DatabaseSettings, clock: Clock = system_clock, name: str = "The database"
) -> Database:
    """The database as the Lambdas of the application use it, with the application's secret, as errors call it."""
    return build_database(credential_source(settings.secret_id, settings.host), settings.tls, clock=clock, name=name)


def credential_source(secret_id: str, host: str | None = None) -> SecretCredentials:
    return SecretCredentials(boto3.client("secretsmanager", config=CLIENT), secret_id, host)


def secret_versions() -> SecretVersions:
    return SecretVersions(boto3.client("secretsmanager", config=CLIENT))


def database_url(text: str) -> URL:
    """The URL that DATABASE_URL holds. Raises SettingsError."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # From None, because the error quotes the end of a password with an @ that is not written %40.
        raise SettingsError("DATABASE_URL is not a database URL. Write an @ in the password as %40.") from None
    if url.drivername != "mysql+pymysql" or not (url.host and url.username and url.database):
        raise SettingsError("DATABASE_URL makes no sense. Set it to mysql+pymysql://user:password@host:3306/name.")
    return url


def tls_context(settings: TlsSettings) -> ssl.SSLContext | None:
    """The one context of the process, which verifies certificate and host name; None when TLS is off.

    Raises SettingsError when there is no such file of authorities.
    """
    try:
        return ssl.create_default_context(cafile=settings.ca_file) if settings.verify else None
    except OSError:
        raise SettingsError(
            "DATABASE_CA_FILE is not a file of certificates. Set it to the path of a PEM file."
        ) from None
