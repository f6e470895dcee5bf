"""Registers of two countries, each in a database of its own behind a gate, and the programs that fill them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import URL, text

from dev import messaging
from dev.aws import Aws, lambda_environment
from dev.gate import Gate
from dev.secret_names import APP_SECRET, READER_SECRET
from lambda_function.aws.events import EventBridge
from lambda_function.bootstrap.alembic_setup import upgrade
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.schemas import Schema
from lambda_function.db.unit_of_work import Database
from lambda_function.services.registers.checking import Comparison, check
from lambda_function.services.registers.registering import Country
from tests.aws import secret_of
from tests.chain.fire import Chain, burning, emulated_aws
from tests.chain.programs import QUEUE
from tests.servers import app_user, new_database, plain_engine, reader_user
from tests.zones import zone_named

COUNTRIES: Mapping[str, str] = {"PE": "America/Lima", "CL": "America/Santiago"}
RELAY, REGISTRATION = "relay", "registration"
_VISIBILITY_SECONDS = 1

Row = Mapping[str, Any]


class Register(NamedTuple):
    """The register of a country. `url` is the administrator's, who passes by the gate."""

    country: str
    url: URL
    login: URL
    gate: Gate

    @property
    def role(self) -> str:
        return f"country-{self.country.lower()}"

    def rows(self) -> dict[int, Row]:
        """Returns the visits by ids."""
        return rows_by_id(self.url, "SELECT * FROM visit")


def rows_by_id(url: URL, query: str, **given: Any) -> dict[int, Row]:
    with plain_engine(url).connect() as connection:
        return {row["appointment_id"]: dict(row) for row in connection.execute(text(query), given).mappings()}


def due_rows(main: URL, country: str) -> dict[int, Row]:
    """Returns what the register should hold of the main database, except for `registered_at`."""
    visits = rows_by_id(
        main,
        "SELECT a.*, c.time_zone, t.code, u.erased_at FROM appointment a JOIN clinic c USING (clinic_id)"
        " JOIN treatment t USING (treatment_id) JOIN user u ON u.user_id = a.patient_id WHERE c.country = :country",
        country=country,
    )
    with plain_engine(main).connect() as connection:
        known = text(
            "SELECT user_id, MIN(value) AS value FROM patient_identifier"
            " WHERE `system` = 'insurance' AND scope = :country GROUP BY user_id"
        )
        insured = {row.user_id: row.value for row in connection.execute(known, {"country": country})}
    return {number: _due(visit, insured) for number, visit in visits.items()}


def _due(visit: Row, insured: Mapping[int, str]) -> Row:
    kept = ("appointment_id", "version", "clinic_id", "status", "starts_at", "ends_at")
    return {name: visit[name] for name in kept} | {
        "local_starts_at": _local(visit["starts_at"], visit["time_zone"]),
        "local_ends_at": _local(visit["ends_at"], visit["time_zone"]),
        "treatment_code": visit["code"],
        "insurance": None if visit["erased_at"] else insured.get(visit["patient_id"]),
    }


def _local(instant: datetime, zone: str) -> datetime:
    return instant.replace(tzinfo=UTC).astimezone(zone_named(zone)).replace(tzinfo=None)


