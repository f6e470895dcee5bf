"""Shows and sets at /dev/countries which countries' databases can be reached. Each country has a gate, through which
its function reaches its register. It is WSGI middleware around moto.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from dev.gate import Gate
from dev.wsgi import Application, Environ, StartResponse, body_of

PATH = "/dev/countries"
_COUNTRY = re.compile(rf"{PATH}/([^/]*)")


class _RefusedError(Exception):
    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class Countries:
    """`gates` are those of the countries by their codes."""

    def __init__(self, application: Application, gates: Mapping[str, Gate]) -> None:
        self._application = application
        self._gates = gates

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        country = _COUNTRY.fullmatch(path)
        if path != PATH and country is None:
            return self._application(environ, start_response)
        try:
            if country is None:
                return _answer(start_response, "200 OK", self._shown(environ))
            self._set(country[1], environ)
        except _RefusedError as error:
            return _answer(start_response, error.status, {"message": str(error)})
        return _answer(start_response, "204 No Content")

    def _shown(self, environ: Environ) -> Mapping[str, Any]:
        _check_method(environ, "GET")
        gates = sorted(self._gates.items())
        items = [{"country": code, "up": gate.is_open, "host": gate.host, "port": gate.port} for code, gate in gates]
        return {"items": items}

    def _set(self, code: str, environ: Environ) -> None:
        if code not in self._gates:
            raise _RefusedError(
                "404 Not Found", f"There is no such country. There are: {', '.join(sorted(self._gates))}."
            )
        _check_method(environ, "PUT")
        if _is_up(body_of(environ)):
            self._gates[code].open()
        else:
            self._gates[code].close()


def _check_method(environ: Environ, method: str) -> None:
    if environ["REQUEST_METHOD"] != method:
        raise _RefusedError("405 Method Not Allowed", f"Use {method} here.")


def _is_up(body: bytes) -> bool:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    match document:
        case {"up": bool(up), **others} if not others:
            return up
    raise _RefusedError("422 Unprocessable Content", 'Send {"up": false} or {"up": true}, and nothing else.')


def _answer(start_response: StartResponse, status: str, document: Mapping[str, Any] | None = None) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "application/json")] if document else [])
    return [json.dumps(document).encode()] if document else []
