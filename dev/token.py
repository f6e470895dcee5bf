"""Prints an access token of a person of the local stack: `make token AS=rita`."""

import argparse
import sys
from pathlib import Path

from dev.aws import PASSWORD, Aws, UnknownPersonError, reached
from dev.stack import DEFAULT_FOLDER, Addresses, StackError


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("user_name")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    options = parser.parse_args()
    # GNU make predefines AS as the assembler's name.
    if options.user_name in {"", "as"}:
        print("Give the user name of a person, for example: make token AS=rita", file=sys.stderr)
        return 2
    try:
        print(access_token(options.folder, options.user_name))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def access_token(folder: Path, user_name: str) -> str:
    """Returns a token for the stack that runs in the folder: see token_of. Raises StackError if none runs there."""
    return token_of(Addresses.of_running_stack(folder), user_name)


def token_of(addresses: Addresses, user_name: str) -> str:
    """Returns a token for the running stack. A person without an account gets one, and any other password is replaced
    by the demo password: accounts are lost at the end of each run, and people entered by a reception never had one.

    Raises:
        StackError: the stack is no longer running, nobody has that name, or the account is disabled.
    """
    with reached():
        account = Aws(addresses.aws)
        try:
            token = account.access_token(addresses.client_id, user_name)
        except UnknownPersonError:
            _make_account(account, addresses, user_name)
            token = account.access_token(addresses.client_id, user_name)
        if token is None:
            print(f"The password of {user_name} is now {PASSWORD}", file=sys.stderr)
            account.give_password(addresses.pool_id, user_name)
            token = account.access_token(addresses.client_id, user_name)
    if token is None:
        raise StackError(
            f"Cognito refuses to log in {user_name}, even with the demo password. "
            "Stop the stack and run make run again: each start makes the accounts anew."
        )
    return token


def _make_account(account: Aws, addresses: Addresses, user_name: str) -> None:
    # Most people have an account. The curl that `make run` prints waits for a token, and these imports take a second.
    from dev import database, demo  # noqa: PLC0415 - see above

    url = database.app_url(account.secrets())
    if url is None or not demo.known(url, user_name):
        raise StackError(
            f"There is no person called {user_name}.\n"
            'To list everybody, run: make operator ARGS="users list"\n'
            f"To sign up a new patient, run: make sign-up AS={user_name} EMAIL={user_name}@example.org"
        )
    demo.link(url, account.create_people(addresses.pool_id, [user_name]))


if __name__ == "__main__":
    sys.exit(main())
