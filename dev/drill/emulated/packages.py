"""Lambda: the functions' package is unpacked once. MiniStack unpacks thousands of files for each process of a function,
and deletes them again when the function goes, which takes longer than everything else in a drill.
"""

import os
import threading
import zipfile
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime

_FOLDER = Path(os.environ["DRILL_STATE"]) / "packages"
_unpacking = threading.Lock()


class _SharedZip(zipfile.ZipFile):
    def extractall(self, path: Any = None, *_: Any) -> None:
        """Fills the folder with links to the one copy of what is in the zip."""
        with _unpacking:
            copy = _FOLDER / sha256(Path(str(self.filename)).read_bytes()).hexdigest()
            if not copy.exists():
                super().extractall(copy)
        for entry in copy.iterdir():
            (Path(path) / entry.name).symlink_to(entry)


def mend() -> None:
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": _SharedZip})
