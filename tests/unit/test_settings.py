"""Settings from the environment. Their errors never repeat a value."""

import pytest

from lambda_function.settings import (
    MessengerSettings,
    NoDatabaseError,
    SettingsError,
    country_settings,
    database_settings,
    event_bus_name,
    is_register,
    messenger_settings,
    migration_settings,
    public_url,
)

SECRET = {"DATABASE_SECRET_ID": "prod/database"}
URL = "mysql+pymysql://migrator:S3cret@db:3306/dentist"


def test_the_database_is_reached_by_a_secret_over_verified_tls() -> None:
    settings = database_settings(SECRET)
    assert settings.secret_id == "prod/database"
    assert settings.tls.verify
    assert settings.tls.ca_file is None


@pytest.mark.parametrize(("given", "host"), [({}, None), ({"DATABASE_HOST": ""}, None), ({"DATABASE_HOST": "p"}, "p")])
def test_a_proxy_can_be_named(given: dict[str, str], host: str | None) -> None:
    assert database_settings({**SECRET, **given}).host == host


def test_tls_can_be_off_where_somebody_says_so() -> None:
    assert not database_settings({**SECRET, "DATABASE_TLS": "off"}).tls.verify


def test_authorities_can_be_given() -> None:
    assert database_settings({**SECRET, "DATABASE_CA_FILE": "/opt/rds.pem"}).tls.ca_file == "/opt/rds.pem"


def test_an_empty_file_of_authorities_is_none() -> None:
    assert database_settings({**SECRET, "DATABASE_CA_FILE": ""}).tls.ca_file is None


@pytest.mark.parametrize("environment", [{}, {"DATABASE_SECRET_ID": ""}], ids=["unset", "empty"])
def test_without_a_secret_the_variable_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="DATABASE_SECRET_ID"):
        database_settings(environment)


@pytest.mark.parametrize("choice", ["", "Off", "false", "0", "none", "S3cret"])
def test_any_other_word_for_tls_is_refused_and_not_repeated(choice: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_TLS") as refusal:
        database_settings({**SECRET, "DATABASE_TLS": choice})
    assert "S3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("given", "url"),
    [("https://book.example.org", "https://book.example.org"), ("http://127.0.0.1:8000/", "http://127.0.0.1:8000")],
)
def test_the_address_that_people_see_has_no_slash_at_the_end(given: str, url: str) -> None:
    assert public_url({"PUBLIC_URL": given}) == url


@pytest.mark.parametrize("environment", [{}, {"PUBLIC_URL": ""}], ids=["unset", "empty"])
def test_requests_say_the_address_where_nobody_else_does(environment: dict[str, str]) -> None:
    assert public_url(environment) is None


@pytest.mark.parametrize(
    "given", ["book.example.org", "ftp://host", "https://host/path", "https://user@host", "https://"]
)
def test_anything_else_is_no_address(given: str) -> None:
    with pytest.raises(SettingsError, match="PUBLIC_URL"):
        public_url({"PUBLIC_URL": given})


def test_the_bus_is_named() -> None:
    assert event_bus_name({"EVENT_BUS_NAME": "appointments"}) == "appointments"


@pytest.mark.parametrize("environment", [{}, {"EVENT_BUS_NAME": ""}], ids=["unset", "empty"])
def test_without_a_bus_the_variable_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="EVENT_BUS_NAME"):
        event_bus_name(environment)


def test_migrations_may_be_given_a_url() -> None:
    settings = migration_settings({"DATABASE_URL": URL})
    assert (settings.url, settings.secret_id) == (URL, None)


def test_migrations_otherwise_use_the_secret() -> None:
    settings = migration_settings(SECRET)
    assert (settings.url, settings.secret_id) == (None, "prod/database")


@pytest.mark.parametrize("variable", ["DATABASE_URL", "DATABASE_SECRET_ID"])
def test_migrations_without_either_are_told_of_both(variable: str) -> None:
    with pytest.raises(NoDatabaseError, match=variable):
        migration_settings({})


