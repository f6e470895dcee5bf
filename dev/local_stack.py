"""Starts the parts of the local stack in order, and tells the person at the terminal about it."""

import os
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import sqlalchemy as sa

from dev import aws, clock, country, database, demo, example, messaging, stops
from dev.children import Child, running
from dev.mysql import NoDatabaseServerError, Server, running_server
from dev.secret_names import secret_names
from dev.stack import Addresses, StackError, elsewhere, locked, shown
from dev.token import token_of
from lambda_function.aws.secrets import SecretVersions
from lambda_function.db.schemas import Schema

_CHECK_SECONDS = 2
_AFRESH = "To start afresh, press Ctrl-C and run make reset, then make run."


@dataclass(frozen=True, slots=True)
class _Options:
    folder: Path
    port: int
    aws_port: int
    database_url: str | None
    image: str | None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_name(self) -> str | None:
        return sa.make_url(self.database_url).database if self.database_url else None


@dataclass(frozen=True, slots=True)
class _Stack:
    """A stack that runs and answers."""

    children: Sequence[Child]
    server: Server
    accounts: database.Accounts
    registers: Sequence[database.Register]
    addresses: Addresses


def run(folder: Path) -> NoReturn:
    """Runs the stack, with its data and logs in the folder, until it is stopped. The settings are read from the
    environment: PORT, AWS_PORT, DATABASE_URL, MYSQL_IMAGE.

    Raises:
        StackError: it cannot start, or one of its programs has ended by itself.
    """
    options = _Options(
        folder=folder.resolve(),
        port=_port("PORT", 8000),
        aws_port=_port("AWS_PORT", 5000),
        database_url=os.environ.get("DATABASE_URL") or None,
        image=os.environ.get("MYSQL_IMAGE") or None,
    )
    try:
        with _running(options) as stack:
            _introduce(options, stack)
            _watch(stack)
    except NoDatabaseServerError as error:
        raise StackError(str(error)) from error


def _say(text: str) -> None:
    """Prints the text at once, even through a pipe."""
    print(text, flush=True)


