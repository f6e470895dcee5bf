"""The functions' package for this machine: `python -m dev.drill.package ZIP AUTHORITY`."""

import sys
from dataclasses import replace
from pathlib import Path

from dev.package import build, lambda_target

if __name__ == "__main__":
    print(build(replace(lambda_target(), platform=None), Path(sys.argv[1]), ca_bundle=Path(sys.argv[2])))
