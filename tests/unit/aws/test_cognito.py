"""Accounts in a user pool that moto emulates in this process."""

from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from lambda_function.aws.cognito import CognitoAccounts
from lambda_function.domain.errors import NameTakenError, UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

EMAIL = "ana@example.org"


@pytest.fixture
def client(aws: pytest.MonkeyPatch) -> "CognitoIdentityProviderClient":
    return boto3.client("cognito-idp")


@pytest.fixture
def pool_id(client: "CognitoIdentityProviderClient") -> str:
    return client.create_user_pool(PoolName="dentist")["UserPool"]["Id"]


@pytest.fixture
def accounts(client: "CognitoIdentityProviderClient", pool_id: str) -> CognitoAccounts:
    return CognitoAccounts(client, pool_id)


def test_making_an_account_twice_makes_one(accounts: CognitoAccounts) -> None:
    assert accounts.create("ana", EMAIL) == accounts.create("ana", EMAIL)


def test_an_account_of_another_address_is_not_taken_over(accounts: CognitoAccounts) -> None:
    accounts.create("ana", EMAIL)
    with pytest.raises(NameTakenError):
        accounts.create("ana", "other@example.org")


def test_an_account_in_use_is_not_taken_over(
    accounts: CognitoAccounts, client: "CognitoIdentityProviderClient", pool_id: str
) -> None:
    accounts.create("ana", EMAIL)
    client.admin_set_user_password(UserPoolId=pool_id, Username="ana", Password="Own-Passw0rd!", Permanent=True)
    for attempt in (accounts.check_free, accounts.create):
        with pytest.raises(NameTakenError) as refusal:
            attempt("ana", EMAIL)
        assert refusal.value.field == "user_name"


def test_a_name_that_nobody_has_is_free(accounts: CognitoAccounts) -> None:
    accounts.check_free("ana", EMAIL)


def test_what_is_not_there_is_neither_disabled_nor_deleted(accounts: CognitoAccounts) -> None:
    assert accounts.disable("no-such-sub") is False
    assert accounts.delete("no-such-sub") is False


def test_disabling_and_deleting_twice_is_no_error(accounts: CognitoAccounts) -> None:
    sub = accounts.create("ana", EMAIL)
    assert [accounts.disable(sub), accounts.disable(sub)] == [True, True]
    assert [accounts.delete(sub), accounts.delete(sub)] == [True, False]


def test_only_the_account_of_the_sub_is_touched(
    accounts: CognitoAccounts, client: "CognitoIdentityProviderClient", pool_id: str
) -> None:
    accounts.create("bea", "bea@example.org")
    accounts.delete(accounts.create("ana", EMAIL))
    assert [user["Username"] for user in client.list_users(UserPoolId=pool_id)["Users"]] == ["bea"]


def test_a_pool_that_is_not_there_is_unavailable_and_quotes_nothing(client: "CognitoIdentityProviderClient") -> None:
    accounts = CognitoAccounts(client, "us-east-1_nowhere")
    with pytest.raises(UnavailableError) as refusal:
        accounts.create("ana", EMAIL)
    assert "ResourceNotFoundException" in str(refusal.value)
    assert "ana" not in str(refusal.value)


def test_a_pool_that_cannot_be_reached_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    nowhere = boto3.client(
        "cognito-idp",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(UnavailableError, match="cannot be reached"):
        CognitoAccounts(nowhere, "us-east-1_pool").disable("sub")
