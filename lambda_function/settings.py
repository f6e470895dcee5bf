"""The only module that reads the environment, when an entrypoint starts and never on import.

| variable | meaning |
|---|---|
| `DATABASE_SECRET_ID` | name or ARN of the secret with host, port, username, password, dbname |
| `DATABASE_TLS` | `verify` (default) or `off`, which is for a database on the same machine |
| `DATABASE_CA_FILE` | PEM file of the authorities that sign the database's certificate; default: the system's |
| `DATABASE_URL` | migrations and operators, instead of the secret: `mysql+pymysql://user:password@host:3306/name` |
| `COGNITO_USER_POOL_ID` | operators only: the pool with the accounts of people; without it accounts are left alone |
| `PUBLIC_URL` | the address that people see, `https://host`; the API takes the one of each request without it |
| `EVENT_BUS_NAME` | the outbox's relay and the processors of countries: name or ARN of the EventBridge bus |
| `NOTIFICATIONS_FUNCTION` | the messenger only: name or ARN of the function that composes messages |
| `MAIL_SENDER` | the messenger only: the address that e-mails come from, such as `reminders@clinic.example` |
| `MAIL_CONFIGURATION_SET` | the messenger only: name of the SES configuration set, whose events tell of bounces |
| `SMS_SENDER_ID` | the messenger only: up to 11 letters and digits as the sender of SMS; default: a number of SNS |
| `DATABASE_HOST` | a proxy, which takes the place of the secret's host; making database users: where they are made |
| `DATABASE_PORT`, `DATABASE_NAME` | making database users only: the same |
| `MASTER_SECRET_ID` | making database users only: ARN of the secret that RDS keeps for its master user |
| `APP_SECRET_ID` | making database users only: the application's secret, as `DATABASE_SECRET_ID` is the migrator's |
| `READER_SECRET_ID` | making the main database's users only: the secret with which registers of countries are filled |
| `COUNTRY` | the processor of a country only: its ISO 3166-1 code, such as `PE` |
| `REGISTER_SECRET_ID` | the same: the secret of the country's register, as `DATABASE_SECRET_ID` is the reader's |
| `MAX_RECEIVES` | the same: how often its queue hands out a message before it is dead |
| `COUNTRY_PREFIX` | operators only: how functions and queues of countries are called, such as `dentist-prod-country-` |
| `SCHEMA` | migrations and database users: `main` (default), or `register` for the database of a country |
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_MAIL_SENDER = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_SMS_SENDER_ID = re.compile(r"(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,11}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_MAX_RECEIVES = re.compile(r"[1-9][0-9]{0,3}")
_PUBLIC_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")


class SettingsError(RuntimeError):
    """A variable is missing or makes no sense; the message names it and never its value."""


class NoDatabaseError(SettingsError):
    """Nothing says where the database is."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing says where the database is. Set DATABASE_URL (mysql+pymysql://user:password@host:3306/name) or "
            "DATABASE_SECRET_ID (the name or ARN of a secret that holds the same)."
        )


@dataclass(frozen=True, slots=True)
class TlsSettings:
    verify: bool
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """The host in the secret is used unless `host` is given."""

    secret_id: str
    tls: TlsSettings
    host: str | None = None


@dataclass(frozen=True, slots=True)
class MigrationSettings:
    """One of `url` and `secret_id` is set."""

    tls: TlsSettings
    secret_id: str | None = None
    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class DatabaseUsersSettings:
    tls: TlsSettings
    host: str
    port: int
    database: str
    master_secret_id: str
    app_secret_id: str
    migrator_secret_id: str
    reader_secret_id: str | None = None


@dataclass(frozen=True, slots=True)
class MessengerSettings:
    notifications_function: str
    mail_sender: str
    mail_configuration_set: str
    sms_sender_id: str | None = None


@dataclass(frozen=True, slots=True)
class CountrySettings:
    """The processor of a country reads the main database with one secret, and has another for the country's register.
    After `max_receives` a message does not come again.
    """

    country: str
    main: DatabaseSettings
    register: DatabaseSettings
    event_bus_name: str
    max_receives: int


def _tls(environment: Mapping[str, str]) -> TlsSettings:
    choice = environment.get("DATABASE_TLS", "verify")
    if choice not in {"verify", "off"}:
        raise SettingsError("DATABASE_TLS makes no sense. Set it to `verify` or `off`.")
    return TlsSettings(choice == "verify", environment.get("DATABASE_CA_FILE") or None)


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name)
    if not value:
        raise SettingsError(f"{name} is not set. Set it; lambda_function/settings.py describes every variable.")
    return value


def _secret_id(environment: Mapping[str, str]) -> str:
    return _required(environment, "DATABASE_SECRET_ID")


def database_settings(environment: Mapping[str, str] = os.environ) -> DatabaseSettings:
    """Raises SettingsError."""
    return DatabaseSettings(_secret_id(environment), _tls(environment), environment.get("DATABASE_HOST") or None)


