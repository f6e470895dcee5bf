"""The accounts that people log in with, in a Cognito user pool."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from lambda_function.domain.errors import NameTakenError, UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef

# Only an operator makes accounts of this status, and it ends with the first log-in.
_UNUSED = "FORCE_CHANGE_PASSWORD"


@contextmanager
def _pool_errors() -> Iterator[None]:
    """Raises UnavailableError for errors of AWS, and drops their message, which may quote what was sent."""
    try:
        yield
    except ClientError as error:
        raise UnavailableError(f"The user pool refused ({error.response['Error']['Code']}).") from None
    except BotoCoreError as error:
        raise UnavailableError(f"The user pool cannot be reached ({type(error).__name__}).") from None


class CognitoAccounts:
    """Implements Accounts; see services/operators/accounts.py."""

    def __init__(self, client: "CognitoIdentityProviderClient", pool_id: str) -> None:
        self._client = client
        self._pool_id = pool_id

    def check_free(self, user_name: str, email: str) -> None:
        self._unused(user_name, email)

    def create(self, user_name: str, email: str) -> str:
        unused = self._unused(user_name, email)
        if unused is not None:
            return unused
        with _pool_errors():
            user = self._client.admin_create_user(
                UserPoolId=self._pool_id,
                Username=user_name,
                UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
                DesiredDeliveryMediums=["EMAIL"],
            )["User"]
        return _attribute(user["Attributes"], "sub")

    def disable(self, sub: str) -> bool:
        with _pool_errors():
            name = self._name_of(sub)
            if name is None:
                return False
            self._client.admin_disable_user(UserPoolId=self._pool_id, Username=name)
            self._client.admin_user_global_sign_out(UserPoolId=self._pool_id, Username=name)
        return True

    def enable(self, sub: str) -> bool:
        with _pool_errors():
            name = self._name_of(sub)
            if name is None:
                return False
            self._client.admin_enable_user(UserPoolId=self._pool_id, Username=name)
        return True

    def delete(self, sub: str) -> bool:
        with _pool_errors():
            name = self._name_of(sub)
            if name is None:
                return False
            self._client.admin_delete_user(UserPoolId=self._pool_id, Username=name)
        return True

    def _unused(self, user_name: str, email: str) -> str | None:
        """The `sub` of the account that an earlier call made for this person; None when there is none at all.

        Raises NameTakenError when the account is already in use.
        """
        with _pool_errors():
            try:
                user = self._client.admin_get_user(UserPoolId=self._pool_id, Username=user_name)
            except self._client.exceptions.UserNotFoundException:
                return None
        if user["UserStatus"] != _UNUSED or _attribute(user["UserAttributes"], "email") != email:
            raise NameTakenError("Another user has an account with this user name. Choose another.", field="user_name")
        return _attribute(user["UserAttributes"], "sub")

    def _name_of(self, sub: str) -> str | None:
        """The user name in the pool, which may differ from ours for people who signed up themselves."""
        found = self._client.list_users(UserPoolId=self._pool_id, Filter=f'sub = "{sub}"', Limit=1)["Users"]
        return found[0]["Username"] if found else None


def _attribute(attributes: "list[AttributeTypeTypeDef]", name: str) -> str:
    return next((item.get("Value", "") for item in attributes if item["Name"] == name), "")
