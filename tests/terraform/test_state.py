"""The state of Terraform is encrypted with its bucket's key, by the bucket's rules and by Terraform itself.

`make terraform-check` makes the plan and the copy from which the mutations start.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from dev.plans import ROOT, plan_bootstrap
from tests.terraform.plan import Plan

FOLDER = ROOT / "build" / "terraform" / "bootstrap"
BUCKET = "dentist-state-123456789012-eu-west-1"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-1111-4222-8333-111111111111"


def the_state_is_encrypted_with_its_own_key(plan: Plan) -> None:
    """A condition with `StringNotEquals` also holds for requests that say nothing of a key."""
    (encryption,) = plan.all("aws_s3_bucket_server_side_encryption_configuration")
    by_default = encryption.block("rule")["apply_server_side_encryption_by_default"][0]
    assert by_default["sse_algorithm"] == "aws:kms"
    refusals = [statement for statement in plan.statements if not statement.allows]
    conditions = {condition for statement in refusals for condition in statement.conditions}
    assert conditions == {"aws:SecureTransport", "s3:x-amz-server-side-encryption-aws-kms-key-id"}
    told = plan.configuration["root_module"]["outputs"]["backend"]["expression"]["references"]
    assert {"aws_s3_bucket.state.id", "var.region", "aws_kms_key.state.arn"} <= set(told)


def test_the_bucket_takes_nothing_without_its_key() -> None:
    file = FOLDER.with_suffix(".json")
    assert file.exists(), "there is no plan: `make terraform-check` makes it"
    the_state_is_encrypted_with_its_own_key(Plan(json.loads(file.read_text())))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('sse_algorithm     = "aws:kms"', 'sse_algorithm     = "AES256"', id="S3's own key"),
        pytest.param("s3:x-amz-server-side-encryption-aws-kms-key-id", "aws:PrincipalTag/key", id="any key"),
        pytest.param('    kms_key_id = "${aws_kms_key.state.arn}"\n', "", id="nobody is told the key"),
    ],
)
def test_a_bucket_that_takes_more_turns_the_check_red(old: str, new: str, tmp_path: Path) -> None:
    assert FOLDER.exists(), "there is no copy: `make terraform-check` makes it"
    folder = shutil.copytree(FOLDER, tmp_path / "bootstrap", ignore=shutil.ignore_patterns("*.tfplan"))
    text = (folder / "main.tf").read_text()
    assert old in text, "the folder has changed: fix this mutation"
    (folder / "main.tf").write_text(text.replace(old, new))
    mutated = Plan(plan_bootstrap(folder))
    with pytest.raises(AssertionError):
        the_state_is_encrypted_with_its_own_key(mutated)


@pytest.fixture
def s3() -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="eu-west-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
    )
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    yield client
    server.stop()


def backend_file() -> str:
    """Returns what bootstrap prints for `terraform init`, with the names of this test."""
    text = (ROOT / "terraform" / "bootstrap" / "main.tf").read_text()
    printed = re.search(r'output "backend" \{.*?<<-EOT\n(.*?)^ +EOT$', text, re.DOTALL | re.MULTILINE)
    assert printed is not None
    values = {"aws_s3_bucket.state.id": BUCKET, "var.region": "eu-west-1", "aws_kms_key.state.arn": KEY}
    return re.sub(r"\$\{([\w.]+)\}", lambda name: values[name[1]], printed[1])


def test_terraform_encrypts_the_state_and_its_lock_with_the_key(s3: Any, tmp_path: Path) -> None:
    shutil.copy(ROOT / "terraform" / "backend.tf", tmp_path)
    (tmp_path / "main.tf").write_text('output "kept" {\n  value = 1\n}\n')
    (tmp_path / "state.s3.tfbackend").write_text(backend_file())
    address = {"AWS_ENDPOINT_URL": s3.meta.endpoint_url, "AWS_ENDPOINT_URL_S3": s3.meta.endpoint_url}
    environment = os.environ | address | {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing"}
    settings = ("state.s3.tfbackend", "key=prod.tfstate", "use_path_style=true")
    for command in (
        ["init", "-input=false", *(f"-backend-config={setting}" for setting in settings)],
        ["apply", "-input=false", "-auto-approve"],
    ):
        subprocess.run(["terraform", *command], cwd=tmp_path, env=environment, check=True, capture_output=True)  # noqa: S607
    written = s3.list_object_versions(Bucket=BUCKET)["Versions"]
    assert {version["Key"] for version in written} == {"prod.tfstate", "prod.tfstate.tflock"}
    for version in written:
        found = s3.head_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])
        assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", KEY), version["Key"]
