"""The AWS emulator as a program of its own: `python -m dev.aws_server PORT`, started by dev.aws."""

import sys

from moto.server import main

from dev.children import end_with_parent

if __name__ == "__main__":
    end_with_parent()
    main(["--host", "127.0.0.1", "--port", sys.argv[1]])
