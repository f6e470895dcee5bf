"""Prints an access token of a person of the local stack: `make token AS=rita`."""

import argparse
import sys
from pathlib import Path

from dev.aws import Aws, reached
from dev.stack import DEFAULT_FOLDER, Addresses, StackError


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("user_name")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    options = parser.parse_args()
    # GNU make predefines AS as the assembler's name.
    if options.user_name in {"", "as"}:
        print("Say for whom: make token AS=rita", file=sys.stderr)
        return 2
    try:
        print(access_token(options.folder, options.user_name))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def access_token(folder: Path, user_name: str) -> str:
    """A token for the stack that runs in the folder.

    Raises:
        StackError: no stack runs there, or it does not know the person.
    """
    addresses = Addresses.of_running_stack(folder)
    with reached():
        return Aws(addresses.aws).access_token(addresses.client_id, user_name)


if __name__ == "__main__":
    sys.exit(main())
