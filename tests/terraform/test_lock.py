"""Where Terraform downloads its provider, the check stops unless a lock file names the version."""

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from dev.plans import ROOT

VERSION = "6.25.0"
SYSTEM = "linux_amd64"


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A folder from which Terraform installs a file as the provider, and the settings that make it do so."""
    plan = json.loads((ROOT / "build" / "terraform" / "prod.json").read_text())
    package = tmp_path / "mirror" / plan["configuration"]["provider_config"]["aws"]["full_name"]
    package.mkdir(parents=True)
    for system in (SYSTEM, this_system()):
        with zipfile.ZipFile(package / f"terraform-provider-aws_{VERSION}_{system}.zip", "w") as archive:
            archive.writestr(f"terraform-provider-aws_v{VERSION}", "Nothing runs this.")
    settings = f'provider_installation {{\n  filesystem_mirror {{\n    path = "{tmp_path / "mirror"}"\n  }}\n}}\n'
    (tmp_path / "settings.tfrc").write_text(settings)
    return tmp_path / "mirror"


def this_system() -> str:
    said: str = json.loads(terraform(ROOT, "version", "-json").stdout)["platform"]
    return said


def terraform(folder: Path, *arguments: str, settings: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Runs Terraform without a provider that is already running, which would be used instead of a download."""
    environment = {name: value for name, value in os.environ.items() if name != "TF_REATTACH_PROVIDERS"}
    chosen = {"TF_CLI_CONFIG_FILE": str(settings or os.devnull)}
    command = ["terraform", f"-chdir={folder}", *arguments]
    return subprocess.run(command, env=environment | chosen, check=False, capture_output=True, text=True)


def initialise(folder: Path, settings: Path) -> "subprocess.CompletedProcess[str]":
    """Runs `terraform init` as `make terraform-check` does."""
    (line,) = [line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("TF_INIT := ")]
    return terraform(folder, "init", *line.removeprefix("TF_INIT := ").split(), settings=settings)


@pytest.mark.parametrize("root", ["terraform", "terraform/bootstrap"])
def test_a_provider_is_installed_only_as_it_is_locked(root: str, mirror: Path, tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns(".terraform*", "bootstrap", "tests")
    folder = shutil.copytree(ROOT / root, tmp_path / "folder", ignore=ignored)
    settings = tmp_path / "settings.tfrc"
    refused = initialise(folder, settings)
    assert refused.returncode == 1
    assert "Provider dependency changes detected" in refused.stderr
    systems = (f"-platform={system}" for system in {SYSTEM, this_system()})
    locked = terraform(folder, "providers", "lock", f"-fs-mirror={mirror}", *systems, settings=settings)
    assert locked.returncode == 0, locked.stderr
    assert initialise(folder, settings).returncode == 0
