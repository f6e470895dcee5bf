"""Where the blocks run: a copy of the project in build/drill, and an environment that leads to the emulator."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from dev.drill.emulator import ROOT, Emulator

FOLDER: Final = ROOT / "build" / "drill"
_SHIMS: Final = Path(__file__).parent / "shims"


def copied_project() -> Path:
    """Copies the files that git tracks, as they are now, into a repository of its own, since the package asks git. What
    the last drill has left there goes, except build, in which blocks install programs.
    """
    folder = FOLDER / "project"
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name == "build":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    return folder


def emptied(name: str) -> Path:
    """Returns a folder of that name in which nothing of an earlier drill is left."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def environment(emulated: Emulator, state: Path) -> dict[str, str]:
    plugins = FOLDER / "plugins"
    plugins.mkdir(exist_ok=True)
    return {
        **os.environ,
        **emulated.environment,
        "PATH": f"{_SHIMS}:{os.environ['PATH']}",
        "TF_CLI_ARGS_apply": "-auto-approve",  # the drill answers "yes"
        "TF_CLI_ARGS_destroy": "-auto-approve",
        "TF_INPUT": "0",
        "TF_PLUGIN_CACHE_DIR": str(plugins),
        "DRILL_TOOLS": str(emulated.tools),
        "DRILL_STATE": str(state),
        "DRILL_PYTHON": sys.executable,
    }
