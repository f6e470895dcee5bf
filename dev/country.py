"""Takes a country's database away, or brings it back: `make country PE=down`. Without a country, it shows them all."""

import argparse
import json
import re
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError

from dev.countries import PATH
from dev.stack import DEFAULT_FOLDER, Addresses, StackError, elsewhere

_WAYS = {"up": True, "down": False}
_CODE = re.compile(r"[A-Z]{2}")
# Make's variables on the command line that are no countries.
_OTHERS = ("BIN", "FOLDER", "RUN", "VENV")
# In MAKEFLAGS they come last, and make has written a backslash before each space in them.
_VARIABLE = re.compile(r"(?:\\.|[^\s\\])+", re.DOTALL)
_ESCAPED = re.compile(r"\\(\s)")
_SECONDS = 30
_TOLD = {
    "down": (
        "The database of {country} is away now. Connections to it were cut, and new ones are refused.",
        "A visit that is booked or changed there stays PENDING (`registration` of GET /appointments), and everything",
        "else goes on. What has waited for five minutes is FAILED.",
        "To bring the database back, run: make country {country}=up{where}",
    ),
    "up": (
        "The database of {country} is there again. In about ten seconds, visits that were PENDING become DONE.",
        'If some are FAILED, run: make operator ARGS="countries redrive {country}"{where}',
    ),
}


class State(NamedTuple):
    """A country, whether its database can be reached, and the gate in front of it."""

    country: str
    up: bool
    host: str
    port: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variables", nargs="*", metavar="PE=down", help="a country, and up or down")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--makeflags", default="", help="MAKEFLAGS, whose variables are taken as well")
    options = parser.parse_args()
    wanted = dict(_assigned(variable) for variable in options.variables) | _variables(options.makeflags)
    if wrong := next(filter(None, map(_what_is_wrong, wanted, wanted.values())), None):
        print(wrong, file=sys.stderr)
        return 2
    try:
        print(_text(options.folder, wanted))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def states(aws_url: str) -> Sequence[State]:
    """Returns the countries of the stack whose emulated AWS has that address. Raises StackError if it is not there."""
    return [State(**item) for item in _asked(f"{aws_url}{PATH}")["items"]]


def set_up(aws_url: str, country: str, *, up: bool) -> None:
    """Raises StackError if there is no such country, or the stack is not running."""
    _asked(f"{aws_url}{PATH}/{country}", json.dumps({"up": up}).encode())


def _asked(address: str, body: bytes | None = None) -> Any:
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(address, body, method="PUT" if body else "GET")  # noqa: S310 - the address is ours
    try:
        with directly.open(request, timeout=_SECONDS) as answer:
            return None if answer.status == HTTPStatus.NO_CONTENT else json.load(answer)
    except HTTPError as error:
        with error:
            raise StackError(json.load(error)["message"]) from None
    except (URLError, ConnectionError, TimeoutError):
        raise StackError("The local stack is no longer running. Start it again with: make run") from None


def _variables(makeflags: str) -> dict[str, str]:
    """Returns the variables of make's command line."""
    words = _VARIABLE.findall(f" {makeflags}".partition(" -- ")[2])
    variables = dict(_assigned(_ESCAPED.sub(r"\1", word)) for word in words)
    return {name: value for name, value in variables.items() if name not in _OTHERS}


def _assigned(variable: str) -> tuple[str, str]:
    name, _, value = variable.partition("=")
    return name.rstrip(":+?!").upper(), value


def _what_is_wrong(name: str, way: str) -> str | None:
    """Returns what to write instead, if this is no way of a country."""
    if not _CODE.fullmatch(name):
        return f"{name} is no country. Its code has two letters, for example: make country PE=down"
    return None if way in _WAYS else f"{name} can be up or down, for example: make country {name}=down"


def _text(folder: Path, wanted: Mapping[str, str]) -> str:
    """Does what is wanted, and returns what to tell about it."""
    aws_url = Addresses.of_running_stack(folder).aws
    where = elsewhere(folder)
    if not wanted:
        lines = [f"{state.country}  {'up' if state.up else 'down'}" for state in states(aws_url)]
        return "\n".join([*lines, f"To take the database of a country away, run: make country PE=down{where}"])
    there = [state.country for state in states(aws_url)]
    for country in wanted:
        if country not in there:
            names = " or ".join(there)
            raise StackError(f"There is no country {country}. Write {names}, for example: make country {there[0]}=down")
    lines = []
    for country, way in wanted.items():
        set_up(aws_url, country, up=_WAYS[way])
        lines += [each.format(country=country, where=where) for each in _TOLD[way]]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
