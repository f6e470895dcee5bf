"""Database credentials in Secrets Manager. Failures are UnavailableErrors that do not quote the secret."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from lambda_function.db.engine import Credentials
from lambda_function.domain.errors import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_CURRENT = "AWSCURRENT"
_PENDING = "AWSPENDING"


@contextmanager
def _trouble() -> Iterator[None]:
    """Raises UnavailableError from None, because the text of a JSON error holds a piece of the secret."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise UnavailableError(f"Secrets Manager refused ({code}).") from None
    except (BotoCoreError, KeyError, ValueError) as error:
        raise UnavailableError(f"The database secret cannot be used ({type(error).__name__}).") from None


MAX_AGE = 300.0


class SecretCredentials:
    """The credentials in one secret, kept for MAX_AGE seconds, or longer while Secrets Manager cannot be reached. They
    are read again because the secret may name another database while the old one still answers.

    `host` replaces the host in the secret, which names the database itself: a rotation must not go through a proxy,
    which learns of a new password only afterwards.
    """

    def __init__(
        self,
        client: "SecretsManagerClient",
        secret_id: str,
        host: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._secret_id = secret_id
        self._host = host
        self._monotonic = monotonic
        self._cached: Credentials | None = None
        self._good_until = 0.0

    def current(self) -> Credentials:
        if self._cached is None:
            return self.refreshed()
        if self._monotonic() >= self._good_until:
            try:
                return self.refreshed()
            except UnavailableError:
                self._good_until = self._monotonic() + MAX_AGE
        return self._cached

    def refreshed(self) -> Credentials:
        with _trouble():
            # The stage is given because some emulators answer a pending version without it.
            answer = self._client.get_secret_value(SecretId=self._secret_id, VersionStage=_CURRENT)
            credentials = Credentials.in_secret(json.loads(answer["SecretString"]))
        self._cached = replace(credentials, host=self._host or credentials.host)
        self._good_until = self._monotonic() + MAX_AGE
        return self._cached


class SecretVersions:
    """The versions of secrets, for those who make and rotate them. A version's id is the token of its rotation."""

    def __init__(self, client: "SecretsManagerClient") -> None:
        self._client = client

    def current(self, secret_id: str) -> dict[str, Any] | None:
        """None when nothing has been put into the secret yet."""
        return self._read(SecretId=secret_id, VersionStage=_CURRENT)

    def pending(self, secret_id: str, token: str) -> dict[str, Any] | None:
        """None when a rotation has been announced but has not stored a value yet."""
        return self._read(SecretId=secret_id, VersionId=token, VersionStage=_PENDING)

    def stages(self, secret_id: str, token: str) -> frozenset[str]:
        return frozenset(self._versions(secret_id).get(token, ()))

    def put_current(self, secret_id: str, value: Mapping[str, Any]) -> None:
        with _trouble():
            self._client.put_secret_value(SecretId=secret_id, SecretString=json.dumps(value))

    def put_pending(self, secret_id: str, token: str, value: Mapping[str, Any]) -> None:
        with _trouble():
            self._client.put_secret_value(
                SecretId=secret_id,
                ClientRequestToken=token,
                SecretString=json.dumps(value),
                VersionStages=[_PENDING],
            )

    def make_current(self, secret_id: str, token: str) -> None:
        before = next(version for version, stages in self._versions(secret_id).items() if _CURRENT in stages)
        with _trouble():
            self._client.update_secret_version_stage(
                SecretId=secret_id, VersionStage=_CURRENT, MoveToVersionId=token, RemoveFromVersionId=before
            )

    def _versions(self, secret_id: str) -> Mapping[str, list[str]]:
        with _trouble():
            return self._client.describe_secret(SecretId=secret_id)["VersionIdsToStages"]

    def _read(self, **version: str) -> dict[str, Any] | None:
        with _trouble():
            try:
                answer = self._client.get_secret_value(**version)
            except self._client.exceptions.ResourceNotFoundException:
                return None
            value: dict[str, Any] = json.loads(answer["SecretString"])
            return value
