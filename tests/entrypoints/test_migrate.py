"""The Lambda that migrates, on the real database with its secrets in moto."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, inspect, text

from dev.lambda_context import LambdaContext
from lambda_function.bootstrap.alembic_setup import MigrationLockedError, alembic_config, lock_name
from lambda_function.bootstrap.migration_actions import UnknownActionError
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db import logins
from lambda_function.db.repositories.schema import REQUIRED_REVISION
from lambda_function.domain.errors import UnavailableError
from lambda_function.entrypoints.migrate import handler
from lambda_function.settings import SettingsError
from tests.entrypoints.secrets_manager import APP, MASTER, MIGRATOR, Vault, vault
from tests.servers import new_database, plain_engine

ROOT = Path(__file__).parents[2]


@pytest.fixture
def secrets(server_url: URL, worker_id: str, aws: pytest.MonkeyPatch) -> Iterator[Vault]:
    """An empty database and its secrets."""
    with new_database(server_url, f"dentist_lambda_{worker_id}") as url, vault(url, aws) as made:
        yield made


def _call(action: str, **arguments: str) -> dict[str, object]:
    answer = handler({"action": action, **arguments}, LambdaContext("migrate", 60))
    assert json.loads(json.dumps(answer)) == answer
    return answer


def test_from_an_empty_server_to_a_served_schema(secrets: Vault) -> None:
    users = [*logins.app_logins(str(secrets.url.database)), logins.migrator_login(str(secrets.url.database))]

    changed = _call("bootstrap")["changed"]
    assert changed == [f"secret of {users[0]}", users[0], users[1], f"secret of {users[2]}", users[2]]
    assert _call("current") == {"revision": None}
    assert _call("check-heads") == {"revision": None, "head": REQUIRED_REVISION, "at_head": False}
    assert _call("upgrade") == {"before": None, "revision": REQUIRED_REVISION}
    assert _call("upgrade") == {"before": REQUIRED_REVISION, "revision": REQUIRED_REVISION}
    assert _call("check-heads")["at_head"] is True

    with plain_engine(secrets.login(APP)).connect() as connection:
        assert connection.scalar(text("SELECT COUNT(*) FROM appointment")) == 0


def test_the_secrets_have_the_standard_keys(secrets: Vault) -> None:
    _call("bootstrap")

    for name in (APP, MIGRATOR):
        value = secrets.value(name)
        assert set(value) == {"engine", "host", "port", "username", "password", "dbname", "masterarn"}
        assert (value["engine"], value["host"], value["masterarn"]) == ("mysql", secrets.url.host, MASTER)
        assert (value["port"], value["dbname"]) == (secrets.url.port, secrets.url.database)


def test_bootstrapping_again_changes_nothing(secrets: Vault) -> None:
    _call("bootstrap")
    before = [secrets.value(name) for name in (APP, MIGRATOR)]

    assert _call("bootstrap") == {"changed": []}
    assert [secrets.value(name) for name in (APP, MIGRATOR)] == before


def test_a_bootstrap_that_broke_off_is_finished_by_the_next(secrets: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret was written, but the user was not created."""

    def die(cursor: object, username: str) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(logins, "create", die)
        with pytest.raises(KeyboardInterrupt):
            _call("bootstrap")
    written = secrets.value(APP)
    _call("bootstrap")

    assert secrets.value(APP) == written
    assert logins.can_log_in(UrlCredentials(secrets.login(APP)).current(), tls=None)