@dataclass
class Registers:
    """The programs on fire, with the registers that they fill by country, and the main database, as administrator and
    as the user who reads for registers.
    """

    fire: Chain
    account: Aws
    main: URL
    reader: URL
    by_country: Mapping[str, Register]

    def unregistered(self, country: str) -> dict[int, str | None]:
        """Returns the visits of a country that are not DONE at their version, each with what its registration says."""
        visits = rows_by_id(
            self.main,
            "SELECT a.appointment_id, IF(r.version = a.version, r.status, NULL) AS status FROM appointment a"
            " JOIN clinic c USING (clinic_id) LEFT JOIN appointment_registration r USING (appointment_id)"
            " WHERE c.country = :country AND NOT (r.status <=> 'DONE' AND r.version <=> a.version)",
            country=country,
        )
        return {number: visit["status"] for number, visit in visits.items()}

    def relayed(self) -> bool:
        """Returns whether the bus has taken every event."""
        with plain_engine(self.main).connect() as connection:
            return not connection.scalar(text("SELECT EXISTS (SELECT 1 FROM outbox WHERE published_at IS NULL)"))

    def redrive(self, role: str) -> int:
        """Moves what is in the dead-letter queue of a program back into its queue, and returns how many messages."""
        sqs, queues, moved = self.fire.sqs, self.fire.queues, 0
        while messages := sqs.receive_message(QueueUrl=queues[dead(role)], MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                sqs.send_message(QueueUrl=queues[role], MessageBody=message["Body"])
                sqs.delete_message(QueueUrl=queues[dead(role)], ReceiptHandle=message["ReceiptHandle"])
            moved += len(messages)
        return moved

    def check(self, country: str, *, repair: bool = False) -> list[Comparison]:
        """Compares the register with the main database to its end, as an operator does."""
        events = self.account.session.client("events", endpoint_url=self.account.url)
        register = self.by_country[country]
        parts: list[Comparison] = []
        with ExitStack() as stack:
            main, own = (stack.enter_context(_database(url)) for url in (self.reader, register.login))
            compare = partial(check, Country(country, main, own), EventBridge(events, messaging.BUS))
            while not parts or parts[-1].after:
                after = parts[-1].after if parts else 0
                parts.append(compare(after or 0, lambda: 60.0, repair=repair))
        return parts


@contextmanager
def _database(url: URL) -> Iterator[Database]:
    engine = build_engine(UrlCredentials(url), tls=None)
    yield Database(engine, lambda: datetime.now(UTC))
    engine.dispose()


def dead(role: str) -> str:
    """Returns the name of the dead-letter queue."""
    return f"{role}-dead"


@contextmanager
def new_registers(main: URL) -> Iterator[Mapping[str, Register]]:
    """Makes an empty register for each country."""
    with ExitStack() as stack:
        yield {country: stack.enter_context(_register(main, country)) for country in COUNTRIES}


@contextmanager
def burning_registers(
    folder: Path, main: URL, app: URL, found: Mapping[str, Register], *, longest_life: int, max_receives: int
) -> Iterator[Registers]:
    """Starts AWS, the relay, a processor for each country and the registration function. The queues hand a message over
    at most so many times, before it goes to the dead-letter queue.
    """
    reader = reader_user(main)
    with ExitStack() as stack:
        account = stack.enter_context(emulated_aws(folder))
        secrets = account.create_secrets(APP_SECRET, READER_SECRET, *found)
        accounts = {APP_SECRET: app, READER_SECRET: reader} | {name: each.login for name, each in found.items()}
        for name, login in accounts.items():
            secrets.put_current(name, secret_of(login))
        queues = _queues(account, found.values(), max_receives)
        shared = lambda_environment(account.url) | {"EVENT_BUS_NAME": messaging.BUS, "MAX_RECEIVES": str(max_receives)}
        programs = {RELAY: shared, REGISTRATION: shared | {QUEUE: queues[REGISTRATION]}}
        for country, each in found.items():
            own = {"COUNTRY": country, "DATABASE_SECRET_ID": READER_SECRET, "REGISTER_SECRET_ID": country}
            programs[each.role] = shared | own | {QUEUE: queues[each.role]}
        fire = stack.enter_context(burning(folder, account, programs, queues, longest_life=longest_life))
        yield Registers(fire, account, main, reader, found)


@contextmanager
def _register(main: URL, country: str) -> Iterator[Register]:
    with new_database(main, f"{main.database}_{country.lower()}") as url:
        upgrade(url, schema=Schema.REGISTER)
        with app_user(url, Schema.REGISTER) as login:
            gate = Gate(lambda: (str(url.host), int(url.port or 3306)))
            yield Register(country, url, login.set(host=gate.host, port=gate.port), gate)
            gate.end()


def _queues(account: Aws, found: Iterable[Register], max_receives: int) -> dict[str, str]:
    """Makes the bus, and for each program a queue with its rule, and returns the addresses of the queues by names."""
    messaging.create(account)
    messaging.create_registers(account, COUNTRIES, visibility_seconds=_VISIBILITY_SECONDS, max_receives=max_receives)
    names = {each.role: messaging.country_function(each.country) for each in found}
    names[REGISTRATION] = messaging.REGISTRATION_FUNCTION
    names |= {dead(role): dead(name) for role, name in names.items()}
    sqs = account.session.client("sqs", endpoint_url=account.url)
    return {role: sqs.get_queue_url(QueueName=name)["QueueUrl"] for role, name in names.items()}
