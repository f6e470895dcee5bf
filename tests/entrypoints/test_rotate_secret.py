"""The Lambda that rotates passwords, step by step as Secrets Manager calls it, with moto's secrets and the real
database.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import URL

from dev.lambda_context import LambdaContext
from lambda_function.bootstrap.migration_actions import run
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db import logins
from lambda_function.services.rotation import RotationError
from tests.aws import load_handler
from tests.entrypoints.secrets_manager import APP, MIGRATOR, Vault, bootstrap, vault
from tests.servers import new_database

MODULE = "lambda_function.entrypoints.rotate_secret"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


@pytest.fixture
def secrets(server_url: URL, worker_id: str, aws: pytest.MonkeyPatch) -> Iterator[Vault]:
    with new_database(server_url, f"dentist_rotate_{worker_id}") as url, vault(url, aws) as made:
        bootstrap()
        run("upgrade", "0001")
        yield made


def _call(step: str, token: str, secret_id: str = APP) -> None:
    handler: Callable[[dict[str, Any], LambdaContext], None] = load_handler(MODULE)
    handler({"Step": step, "SecretId": secret_id, "ClientRequestToken": token}, LambdaContext("rotate-secret", 60))


def _rotate(secrets: Vault, secret_id: str = APP) -> None:
    token = secrets.stage(secret_id)
    for step in STEPS:
        _call(step, token, secret_id)


def _works(url: URL) -> bool:
    return logins.can_log_in(UrlCredentials(url).current(), tls=None)


def test_the_users_take_turns_and_the_one_before_still_works(secrets: Vault) -> None:
    holders, logged_in = [secrets.login(APP)], []
    for _ in range(3):
        _rotate(secrets)
        holders.append(secrets.login(APP))
        logged_in.append([_works(url) for url in holders[-3:]])

    first, second = logins.app_logins(str(secrets.url.database))
    assert [url.username for url in holders] == [first, second, first, second]
    assert logged_in == [[True, True], [False, True, True], [False, True, True]]


def test_everything_but_user_and_password_is_kept(secrets: Vault) -> None:
    before = secrets.value(APP)
    _rotate(secrets)
    after = secrets.value(APP)

    assert {key for key in after if after[key] != before[key]} == {"username", "password"}


def test_the_migrator_has_one_user_and_a_new_password(secrets: Vault) -> None:
    before = secrets.login(MIGRATOR)
    _rotate(secrets, MIGRATOR)

    assert secrets.login(MIGRATOR).username == before.username
    assert [_works(before), _works(secrets.login(MIGRATOR))] == [False, True]


def test_every_step_may_come_twice(secrets: Vault) -> None:
    token = secrets.stage(APP)
    for step in STEPS:
        _call(step, token)
        value = secrets.value(APP, "AWSPENDING" if step != "finishSecret" else "AWSCURRENT")
        _call(step, token)
        assert secrets.value(APP, "AWSPENDING" if step != "finishSecret" else "AWSCURRENT") == value
    assert _works(secrets.login(APP))


def test_a_new_rotation_takes_over_from_one_that_was_given_up(secrets: Vault) -> None:
    given_up = secrets.stage(APP)
    _call("createSecret", given_up)
    _call("setSecret", given_up)
    _rotate(secrets)

    assert _works(secrets.login(APP))
    with pytest.raises(RotationError, match="not staged"):
        _call("setSecret", given_up)


def test_a_pending_copy_of_the_current_version_gets_a_password_of_its_own(secrets: Vault) -> None:
    token = secrets.stage(APP)
    secrets.client.put_secret_value(
        SecretId=APP,
        ClientRequestToken=token,
        SecretString=secrets.client.get_secret_value(SecretId=APP, VersionStage="AWSCURRENT")["SecretString"],
        VersionStages=["AWSPENDING"],
    )
    for step in STEPS:
        _call(step, token)

    assert secrets.value(APP)["password"] != secrets.value(APP, "AWSPREVIOUS")["password"]


def test_the_user_in_use_keeps_its_password(secrets: Vault) -> None:
    """A pending version that names this user was made before another rotation was finished."""
    token = secrets.stage(APP)
    _call("createSecret", token)
    in_use = secrets.value(APP, "AWSPENDING")
    secrets.put(APP, {**in_use, "password": "Aa1-in-use"})
    secrets.client.update_secret_version_stage(SecretId=APP, VersionStage="AWSPENDING", MoveToVersionId=token)

    with pytest.raises(RotationError, match="turn"):
        _call("setSecret", token)


@pytest.mark.parametrize("step", STEPS)
def test_a_token_that_is_not_staged_is_refused(secrets: Vault, step: str) -> None:
    before = secrets.value(APP)
    with pytest.raises(RotationError, match="not staged"):
        _call(step, "0" * 32)
    assert secrets.value(APP) == before


@pytest.mark.parametrize("step", ["setSecret", "testSecret"])
def test_a_step_that_comes_too_early_is_refused(secrets: Vault, step: str) -> None:
    with pytest.raises(RotationError, match="createSecret"):
        _call(step, secrets.stage(APP))


def test_an_unknown_step_is_refused(secrets: Vault) -> None:
    with pytest.raises(RotationError, match="step is not known"):
        _call("dropSecret", secrets.stage(APP))


def test_a_password_that_does_not_work_never_becomes_current(secrets: Vault) -> None:
    token = secrets.stage(APP)
    _call("createSecret", token)
    with pytest.raises(logins.LoginError, match="1045") as refused:
        _call("testSecret", token)
    assert secrets.value(APP, "AWSPENDING")["password"] not in str(refused.value)


def test_nothing_becomes_current_before_the_database_knows_it(secrets: Vault) -> None:
    """The last step comes too early: the password is written, but no user has it."""
    token, before = secrets.stage(APP), secrets.value(APP)
    _call("createSecret", token)
    with pytest.raises(logins.LoginError, match="1045"):
        _call("finishSecret", token)
    assert secrets.value(APP) == before


def test_no_password_is_logged(secrets: Vault, log_text: Callable[[], str]) -> None:
    _rotate(secrets)
    told = log_text()

    assert "setSecret" in told
    assert secrets.value(APP)["password"] not in told