def _port(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise StackError(f"{name} must be a port number from 1 to 65535, not {text!r}.")
    return int(text)


def _check_free(name: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            reason = f"Port {port} cannot be used ({error.strerror})."
            raise StackError(f"{reason} Choose another: make run {name}=<port>") from None


@contextmanager
def _running(options: _Options) -> Iterator[_Stack]:
    """Starts everything, and stops it in the reverse order."""
    aws_url = f"http://127.0.0.1:{options.aws_port}"
    with ExitStack() as stack:
        stack.enter_context(locked(options.folder))
        _check_free("PORT", options.port)
        _check_free("AWS_PORT", options.aws_port)
        _say("Starting the AWS emulator and the database. This takes a few seconds if a database server is installed.")
        log = options.folder / "aws.log"
        clock.clock_in(options.folder).set(0)
        common = clock.environment(options.folder) | {"LOCAL_API_URL": options.url}
        told = common | {"PUBLIC_URL": options.url, "LOCAL_COUNTRIES": " ".join(demo.countries())}
        emulator = stack.enter_context(aws.running_emulator(options.aws_port, log=log, environment=told))
        data = options.folder / "mysql"
        server = stack.enter_context(running_server(url=options.database_url, image=options.image, data=data))
        emulator.wait_until_it_answers(f"{aws_url}/moto-api/")
        account = aws.Aws(aws_url)
        senders = messaging.create(account)
        secrets = account.create_secrets(*secret_names(demo.countries()))
        accounts = database.provision(server.url, options.database_name, secrets)
        registers = _registers(options, server, country.states(aws_url), secrets)
        known = [register.country for register in registers]
        messaging.create_registers(account, known)
        _say("Creating the tables and the demo's clinics and people. This takes a few seconds the first time.")
        pool = _fill(account, accounts, registers)
        _say("Starting the API. This takes a few seconds.")
        common |= aws.lambda_environment(aws_url)
        api = stack.enter_context(_running_api(options, common | _api_environment(pool)))
        pumps = stack.enter_context(_running_pumps(options, common | senders | {"LOCAL_COUNTRIES": " ".join(known)}))
        addresses = Addresses(api=options.url, aws=aws_url, pool_id=pool.pool_id, client_id=pool.client_id)
        stack.enter_context(addresses.published(options.folder))
        yield _Stack([emulator, api, pumps], server, accounts, registers, addresses)


@contextmanager
def _running_api(options: _Options, environment: dict[str, str]) -> Iterator[Child]:
    log = options.folder / "api.log"
    port = str(options.port)
    with running("The API", "dev.api_server", port, log=log, environment=environment) as api:
        api.wait_until_it_answers(f"{options.url}/health/ready")
        yield api


def _running_pumps(options: _Options, environment: dict[str, str]) -> AbstractContextManager[Child]:
    return running("The schedule", "dev.pumps", log=options.folder / "pumps.log", environment=environment)


def _registers(
    options: _Options, server: Server, gates: Iterable[country.State], secrets: SecretVersions
) -> list[database.Register]:
    """Returns the registers of those countries that can have a database."""
    found = (
        database.provision_register(server.url, options.database_name, each.country, (each.host, each.port), secrets)
        for each in gates
    )
    return [register for register in found if register is not None]


def _fill(emulator: aws.Aws, accounts: database.Accounts, registers: Sequence[database.Register]) -> aws.Pool:
    """Creates what must exist before the first request: accounts, tables and demo data."""
    pool = emulator.create_pool()
    subs = emulator.create_people(pool.pool_id, demo.PEOPLE)
    database.migrate(accounts)
    for register in registers:
        database.migrate(register.accounts, Schema.REGISTER)
    demo.load(
        accounts.app,
        datetime.now(UTC),
        [register.country for register in registers],
        new=[register.country for register in registers if register.is_new],
    )
    demo.link(accounts.app, subs)
    return pool


def _api_environment(pool: aws.Pool) -> dict[str, str]:
    return {
        "LOCAL_POOL_ID": pool.pool_id,
        "LOCAL_JWT_ISSUER": pool.issuer,
        "LOCAL_JWKS_URL": pool.jwks_url,
        "LOCAL_CLIENT_ID": pool.client_id,
    }


def _introduce(options: _Options, stack: _Stack) -> None:
    url = stack.addresses.api
    print(f"\nAPI       {url}   (documentation: {url}/docs)")
    print(f"Inbox     {url}/dev/inbox   (the e-mails and SMS that people get; it also sets the clock)")
    print(f"AWS       {stack.addresses.aws}   (emulated Cognito, Secrets Manager, EventBridge, SQS, SES and SNS)")
    print(f"Database  {stack.server.origin}")
    if stack.accounts.shared:
        print("          The user in DATABASE_URL may not create other users, so the API connects as that user.")
    lacking = sorted({*demo.countries()} - {register.country for register in stack.registers})
    if lacking:
        names = " and ".join(database.register_name(options.database_name, each) for each in lacking)
        print(f"          It may not create databases either, so visits are not registered in {' and '.join(lacking)}.")
        print(f"          To have them registered, let an administrator create {names} with all rights for it.")
    print(f"MySQL     {database.client_command(stack.accounts.app)}")
    print("          This command connects a MySQL client with the rights of the API.")
    print(f"Logs      {shown(options.folder / 'api.log')}")
    print(f"People    {', '.join(demo.PEOPLE)}   (each with the password {aws.PASSWORD})")
    print(
        f'Operators make operator ARGS="users list"{elsewhere(options.folder)}   (ARGS="--help" lists all commands)\n'
    )
    _introduce_booking(options, stack.addresses)
    kept = "on your database server" if options.database_url else "until you run make reset"
    _say(f"\nPress Ctrl-C to stop everything. The data stays {kept}.")


def _introduce_booking(options: _Options, addresses: Addresses) -> None:
    get = example.over_http(addresses.api, lambda person: token_of(addresses, person))
    try:
        found = example.bookings(get, datetime.now(UTC))
    except StackError as error:
        print(f"The people of the demo can no longer book. {_AFRESH}\n{error}")
        return
    if not found:
        print(f"The doctors of the demo have no free time within a year. {_AFRESH}")
        return
    [booking] = found
    command = example.booking_command(
        addresses.api, booking, f"make -s token AS={example.RECEPTIONIST}{elsewhere(options.folder)}"
    )
    people = f"receptionist {example.RECEPTIONIST} for patient {booking.patient} with doctor {booking.doctor}"
    print(f"To book as {people}, paste this into a second shell:\n\n{command}")


def _watch(stack: _Stack) -> NoReturn:
    """Waits until the stack is stopped or one of its programs ends."""
    while True:
        stops.check()
        time.sleep(_CHECK_SECONDS)  # between two checks of the programs; a signal ends it
        for child in stack.children:
            if child.has_ended:
                raise StackError(f"{child.name} has ended unexpectedly, so everything stops. {child.last_words()}")
        if not database.answers(stack.accounts.app):
            raise StackError("The database no longer answers, so everything stops. Start it again with: make run")
