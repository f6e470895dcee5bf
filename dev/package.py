"""Builds the Lambdas' zip: the same commit and requirements give the same bytes on every machine.

The zip holds only committed files, and wheels that are pinned by their hash. Modules are compiled by the Python that
will run them, with `unchecked-hash`, because the zip's fixed dates would make any other compiled module look stale.
Dates, paths and the order of files do not depend on the machine.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from lambda_function.domain.people import Language

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / "requirements-lambda.txt"
CA_BUNDLE = "rds-ca-bundle.crt"
OURS = ("lambda_function", "migrations", "alembic.ini", CA_BUNDLE)

# Parts of wheels that no Lambda needs. The licences in *.dist-info stay, because they must go with the code.
_UNUSED = ("bin", "alembic/templates", "alembic/testing", "babel/messages", "mako/testing", "sqlalchemy/testing")
_UNUSED_FILES = ("*.pyi", "*.pyx", "*.pxd", "*.c", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
# Babel knows more than a thousand languages, in 30 MB. What they have in common is in `root`.
_LOCALES = "babel/locale-data"
_KEPT_LOCALES = frozenset({"root.dat", *(f"{language}.dat" for language in Language)})
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold
_PLACE = "/var/task"  # where Lambda unpacks the zip; tracebacks show it


@dataclass(frozen=True, slots=True)
class Target:
    """`python` compiles the modules and has the version that will run them. `platform` None is this machine's."""

    python: str
    version: str
    platform: str | None = None


LAMBDA_VERSION = "3.13"
LAMBDA_PLATFORM = "manylinux2014_aarch64"


class PackageError(RuntimeError):
    """The zip cannot be built here. The message says what is missing."""


def build(target: Target, zip_file: Path, ca_bundle: Path | None = None) -> str:
    """Writes the zip and returns its SHA-256. `ca_bundle` replaces the committed certificates. Raises PackageError."""
    zip_file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        _install(target, tree)
        _copy_ours(tree)
        if ca_bundle is not None:
            shutil.copyfile(ca_bundle, tree / CA_BUNDLE)
        _compile(target, tree)
        _zip(tree, zip_file)
    return hashlib.sha256(zip_file.read_bytes()).hexdigest()


def lambda_target(python: str | None = None) -> Target:
    """Returns Lambda's target, compiled by the given Python or one of the right version on the PATH or from pyenv.

    Raises PackageError when there is none.
    """
    name = f"python{LAMBDA_VERSION}"
    from_pyenv = sorted(map(str, Path.home().glob(f".pyenv/versions/{LAMBDA_VERSION}.*/bin/{name}")))
    for program in [python] if python else [name, *from_pyenv]:
        if _version(program) == LAMBDA_VERSION:
            return Target(program, LAMBDA_VERSION, LAMBDA_PLATFORM)
    raise PackageError(
        f"Only Python {LAMBDA_VERSION} can compile the package, and {python or name} is none: "
        f"make package PACKAGE_PYTHON=/path/to/{name}"
    )


def _version(program: str) -> str:
    if shutil.which(program) is None:
        return ""
    asked = [program, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(done.stderr or done.stdout)


def _install(target: Target, tree: Path) -> None:
    elsewhere = ["--platform", target.platform, "--implementation", "cp"] if target.platform else []
    options = ["--quiet", "--no-deps", "--no-compile", "--require-hashes", "--only-binary=:all:", *elsewhere]
    wanted = ["--python-version", target.version, "--target", str(tree), "--requirement", str(REQUIREMENTS)]
    _run([sys.executable, "-m", "pip", "install", *options, *wanted])
    for name in _UNUSED:
        shutil.rmtree(tree / name, ignore_errors=True)
    for pattern in _UNUSED_FILES:
        for path in tree.rglob(pattern):
            path.unlink()
    for path in (tree / _LOCALES).iterdir():
        if path.name not in _KEPT_LOCALES:
            path.unlink()


def _copy_ours(tree: Path) -> None:
    """Copies the files that git tracks as they are in the folder, with changes that are not committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *OURS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tree / name)


def _compile(target: Target, tree: Path) -> None:
    stripped = ["-s", str(tree), "-p", _PLACE, "--invalidation-mode", "unchecked-hash"]
    # The seed is fixed because the order of a set in a constant depends on it.
    _run(["env", "PYTHONHASHSEED=0", target.python, "-m", "compileall", "-q", *stripped, str(tree)])


def _zip(tree: Path, zip_file: Path) -> None:
    with ZipFile(zip_file, "w", ZIP_DEFLATED) as package:
        files = {path.relative_to(tree).as_posix(): path for path in tree.rglob("*") if path.is_file()}
        for name, path in sorted(files.items()):
            entry = ZipInfo(name, _DATE)
            entry.create_system = 3  # always Unix, so that the permissions take effect
            entry.external_attr = 0o100644 << 16
            entry.compress_type = ZIP_DEFLATED
            package.writestr(entry, path.read_bytes())


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the Lambdas' zip.")
    parser.add_argument("zip_file", type=Path)
    parser.add_argument("--python", help=f"what compiles: it must be Python {LAMBDA_VERSION}")
    parser.add_argument("--ca-bundle", type=Path, help="PEM file instead of the committed certificates")
    arguments = parser.parse_args()
    try:
        digest = build(lambda_target(arguments.python), arguments.zip_file, arguments.ca_bundle)
    except PackageError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{digest}  {arguments.zip_file}  {arguments.zip_file.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
