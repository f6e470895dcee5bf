"""Runs an operators' command against the local stack: `make operator ARGS="users list"`."""

import argparse
import os
import sys
from pathlib import Path

from dev import aws, clock
from dev.messaging import COUNTRY_PREFIX
from dev.stack import DEFAULT_FOLDER, Addresses, StackError


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="the command, as python -m lambda_function takes it")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    options = parser.parse_args()
    try:
        addresses = Addresses.of_running_stack(options.folder)
        with aws.reached():
            aws.Aws(addresses.aws).check_pool(addresses.pool_id)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    command = [sys.executable, "-m", "dev.operator_program", *(options.words or ["--help"])]
    # The command takes the place of this process, so that Ctrl-C is told to nobody else.
    variables = environment(addresses) | clock.environment(options.folder)
    return os.execve(sys.executable, command, variables)  # noqa: S606 - this is meant, and no shell reads it


def environment(addresses: Addresses) -> dict[str, str]:
    """Returns the environment that connects operators' commands to this stack's database, accounts and countries."""
    return aws.lambda_environment(addresses.aws) | {
        "COGNITO_USER_POOL_ID": addresses.pool_id,
        "COUNTRY_PREFIX": COUNTRY_PREFIX,
    }


if __name__ == "__main__":
    sys.exit(main())