def user_pool_id(environment: Mapping[str, str] = os.environ) -> str | None:
    """The id of the user pool, or None if accounts are managed elsewhere."""
    return environment.get("COGNITO_USER_POOL_ID") or None


def public_url(environment: Mapping[str, str] = os.environ) -> str | None:
    """The address that people see, without a slash at the end. None if it is the one that a request came by.

    Raises SettingsError.
    """
    url = (environment.get("PUBLIC_URL") or "").removesuffix("/")
    if url and not _PUBLIC_URL.fullmatch(url):
        raise SettingsError("PUBLIC_URL makes no sense. Set it to https://host, without a path.")
    return url or None


def required_public_url(environment: Mapping[str, str] = os.environ) -> str:
    """The same, for whoever writes links and has no request. Raises SettingsError if it is not set."""
    url = public_url(environment)
    if url is None:
        raise SettingsError("PUBLIC_URL is not set. Set it to the address that people see, https://host.")
    return url


def event_bus_name(environment: Mapping[str, str] = os.environ) -> str:
    """Raises SettingsError."""
    return _required(environment, "EVENT_BUS_NAME")


def country_settings(environment: Mapping[str, str] = os.environ) -> CountrySettings:
    """Raises SettingsError."""
    country = _required(environment, "COUNTRY")
    if not _COUNTRY.fullmatch(country):
        raise SettingsError("COUNTRY is not the code of a country. Set it to two capital letters such as PE.")
    max_receives = _required(environment, "MAX_RECEIVES")
    if not _MAX_RECEIVES.fullmatch(max_receives):
        raise SettingsError("MAX_RECEIVES is not a number. Set it to the queue's maxReceiveCount, such as 10.")
    tls = _tls(environment)
    return CountrySettings(
        country=country,
        main=DatabaseSettings(_secret_id(environment), tls),
        register=DatabaseSettings(_required(environment, "REGISTER_SECRET_ID"), tls),
        event_bus_name=event_bus_name(environment),
        max_receives=int(max_receives),
    )


def country_prefix(environment: Mapping[str, str] = os.environ) -> str:
    """Raises SettingsError."""
    return _required(environment, "COUNTRY_PREFIX")


def messenger_settings(environment: Mapping[str, str] = os.environ) -> MessengerSettings:
    """Raises SettingsError."""
    sender = _required(environment, "MAIL_SENDER")
    if not _MAIL_SENDER.fullmatch(sender):
        raise SettingsError("MAIL_SENDER is not an e-mail address. Set it to one such as reminders@clinic.example.")
    sms_sender_id = environment.get("SMS_SENDER_ID") or None
    if sms_sender_id and not _SMS_SENDER_ID.fullmatch(sms_sender_id):
        raise SettingsError("SMS_SENDER_ID makes no sense. Use up to 11 letters and digits, one of them a letter.")
    return MessengerSettings(
        notifications_function=_required(environment, "NOTIFICATIONS_FUNCTION"),
        mail_sender=sender,
        mail_configuration_set=_required(environment, "MAIL_CONFIGURATION_SET"),
        sms_sender_id=sms_sender_id,
    )


def migration_settings(environment: Mapping[str, str] = os.environ) -> MigrationSettings:
    """Raises SettingsError, in particular NoDatabaseError if neither a URL nor a secret is given."""
    tls = _tls(environment)
    if url := environment.get("DATABASE_URL"):
        return MigrationSettings(tls, url=url)
    if secret_id := environment.get("DATABASE_SECRET_ID"):
        return MigrationSettings(tls, secret_id=secret_id)
    raise NoDatabaseError


def tls_settings(environment: Mapping[str, str] = os.environ) -> TlsSettings:
    """The settings for the Lambda that receives the secret with each call. Raises SettingsError."""
    return _tls(environment)


def database_users_settings(environment: Mapping[str, str] = os.environ) -> DatabaseUsersSettings:
    """Raises SettingsError."""
    port = _required(environment, "DATABASE_PORT")
    if not port.isdecimal():
        raise SettingsError("DATABASE_PORT is not a number. Set it to a port such as 3306.")
    return DatabaseUsersSettings(
        tls=_tls(environment),
        host=_required(environment, "DATABASE_HOST"),
        port=int(port),
        database=_required(environment, "DATABASE_NAME"),
        master_secret_id=_required(environment, "MASTER_SECRET_ID"),
        app_secret_id=_required(environment, "APP_SECRET_ID"),
        migrator_secret_id=_secret_id(environment),
        reader_secret_id=environment.get("READER_SECRET_ID") or None,
    )


def is_register(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the database to migrate is the register of a country. Raises SettingsError."""
    schema = environment.get("SCHEMA") or "main"
    if schema not in {"main", "register"}:
        raise SettingsError("SCHEMA makes no sense. Set it to `main` or `register`.")
    return schema == "register"
