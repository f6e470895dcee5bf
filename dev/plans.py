"""Plans every environment and the bucket of the state: `python -m dev.plans build/terraform` writes the plans as JSON,
for tests/terraform and checkov.

Each plan is made in a copy of the folder with a local file as its state, so the real state is neither read nor written.
The provider reads the account and its zones, which takes credentials that may read them.
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
    """Runs Terraform. Raises CalledProcessError with Terraform's message in its stderr."""
    command = ["terraform", f"-chdir={folder}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def copy_bootstrap(target: Path) -> Path:
    """Copies the folder of the state's bucket to `target`, ready to be planned."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ROOT / "terraform" / "bootstrap", target, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*"))
    _terraform(target, "init", "-input=false")
    return target


def plan_bootstrap(folder: Path) -> dict[str, Any]:
    """Returns the plan of an empty account, as `terraform show -json` prints it."""
    return _planned(folder, "bootstrap", "-var=region=eu-west-1")


def copy_stack(target: Path) -> Path:
    """Copies the Terraform folder and the files that it reads into `target`, and returns the copy's path."""
    folder = target / "terraform"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ROOT / "terraform", folder, ignore=shutil.ignore_patterns(".terraform", "tests", "bootstrap"))
    shutil.copy(ROOT / "openapi.json", target)
    (folder / "local_override.tf").write_text(_LOCAL_STATE)
    with zipfile.ZipFile(target / "package.zip", "w"):
        pass  # a plan does not depend on its content
    _terraform(folder, "init", "-input=false")
    return folder


def plan(folder: Path, environment: str) -> dict[str, Any]:
    """Returns the plan of an empty state as `terraform show -json` prints it."""
    package = f"-var=package_path={folder.parent / 'package.zip'}"
    return _planned(folder, environment, package, f"-var-file=environments/{environment}.tfvars")


def _planned(folder: Path, name: str, *variables: str) -> dict[str, Any]:
    file = f"{name}.tfplan"
    _terraform(folder, "plan", "-input=false", "-refresh=false", *variables, f"-out={file}")
    document: dict[str, Any] = json.loads(_terraform(folder, "show", "-json", file))
    return document


def main(target: Path) -> None:
    folder = copy_stack(target / "stack")
    for environment in ENVIRONMENTS:
        (target / f"{environment}.json").write_text(json.dumps(plan(folder, environment)))
    bootstrap = copy_bootstrap(target / "bootstrap")
    (target / "bootstrap.json").write_text(json.dumps(plan_bootstrap(bootstrap)))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).resolve())
    except subprocess.CalledProcessError as error:
        sys.exit(error.stderr)
