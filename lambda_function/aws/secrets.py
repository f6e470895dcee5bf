"""Database credentials from Secrets Manager, kept for the life of the process."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from lambda_function.db.engine import Credentials
from lambda_function.domain.errors import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class SecretCredentials:
    """The credentials in one secret with the standard keys of RDS: host, port, username, password, dbname.

    Both methods raise UnavailableError when the secret cannot be read or lacks a key.
    """

    def __init__(self, client: "SecretsManagerClient", secret_id: str) -> None:
        self._client = client
        self._secret_id = secret_id
        self._cached: Credentials | None = None

    def current(self) -> Credentials:
        return self._cached or self.refreshed()

    def refreshed(self) -> Credentials:
        try:
            # The stage is said because some emulators answer a pending version without it.
            answer = self._client.get_secret_value(SecretId=self._secret_id, VersionStage="AWSCURRENT")
            secret = json.loads(answer["SecretString"])
            self._cached = Credentials(
                host=_text(secret["host"]),
                port=int(secret["port"]),
                username=_text(secret["username"]),
                password=_text(secret["password"]),
                database=_text(secret["dbname"]),
            )
        except (BotoCoreError, ClientError, KeyError, TypeError, ValueError, OverflowError) as error:
            # From None: the text of a JSON error holds a piece of the secret.
            raise UnavailableError(f"The database secret cannot be used ({type(error).__name__}).") from None
        return self._cached


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
