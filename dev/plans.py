"""Plans of every environment as JSON, for tests/terraform and checkov: `python -m dev.plans build/terraform`.

Each plan is made in a copy of the folder whose state is a local file: nothing is read from and nothing written to the
real one. The provider reads the account and its zones, so on an ordinary machine credentials that may read are needed.
"""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ("prod", "staging", "dev")
_LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'


def _terraform(folder: Path, *arguments: str) -> str:
    """Raises CalledProcessError, whose stderr says what Terraform dislikes."""
    command = ["terraform", f"-chdir={folder}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def copy_stack(target: Path) -> Path:
    """The Terraform folder with what it reads beside it, ready to plan. Answers where in `target` it lies."""
    folder = target / "terraform"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ROOT / "terraform", folder, ignore=shutil.ignore_patterns(".terraform", "tests", "bootstrap"))
    shutil.copy(ROOT / "openapi.json", target)
    (folder / "local_override.tf").write_text(_LOCAL_STATE)
    with zipfile.ZipFile(target / "package.zip", "w"):
        pass  # its content is no matter of a plan
    _terraform(folder, "init", "-input=false")
    return folder


def plan(folder: Path, environment: str) -> dict[str, Any]:
    """The plan from nothing, as `terraform show -json` tells it."""
    file = f"{environment}.tfplan"
    package = f"-var=package_path={folder.parent / 'package.zip'}"
    variables = f"-var-file=environments/{environment}.tfvars"
    _terraform(folder, "plan", "-input=false", "-refresh=false", package, variables, f"-out={file}")
    document: dict[str, Any] = json.loads(_terraform(folder, "show", "-json", file))
    return document


def main(target: Path) -> None:
    folder = copy_stack(target / "stack")
    for environment in ENVIRONMENTS:
        (target / f"{environment}.json").write_text(json.dumps(plan(folder, environment)))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).resolve())
    except subprocess.CalledProcessError as error:
        sys.exit(error.stderr)
