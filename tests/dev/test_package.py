"""The Lambdas' zip has the same bytes each time, is for arm64, is small enough, and can serve a booking by itself."""

import hashlib
import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import boto3
import pytest
from moto.server import ThreadedMotoServer
from sqlalchemy import URL

from dev.package import CA_BUNDLE, REQUIREMENTS, ROOT, PackageError, Target, build, lambda_target
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db import logins
from lambda_function.domain.people import Language
from tests.api_client import access_claims, http_event
from tests.aws import secret_of
from tests.dev.runtime_api import runtime
from tests.factories import Practice

HERE = Target(sys.executable, f"{sys.version_info.major}.{sys.version_info.minor}")
MEGABYTE = 1_000_000
# The sizes were 17.6 and 53 when this was written. Lambda allows 50 and 250.
ZIPPED, UNZIPPED = 19 * MEGABYTE, 57 * MEGABYTE
# The packages of Lambda's own runtime.
RUNTIME = (
    "awslambdaric",
    "runtime_client",
    "simplejson",
    "snapshot_restore_py",
    "boto3",
    "botocore",
    "s3transfer",
    "urllib3",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip for this machine."""
    zip_file = tmp_path_factory.mktemp("package") / "lambda.zip"
    build(HERE, zip_file)
    return zip_file


@pytest.fixture(scope="module")
def for_lambda(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    try:
        target = lambda_target()
    except PackageError as reason:
        pytest.skip(str(reason))
    zip_file = tmp_path_factory.mktemp("arm64") / "lambda.zip"
    build(target, zip_file)
    return ZipFile(zip_file)


def test_the_same_bytes_twice(built: Path, tmp_path: Path) -> None:
    assert build(HERE, tmp_path / "again.zip") == hashlib.sha256(built.read_bytes()).hexdigest()


def test_entries_are_sorted_and_tell_neither_date_nor_machine(built: Path) -> None:
    with ZipFile(built) as package:
        entries = package.infolist()
        code = package.read(next(name for name in package.namelist() if name.endswith(".pyc")))

    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {(entry.date_time, entry.external_attr >> 16) for entry in entries} == {((1980, 1, 1, 0, 0, 0), 0o100644)}
    assert b"/var/task/" in code
    assert b"/tmp/" not in code


def test_every_module_is_compiled_and_never_checked_against_its_source(built: Path) -> None:
    with ZipFile(built) as package:
        names = set(package.namelist())
        compiled = {name for name in names if name.endswith(".pyc")}
        flags = {package.read(name)[4:8] for name in compiled}
    modules = {name for name in names if name.endswith(".py")}

    assert len(compiled) == len(modules)
    assert flags == {b"\x01\0\0\0"}  # PEP 552: by hash, unchecked


def test_it_holds_what_lambda_needs_and_no_more(for_lambda: ZipFile) -> None:
    names = for_lambda.namelist()
    top = {name.partition("/")[0] for name in names}

    assert {"lambda_function", "migrations", "alembic.ini", CA_BUNDLE} <= top
    assert not {"boto3", "botocore", "cryptography", "tests", "dev", "bin", "click", "yaml"} & top
    assert not [name for name in names if re.search(r"(^|/)(tests?|testing)/", name)]
    libraries = [name for name in names if name.endswith(".so")]
    assert libraries
    assert all(name.endswith("cpython-313-aarch64-linux-gnu.so") for name in libraries)
    assert {name[-7:-4] for name in names if name.endswith(".pyc")} == {"313"}


def test_it_knows_the_languages_of_messages_and_no_others(for_lambda: ZipFile) -> None:
    known = {Path(name).stem for name in for_lambda.namelist() if name.startswith("babel/locale-data/")}
    assert known == {"root", *Language}


def test_it_stays_within_its_size(for_lambda: ZipFile) -> None:
    entries = for_lambda.infolist()

    assert Path(str(for_lambda.filename)).stat().st_size < ZIPPED
    assert sum(entry.file_size for entry in entries) < UNZIPPED


def test_the_locked_versions_are_the_pinned_ones() -> None:
    def pins(path: Path) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==(\S+)", path.read_text().lower(), re.MULTILINE))

    pinned, locked = pins(ROOT / "requirements.txt"), pins(REQUIREMENTS)
    assert pinned.pop("boto3")
    assert {name: locked.get(name) for name in pinned} == pinned
    assert "://" not in REQUIREMENTS.read_text()


def test_another_python_cannot_compile_it() -> None:
    with pytest.raises(PackageError, match="PACKAGE_PYTHON"):
        lambda_target("/bin/sh")


@pytest.fixture
def unpacked(built: Path, tmp_path: Path) -> Path:
    with ZipFile(built) as package:
        package.extractall(tmp_path / "task")
    return tmp_path / "task"


@pytest.fixture
def runtime_packages(tmp_path: Path) -> Path:
    """A folder with only the packages of Lambda's runtime."""
    folder = tmp_path / "runtime"
    folder.mkdir()
    for name in RUNTIME:
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        source = origin.parent if origin.stem == "__init__" else origin
        (folder / source.name).symlink_to(source)
    return folder


@pytest.mark.parametrize("language", Language)
def test_the_zip_alone_writes_a_message(unpacked: Path, language: Language) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(unpacked)!r})
from datetime import UTC, datetime
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Channel, Language
from lambda_function.services.notifications.messages import MessageFacts
from lambda_function.services.notifications.wording import compose
at = datetime(2030, 1, 8, 15, tzinfo=UTC)
names = dict.fromkeys(("addressee_name", "patient_name", "clinic_name", "doctor_name", "treatment_name"), "Lima")
contact = dict.fromkeys(("clinic_address", "clinic_phone", "clinic_email"))
words = compose(MessageFacts(
    kind=NotificationKind.BOOKED, channel=Channel.EMAIL, language=Language({language.value!r}), for_guardian=False,
    time_zone="America/Lima", starts_at=at, ends_at=at, **names, **contact), None)
