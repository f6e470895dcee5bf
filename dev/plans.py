"""Plans every environment, every other shape of the stack, and the bucket of the state: `python -m dev.plans
build/terraform` writes the plans as JSON for tests/terraform, for checkov and for a linter of plans.

Each plan is made in a copy of the folder with a local file as its state, so the real state is neither read nor written.
The provider reads the account and its zones, which takes credentials that may read them.
"""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
_LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'


def _domain(region: str) -> dict[str, str]:
    certificate = f"arn:aws:acm:{region}:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
    return {"name": "api.example.com", "certificate_arn": certificate, "zone_id": "Z0123456789ABCDEFGHIJ"}


class Shape(NamedTuple):
    """An environment with some of its variables changed."""

    environment: str
    variables: Mapping[str, Any] = MappingProxyType({})


_SMALL = {
    "zone_count": 2,
    "endpoint_zone_count": 2,
    "other_endpoint_zones": 1,
    "database_storage_gib": {"initial": 20, "maximum": 100},
    "api_concurrency": 20,
    "snapstart": False,
}
_SMALL_CLINIC = _SMALL | {"environment": "prod", "multi_az": True, "snapstart": True}

# The environments, and prod with whatever variable adds, replaces or leaves out resources.
SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "prod": Shape("prod"),
        "staging": Shape("staging"),
        "dev": Shape("dev"),
        "prod-aurora": Shape(
            "prod",
            {
                "database_engine": "aurora-mysql",
                "aurora_capacity": {"minimum": 0.5, "maximum": 16, "instances": 2},
                "rds_proxy": True,
                "countries": {"PE": {"servers": [1, 2]}},
            },
        ),
        "prod-proxy": Shape(
            "prod",
            {
                "rds_proxy": True,
                "api_concurrency": 900,
                "snapstart": False,
                "provisioned_concurrency": 20,
                "throttling": {"rate": 1000, "burst": 2000},
            },
        ),
        "prod-name": Shape("prod", {"custom_domain": _domain("eu-west-1")}),
        "prod-cloudfront": Shape("prod", {"cloudfront": True}),
        "prod-cloudfront-name": Shape("prod", {"cloudfront": True, "custom_domain": _domain("us-east-1")}),
        "prod-first-apply": Shape("prod", {"rotation": {"enabled": False, "days": 30}}),
        "prod-maintenance": Shape(
            "prod",
            {"maintenance": True, "snapstart": False, "provisioned_concurrency": 20, "countries": {"PE": {}}},
        ),
        "prod-copies": Shape("prod", {"backup_region": "eu-central-1"}),
        # What the first country costs and what each further one does is in docs/operations.md, too.
        "prod-country": Shape("prod", {"countries": {"PE": {}}}),
        "prod-countries": Shape("prod", {"countries": {"CL": {}, "PE": {}}}),
        # These three have their bill in docs/operations.md.
        "clinic-smallest": Shape(
            "prod",
            _SMALL
            | {
                "environment": "solo",
                "endpoint_zone_count": 1,
                "database_instance_class": "db.t4g.micro",
                "multi_az": False,
            },
        ),
        "clinic-small": Shape("prod", _SMALL_CLINIC | {"database_instance_class": "db.t4g.medium"}),
        "clinic-full": Shape("prod", _SMALL_CLINIC | {"database_instance_class": "db.m7g.large"}),
        "prod-small": Shape(
            "prod",
            _SMALL
            | {
                "api_memory_mib": 512,
                "throttling": {"rate": 5, "burst": 10},
                "cors_origins": [],
                "event_consumers": {"accounts": ["appointment.completed"]},
                "sms_sender_id": "DENTIST",
            },
        ),
    }
)


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


def plan(folder: Path, name: str) -> dict[str, Any]:
    """Returns the plan of a shape from an empty state, as `terraform show -json` prints it."""
    shape = SHAPES[name]
    given = (f"-var={variable}={_written(value)}" for variable, value in shape.variables.items())
    package = f"-var=package_path={folder.parent / 'package.zip'}"
    return _planned(folder, name, package, f"-var-file=environments/{shape.environment}.tfvars", *given)


def _planned(folder: Path, name: str, *variables: str) -> dict[str, Any]:
    file = folder / f"{name}.tfplan"
    # Several plans are made at once. None of them writes the state, so none has to lock it.
    quietly = ("-input=false", "-refresh=false", "-lock=false")
    _terraform(folder, "plan", *quietly, *variables, f"-out={file}")
    document: dict[str, Any] = json.loads(_terraform(folder, "show", "-json", file.name))
    file.unlink()
    return document


def _written(value: Any) -> str:
    """Returns the value as Terraform's command line takes it: a string bare, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def main(target: Path) -> None:
    folder = copy_stack(target / "stack")
    for old in target.glob("*.json"):
        old.unlink()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for name, document in zip(SHAPES, pool.map(lambda name: plan(folder, name), SHAPES), strict=True):
            (target / f"{name}.json").write_text(json.dumps(document))
    bootstrap = copy_bootstrap(target / "bootstrap")
    (target / "bootstrap.json").write_text(json.dumps(plan_bootstrap(bootstrap)))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).resolve())
    except subprocess.CalledProcessError as error:
        sys.exit(error.stderr)
