"""The names of the local stack's secrets, for programs that need nothing else of the database."""

from collections.abc import Iterable
from dataclasses import dataclass

MASTER_SECRET = "dentist/master"  # noqa: S105 - the secret's name
APP_SECRET = "dentist/app"  # noqa: S105 - the secret's name
MIGRATOR_SECRET = "dentist/migrator"  # noqa: S105 - the secret's name
READER_SECRET = "dentist/reader"  # noqa: S105 - the secret's name


@dataclass(frozen=True, slots=True)
class SecretNames:
    app: str
    migrator: str
    reader: str | None = None


MAIN_SECRETS = SecretNames(APP_SECRET, MIGRATOR_SECRET, READER_SECRET)


def register_secrets(country: str) -> SecretNames:
    folder = f"dentist/register/{country.lower()}"
    return SecretNames(f"{folder}/app", f"{folder}/migrator")


def secret_names(countries: Iterable[str]) -> list[str]:
    """Returns the names of all secrets of the stack."""
    registers = [register_secrets(country) for country in countries]
    return [MASTER_SECRET, APP_SECRET, MIGRATOR_SECRET, READER_SECRET] + [
        name for names in registers for name in (names.app, names.migrator)
    ]