print(words.subject)
"""
    run = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "2030" in run.stdout


def _environment(url: URL, endpoint: str) -> dict[str, str]:
    client = boto3.client(
        "secretsmanager",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    client.create_secret(Name="package/app", SecretString=json.dumps(secret_of(url)))
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "DATABASE_SECRET_ID": "package/app",
        "DATABASE_TLS": "off",
    }


def test_the_zip_alone_serves_a_booking(
    unpacked: Path, runtime_packages: Path, practice: Practice, app_url: URL
) -> None:
    # The server knows the password from here on, and asks for no encrypted one, which takes the cryptography package.
    assert logins.can_log_in(UrlCredentials(app_url).current(), tls=None)
    moto = ThreadedMotoServer(port=0)
    moto.start()
    start = (
        f"import sys, runpy; sys.path[:0] = {[str(unpacked), str(runtime_packages)]!r};"
        "sys.argv[1:] = ['lambda_function.entrypoints.api.handler'];"
        "runpy.run_module('awslambdaric', run_name='__main__')"
    )
    ids = practice.ids
    body = {
        "doctor_id": ids["drjay"],
        "patient_id": ids["pat"],
        "treatment_id": 1,
        "starts_at": "2030-01-08T15:00:00Z",
    }
    event = http_event(
        "POST",
        "/appointments",
        headers={"content-type": "application/json"},
        body=json.dumps(body),
        claims=access_claims("rita"),
    )
    host, port = moto.get_host_and_port()
    environment = _environment(app_url, f"http://{host}:{port}")
    with runtime([sys.executable, "-I", "-S", "-c", start], cwd=unpacked, env=environment) as api:
        answer: dict[str, Any] = api.invoke(event)
    moto.stop()

    assert answer["statusCode"] == 201, answer
    assert json.loads(answer["body"])["status"] == "BOOKED"
    assert len({claim[3] for claim in practice.claims()}) == 1
