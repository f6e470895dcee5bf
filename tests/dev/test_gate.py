"""The gate in front of a database server, with connections of a real client."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest
from sqlalchemy import URL

from dev.gate import Gate
from tests.dev.running_stack import free_port


@pytest.fixture
def gate(server_url: URL) -> Iterator[Gate]:
    gate = Gate(lambda: (str(server_url.host), int(server_url.port or 3306)))
    yield gate
    gate.end()


@pytest.fixture
def connect(gate: Gate, server_url: URL) -> Any:
    def connected() -> "pymysql.Connection[Any]":
        return pymysql.connect(
            host=gate.host,
            port=gate.port,
            user=server_url.username,
            password=server_url.password or "",
            connect_timeout=5,
            read_timeout=20,
            ssl_disabled=True,
        )

    return connected


@pytest.fixture
def connection(connect: Any) -> Any:
    connection = connect()
    yield connection
    if connection.open:
        connection.close()


def asked(connection: "pymysql.Connection[Any]", statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def ended(connection: "pymysql.Connection[Any]", number: int) -> bool:
    """Returns whether the server ends a session. It does so a moment after it has lost the client."""
    statement = f"SELECT COUNT(*) FROM information_schema.processlist WHERE id = {number}"
    return any(asked(connection, statement) == ((0,),) for _ in range(5000))


def was_cut(connection: socket.socket) -> bool:
    """Returns whether the other side has ended the connection, without having sent anything."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_what_is_asked_and_answered_passes_an_open_gate(connect: Any) -> None:
    with connect() as connection:
        [(sent, answered)] = asked(connection, f"SELECT LENGTH('{'x' * 500_000}'), REPEAT('y', 300000)")
        assert (sent, answered) == (500_000, "y" * 300_000)


def test_a_closed_gate_refuses_connections(gate: Gate, connect: Any) -> None:
    gate.close()

    with pytest.raises(pymysql.err.OperationalError, match="Connection refused"):
        connect()
    assert not gate.is_open


def test_closing_cuts_a_connection_that_waits_for_an_answer(gate: Gate, connection: Any) -> None:
    sent = threading.Event()
    errors: list[Exception] = []

    def wait() -> None:
        sent.set()
        try:
            asked(connection, "SELECT SLEEP(15)")
        except pymysql.err.OperationalError as error:
            errors.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    sent.wait(5)
    gate.close()
    waiting.join(5)

    assert not waiting.is_alive()
    assert "Lost connection" in str(errors)


def test_the_server_learns_that_a_connection_was_cut(gate: Gate, connection: Any, connect: Any) -> None:
    [(number,)] = asked(connection, "SELECT CONNECTION_ID()")
    gate.close()

    gate.open()
    with connect() as other:
        assert ended(other, number)


def test_closing_cuts_connections_that_are_just_being_made() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        gate = Gate(silent.getsockname)
        for _ in range(300):
            gate.open()
            with socket.create_connection((gate.host, gate.port), timeout=5) as connection:
                gate.close()
                assert was_cut(connection)
        gate.end()


def test_the_end_leaves_no_connection_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for _ in range(50):
            gate = Gate(silent.getsockname)
            with socket.create_connection((gate.host, gate.port), timeout=5) as connection:
                gate.end()
                assert was_cut(connection)


def test_a_gate_that_is_opened_again_lets_connections_pass_on_the_same_port(gate: Gate, connect: Any) -> None:
    port = gate.port
    for _ in range(3):
        gate.close()
        gate.open()

    with connect() as connection:
        assert asked(connection, "SELECT 1") == ((1,),)
    assert (gate.is_open, gate.port) == (True, port)


def test_opening_and_closing_twice_changes_nothing(gate: Gate, connect: Any) -> None:
    gate.open()
    with connect() as connection:
        assert asked(connection, "SELECT 1") == ((1,),)
    gate.close()
    gate.close()
    assert not gate.is_open


def test_the_port_of_a_closed_gate_is_not_given_to_others(gate: Gate) -> None:
    gate.close()

    with pytest.raises(OSError, match="in use"):
        socket.create_server((gate.host, gate.port))


def test_a_client_that_ends_ends_its_session(connection: Any, connect: Any) -> None:
    [(number,)] = asked(connection, "SELECT CONNECTION_ID()")
    connection.close()

    with connect() as other:
        assert ended(other, number)


def test_a_server_that_is_away_cuts_the_connection() -> None:
    port = free_port()
    gate = Gate(lambda: ("127.0.0.1", port))
    with socket.create_connection((gate.host, gate.port), timeout=5) as connection:
        assert connection.recv(1) == b""
    gate.end()
