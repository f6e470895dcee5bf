"""Deletes the data of the local stack: `make reset`."""

import argparse
import shutil
import sys
from pathlib import Path

from dev.stack import DEFAULT_FOLDER, StackError, locked, shown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    folder = parser.parse_args().folder
    if not folder.exists():
        print("There are no local data, so nothing was deleted.")
        return 0
    # Every stack leaves its lock behind, so a folder without it is not a stack's.
    if not (folder / "lock").is_file():
        print(f"{shown(folder)} is not the folder of a local stack, so nothing was deleted.", file=sys.stderr)
        return 1
    try:
        with locked(folder):
            shutil.rmtree(folder)
    except StackError as error:
        print(f"{error} Stop it with Ctrl-C, then run make reset again.", file=sys.stderr)
        return 1
    print(f"All data in {shown(folder)} are deleted. The next make run starts with a new demo.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