def test_the_url_is_not_shown_with_the_settings() -> None:
    assert "S3cret" not in repr(migration_settings({"DATABASE_URL": URL}))


MESSENGER = {
    "NOTIFICATIONS_FUNCTION": "dentist-prod-notifications",
    "MAIL_SENDER": "reminders@clinic.example",
    "MAIL_CONFIGURATION_SET": "dentist-prod",
}


def test_the_messenger_knows_its_function_and_its_senders() -> None:
    settings = messenger_settings({**MESSENGER, "SMS_SENDER_ID": "Dentist1"})
    assert settings == MessengerSettings(
        "dentist-prod-notifications", "reminders@clinic.example", "dentist-prod", "Dentist1"
    )


@pytest.mark.parametrize("environment", [MESSENGER, {**MESSENGER, "SMS_SENDER_ID": ""}], ids=["unset", "empty"])
def test_an_sms_needs_no_sender(environment: dict[str, str]) -> None:
    assert messenger_settings(environment).sms_sender_id is None


@pytest.mark.parametrize("name", sorted(MESSENGER))
def test_the_messenger_says_which_variable_is_missing(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        messenger_settings({**MESSENGER, name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAIL_SENDER", "nobody"),
        ("MAIL_SENDER", "Clinic <a@clinic.example>"),
        ("MAIL_SENDER", "a@clinic.example\n"),
        ("SMS_SENDER_ID", "12345"),
        ("SMS_SENDER_ID", "The Dentist"),
        ("SMS_SENDER_ID", "DentistOfLima"),
    ],
)
def test_a_sender_that_makes_no_sense_is_refused_and_not_repeated(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as refusal:
        messenger_settings({**MESSENGER, name: value})
    assert value not in str(refusal.value)


COUNTRY = {
    **SECRET,
    "COUNTRY": "PE",
    "REGISTER_SECRET_ID": "prod/register/pe/app",
    "EVENT_BUS_NAME": "bus",
    "MAX_RECEIVES": "10",
}


def test_the_processor_of_a_country_has_a_secret_for_each_of_its_two_databases() -> None:
    settings = country_settings(COUNTRY)
    assert (settings.country, settings.event_bus_name, settings.max_receives) == ("PE", "bus", 10)
    assert (settings.main.secret_id, settings.register.secret_id) == ("prod/database", "prod/register/pe/app")
    assert settings.main.tls.verify
    assert settings.register.tls.verify


def test_the_processor_of_a_country_uses_no_proxy() -> None:
    """The reader's login is not one of the proxy's."""
    settings = country_settings({**COUNTRY, "DATABASE_HOST": "proxy"})
    assert (settings.main.host, settings.register.host) == (None, None)


@pytest.mark.parametrize("name", COUNTRY)
def test_the_processor_of_a_country_says_which_variable_is_missing(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        country_settings({**COUNTRY, name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("COUNTRY", value) for value in ("pe", "PER", "P", "ÑU", "PE ")),
        *(("MAX_RECEIVES", value) for value in ("0", "-1", "ten", "1.5", "٣", "10000")),
    ],
)
def test_what_makes_no_sense_for_a_country_is_refused_and_not_repeated(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as refusal:
        country_settings({**COUNTRY, name: value})
    assert f" {value} " not in str(refusal.value)


@pytest.mark.parametrize(
    ("schema", "register"), [({}, False), ({"SCHEMA": "main"}, False), ({"SCHEMA": "register"}, True)]
)
def test_the_database_to_migrate_is_the_service_s_own_unless_somebody_says_otherwise(
    schema: dict[str, str], *, register: bool
) -> None:
    assert is_register(schema) is register


def test_another_schema_is_refused() -> None:
    with pytest.raises(SettingsError, match="SCHEMA"):
        is_register({"SCHEMA": "Register"})
