"""The deployment of docs/operations.md is one that the hook understands."""

import json
import shutil
import subprocess
from typing import Any

import boto3
import pytest

from lambda_function.aws.before_traffic import BeforeTraffic
from tests.clock import NOW
from tests.deployments import EVENT, FUNCTION, Answer, Deployment, works
from tests.docs.documents import OPERATIONS, section, shell

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="the block needs jq")
HOOK = "dentist-test-before-traffic"
# Instead of the AWS CLI: prints what it was given, with zeros in between.
AWS = "aws() { printf '%s\\0' \"$@\"; }"


def _given(*arguments: str) -> list[str]:
    """Returns the AWS CLI's arguments when the document's function is called with these."""
    [block] = [block for block in shell(section(OPERATIONS, "Deploy a release"), 4) if "shift_to() {" in block]
    function = "shift_to() {" + block.split("shift_to() {", 1)[1].split("; }", 1)[0] + "; }"
    script = "\n".join((AWS, f"FUNCTION={FUNCTION} HOOK={HOOK}", function, f"shift_to {' '.join(arguments)}"))
    done = subprocess.run(["/bin/sh", "-eu", "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.split("\0")


def _specification(given: list[str]) -> Any:
    revision = json.loads(given[given.index("--revision") + 1])
    assert revision["revisionType"] == "AppSpecContent"
    return revision["appSpecContent"]["content"]


def test_the_hook_is_called_before_traffic() -> None:
    assert json.loads(_specification(_given("7", "8")))["Hooks"] == [{"BeforeAllowTraffic": HOOK}]


@pytest.mark.usefixtures("aws")
def test_the_hook_finds_the_version_in_it() -> None:
    def version(event: Any) -> Answer:
        return works({"statusCode": 403 if event["rawPath"] == "/me" else 200})

    deployment = Deployment({"8": version}, spec=_specification(_given("7", "8")))
    deployment.listen()

    assert BeforeTraffic(boto3.client("codedeploy"), boto3.client("lambda"), lambda: NOW)(EVENT) is True


def test_what_is_added_is_handed_on() -> None:
    given = _given("8", "7", "--override-alarm-configuration", "enabled=false")

    assert given[given.index("--override-alarm-configuration") + 1] == "enabled=false"
