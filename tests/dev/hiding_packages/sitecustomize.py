"""Python runs this module when it starts with this folder on PYTHONPATH. The packages in HIDDEN_PACKAGES can then not
be imported, as if they were not installed.
"""

import os
import sys
from collections.abc import Sequence

_HIDDEN = frozenset(os.environ["HIDDEN_PACKAGES"].split())


class _Hiding:
    """A module finder that comes before all others."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: object = None) -> None:
        if name.partition(".")[0] in _HIDDEN:
            raise ModuleNotFoundError(f"No package of requirements-run.txt has the module {name}.", name=name)


sys.meta_path.insert(0, _Hiding)
