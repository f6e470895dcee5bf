"""The gates of the countries are shown and set over HTTP, beside the emulated AWS."""

import io
import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import pytest

from dev.countries import Countries
from dev.gate import Gate
from dev.wsgi import Environ, StartResponse


class Reply(NamedTuple):
    status: str
    document: Any


def moto(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b'"moto"']


@pytest.fixture
def gates() -> Iterator[Mapping[str, Gate]]:
    gates = {code: Gate(lambda: ("127.0.0.1", 1)) for code in ("PE", "CL")}
    yield gates
    for gate in gates.values():
        gate.end()


@pytest.fixture
def send(gates: Mapping[str, Gate]) -> Any:
    countries = Countries(moto, gates)

    def sent(method: str, path: str, body: bytes = b"") -> Reply:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        started: list[str] = []
        answer = b"".join(countries(environ, lambda status, headers: started.append(status)))
        return Reply(started[0], json.loads(answer) if answer else None)

    return sent


def accepts(gate: Gate) -> bool:
    with suppress(ConnectionRefusedError), socket.create_connection((gate.host, gate.port), timeout=5):
        return True
    return False


def test_each_country_is_shown_with_its_gate(send: Any, gates: Mapping[str, Gate]) -> None:
    items = [{"country": code, "up": True, "host": "127.0.0.1", "port": gates[code].port} for code in ("CL", "PE")]
    assert send("GET", "/dev/countries") == ("200 OK", {"items": items})


def test_a_country_goes_down_and_comes_up_again_and_the_other_stays(send: Any, gates: Mapping[str, Gate]) -> None:
    assert send("PUT", "/dev/countries/PE", b'{"up": false}') == ("204 No Content", None)
    assert [accepts(gates[code]) for code in ("PE", "CL")] == [False, True]
    assert {item["country"]: item["up"] for item in send("GET", "/dev/countries").document["items"]} == {
        "CL": True,
        "PE": False,
    }

    assert send("PUT", "/dev/countries/PE", b'{"up": true}').status == "204 No Content"
    assert accepts(gates["PE"])


@pytest.mark.parametrize(
    "body",
    [b"", b"down", b"false", b"[]", b"{}", b'{"up": 0}', b'{"up": "false"}', b'{"up": null}', b'{"up": false, "x": 1}'],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(send: Any, gates: Mapping[str, Gate], body: bytes) -> None:
    status, document = send("PUT", "/dev/countries/PE", body)

    assert (status, document["message"]) == (
        "422 Unprocessable Content",
        'Send {"up": false} or {"up": true}, and nothing else.',
    )
    assert gates["PE"].is_open


@pytest.mark.parametrize("code", ["XX", "pe", "", "PE%20"])
def test_a_country_that_there_is_not_is_not_found(send: Any, code: str) -> None:
    status, document = send("PUT", f"/dev/countries/{code}", b'{"up": false}')
    assert (status, document["message"]) == ("404 Not Found", "There is no such country. There are: CL, PE.")


@pytest.mark.parametrize(("method", "path"), [("PUT", "/dev/countries"), ("GET", "/dev/countries/PE")])
def test_other_methods_are_refused(send: Any, method: str, path: str) -> None:
    assert send(method, path, b'{"up": false}').status == "405 Method Not Allowed"


@pytest.mark.parametrize("path", ["/", "/dev/messages", "/dev/countries/PE/more"])
def test_everything_else_is_left_to_the_emulator(send: Any, path: str) -> None:
    assert send("GET", path) == ("200 OK", "moto")
