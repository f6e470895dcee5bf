"""The whole service on this machine: `make run`. Ctrl-C stops everything that it has started."""

import argparse
import sys
from pathlib import Path

from dev import stops
from dev.stack import DEFAULT_FOLDER, StackError


def main() -> int:
    stops.listen()
    try:
        # These imports take a good part of a second, and Ctrl-C must work before they are done.
        from dev import local_stack  # noqa: PLC0415 - see above

        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="where the data and the logs are")
        local_stack.run(parser.parse_args().folder)
    except stops.Stopped:
        stops.say("Stopped.")
        return 0
    except StackError as error:
        stops.say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
