"""Signs a patient up on the local stack, as a client's page would: `make sign-up AS=ana EMAIL=ana@example.org`."""

import argparse
import sys
from pathlib import Path

from dev.aws import PASSWORD, Aws, reached
from dev.stack import DEFAULT_FOLDER, Addresses, StackError


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("user_name")
    parser.add_argument("email")
    parser.add_argument("--name", default="")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    options = parser.parse_args()
    # GNU make predefines AS as the assembler's name.
    if options.user_name in {"", "as"} or not options.email:
        print(
            "Give a user name and an e-mail address, for example: make sign-up AS=ana EMAIL=ana@example.org",
            file=sys.stderr,
        )
        return 2
    try:
        addresses = Addresses.of_running_stack(options.folder)
        with reached():
            Aws(addresses.aws).sign_up(
                addresses.pool_id, addresses.client_id, options.user_name, options.email, options.name
            )
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.user_name} has signed up and confirmed the e-mail address. The password is {PASSWORD}")
    print(f"To get an access token, run: make token AS={options.user_name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