def test_a_restored_database_gets_its_new_address_and_todays_passwords(
    secrets: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    _call("bootstrap")
    _call("upgrade")
    with logins.session(UrlCredentials(secrets.url).current(), tls=None) as cursor:
        logins.set_password(cursor, secrets.value(APP)["username"], "Aa1-of-the-backup")
    monkeypatch.setenv("DATABASE_HOST", "localhost" if secrets.url.host == "127.0.0.1" else "127.0.0.1")

    assert len(_call("bootstrap")["changed"]) == 3  # type: ignore[arg-type] # two secrets and one password

    assert secrets.value(APP)["host"] != secrets.url.host
    with plain_engine(secrets.login(APP)).connect() as connection:
        assert connection.scalar(text("SELECT COUNT(*) FROM appointment")) == 0


def test_the_plan_is_sql_that_nothing_runs(secrets: Vault) -> None:
    _call("bootstrap")
    whole = str(_call("plan")["sql"])
    _call("upgrade", revision="0002")
    rest = str(_call("plan", revision="0003")["sql"])

    assert "CREATE TABLE clinic (" in whole
    assert "CREATE TABLE clinic (" not in rest
    assert "CREATE TABLE slot_claim" in rest
    assert not inspect(plain_engine(secrets.url)).has_table("slot_claim")


def test_the_application_gets_its_rights_with_each_table(secrets: Vault) -> None:
    _call("bootstrap")
    _call("upgrade", revision="0001")
    url = secrets.login(APP)
    assert inspect(plain_engine(url)).has_table("clinic")

    _call("upgrade")
    with plain_engine(url).connect() as connection:
        connection.execute(text("SELECT stripe FROM idempotency_lock FOR UPDATE"))


def test_no_password_is_told(secrets: Vault, log_text: Callable[[], str]) -> None:
    answers = [_call(action) for action in ("bootstrap", "upgrade", "check-heads")]
    told = json.dumps(answers) + log_text()

    assert "bootstrap" in told
    for name in (APP, MIGRATOR):
        assert secrets.value(name)["password"] not in told


def test_without_the_masters_secret_it_says_so(secrets: Vault) -> None:
    secrets.client.delete_secret(SecretId=MASTER, ForceDeleteWithoutRecovery=True)
    with pytest.raises(UnavailableError, match="master"):
        _call("bootstrap")


def test_a_secret_of_somebody_else_is_not_adopted(secrets: Vault) -> None:
    secrets.put(APP, {"username": "root", "password": "hunter2"})
    with pytest.raises(ValueError, match="not one of this database's") as refused:
        _call("bootstrap")
    assert "hunter2" not in str(refused.value)


def test_unknown_actions_and_misspelt_arguments_are_refused(secrets: Vault) -> None:
    with pytest.raises(UnknownActionError, match="bootstrap, check-heads, current, plan, upgrade"):
        _call("downgrade")
    with pytest.raises(TypeError, match="revison"):
        _call("upgrade", revison="0001")


@pytest.mark.parametrize("name", ["DATABASE_HOST", "DATABASE_PORT", "MASTER_SECRET_ID", "APP_SECRET_ID"])
def test_without_a_setting_it_says_which(secrets: Vault, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(SettingsError, match=name):
        _call("bootstrap")


CALL = "from lambda_function.entrypoints.migrate import handler; from dev.lambda_context import LambdaContext; "
UPGRADE = CALL + "print(handler({'action': 'upgrade'}, LambdaContext('migrate', 60)))"


def test_of_two_at_once_one_runs_and_the_other_waits(secrets: Vault) -> None:
    _call("bootstrap")
    url = secrets.login(MIGRATOR)
    environment = {"DATABASE_URL": url.render_as_string(hide_password=False), "DATABASE_TLS": "off"}
    started = [
        subprocess.Popen([sys.executable, "-c", UPGRADE], cwd=ROOT, env=environment, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=60)[0].decode() for process in started]

    assert [process.returncode for process in started] == [0, 0]
    assert all(f"'revision': '{REQUIRED_REVISION}'" in answer for answer in answers)


def test_one_that_waits_too_long_says_so(secrets: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    _call("bootstrap")
    monkeypatch.setattr(alembic_config, "__defaults__", (None, 1))
    with plain_engine(secrets.url).connect() as other:
        other.execute(text("SELECT GET_LOCK(:name, 0)"), {"name": lock_name(str(secrets.url.database))})
        with pytest.raises(MigrationLockedError, match="Nothing was changed"):
            _call("upgrade")
    assert _call("current") == {"revision": None}
