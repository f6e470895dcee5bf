"""Operators' commands and practice files on the database of a test, with the accounts of a user pool."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner, Result

from dev import demo
from lambda_function.aws.cognito import CognitoAccounts
from lambda_function.bootstrap.countries import build_dead_letters, build_register
from lambda_function.bootstrap.operator_context import build_function
from lambda_function.cli.command import Exit, RunAction, Tools
from lambda_function.cli.program import main
from lambda_function.cli.yaml_file import YamlFile
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.errors import UnavailableError
from lambda_function.services.operators.accounts import Accounts
from lambda_function.services.operators.countries import DeadLetters, Register
from tests.factories import Practice

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient


def demo_document() -> Any:
    """Returns the content of the demo's practice file, for a test to change. It names no country, because the demo of
    tests has no registers.
    """
    document = copy.deepcopy(YamlFile(demo.FILE).data)
    del document["countries"]
    return document


@dataclass(slots=True)
class Pool:
    """A user pool as its administrator sees it."""

    client: "CognitoIdentityProviderClient"
    pool_id: str

    @property
    def accounts(self) -> CognitoAccounts:
        return CognitoAccounts(self.client, self.pool_id)

    def add(self, user_name: str, email: str) -> str:
        """Adds an account that somebody has made for themselves, and returns its `sub`."""
        self.client.admin_create_user(
            UserPoolId=self.pool_id, Username=user_name, UserAttributes=[{"Name": "email", "Value": email}]
        )
        self.client.admin_set_user_password(
            UserPoolId=self.pool_id, Username=user_name, Password="Own-Passw0rd!", Permanent=True
        )
        return self.attributes(user_name)["sub"]

    def user(self, user_name: str) -> Any:
        return self.client.admin_get_user(UserPoolId=self.pool_id, Username=user_name)

    def attributes(self, user_name: str) -> dict[str, str]:
        return {item["Name"]: item["Value"] for item in self.user(user_name)["UserAttributes"]}

    @property
    def user_names(self) -> set[str]:
        return {user["Username"] for user in self.client.list_users(UserPoolId=self.pool_id)["Users"]}


@dataclass(slots=True)
class Terminal:
    """Runs commands as the program does, with the accounts of a pool if there is one. `folder` is where the practice
    files of the test are written. Standard input is a terminal only if `on_terminal` says so.
    """

    database: Database
    practice: Practice
    folder: Path
    accounts: Accounts | None = None
    on_terminal: bool = False
    function: Callable[[str], RunAction] = build_function
    dead_letters: Callable[[str], DeadLetters] = build_dead_letters
    register: Callable[[str], Register] = build_register

    def tools(self) -> Tools:
        return Tools(
            database=lambda: self.database,
            accounts=lambda: self.accounts,
            function=self.function,
            dead_letters=self.dead_letters,
            register=self.register,
            on_terminal=lambda: self.on_terminal,
        )

    def run(self, *arguments: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(main, arguments, obj=self.tools(), input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def done(self, *arguments: str) -> Any:
        """Returns the document of a command that must succeed."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == Exit.DONE, result.output
        return json.loads(result.stdout)

    def refused(self, *arguments: str) -> Any:
        """Returns the error of a command that must be refused."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == Exit.REFUSED, result.output
        return json.loads(result.stdout)["error"]

    def practice_file(self, action: str, document: Any, *options: str) -> Result:
        """Plans or applies a document, which is written as JSON, a subset of YAML."""
        file = self.folder / "practice.yaml"
        file.write_text(json.dumps(document))
        return self.run("practice", action, str(file), *options)

    def plan(self, document: Any) -> Any:
        return json.loads(self.practice_file("plan", document, "--json").stdout)

    def changes(self, document: Any) -> dict[str, dict[str, tuple[Any, Any]]]:
        """Returns (old, new) by field, by kind and name."""
        return {
            f"{change['kind']} {change['name']}": {
                field: (values["old"], values["new"]) for field, values in change["fields"].items()
            }
            for change in self.plan(document)["changes"]
        }


class FailingOnce:
    """Accounts of a pool that fails at the first call of one kind."""

    def __init__(self, pool: Pool, method: str) -> None:
        self._accounts = pool.accounts
        self._method = method
        self._failed = False

    def _call(self, method: str, *arguments: str) -> Any:
        if method == self._method and not self._failed:
            self._failed = True
            raise UnavailableError("The user pool cannot be reached.")
        return getattr(self._accounts, method)(*arguments)

    def check_free(self, user_name: str, email: str) -> None:
        self._call("check_free", user_name, email)

    def create(self, user_name: str, email: str) -> str:
        return str(self._call("create", user_name, email))

    def disable(self, sub: str) -> bool:
        return bool(self._call("disable", sub))

    def enable(self, sub: str) -> bool:
        return bool(self._call("enable", sub))

    def delete(self, sub: str) -> bool:
        return bool(self._call("delete", sub))
