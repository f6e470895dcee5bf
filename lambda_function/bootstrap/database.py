"""How the parts that talk to the database are put together."""

import ssl

import boto3
from botocore.config import Config

from lambda_function.aws.secrets import SecretCredentials, SecretVersions
from lambda_function.settings import TlsSettings

CLIENT = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})


def credential_source(secret_id: str, host: str | None = None) -> SecretCredentials:
    return SecretCredentials(boto3.client("secretsmanager", config=CLIENT), secret_id, host)


def secret_versions() -> SecretVersions:
    return SecretVersions(boto3.client("secretsmanager", config=CLIENT))


def tls_context(settings: TlsSettings) -> ssl.SSLContext | None:
    """The one context of the process, which verifies certificate and host name; None when TLS is off."""
    return ssl.create_default_context(cafile=settings.ca_file) if settings.verify else None
