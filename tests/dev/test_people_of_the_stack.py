"""Who can get a token on the local stack: the demo's people, people who sign up, and people whom others enter."""

import json
from http import HTTPStatus
from typing import Any

from tests.dev.http_server import Client
from tests.dev.running_stack import RunningStack


def me(stack: RunningStack, user_name: str) -> Any:
    """Returns what the API says about the person whose token `make token` prints."""
    printed = stack.make("token", f"AS={user_name}")
    assert printed.returncode == 0, printed.stderr
    headers = [("Authorization", f"Bearer {printed.stdout.strip()}")]
    reply = Client(stack.port).send("GET", "/me", headers)
    assert reply.status == HTTPStatus.OK, reply.body
    return reply.json()


def test_whoever_signs_up_is_a_patient(stack: RunningStack) -> None:
    done = stack.make("sign-up", "AS=ana", "EMAIL=ana@example.org", "NAME=Ana Ríos")
    assert (done.returncode, done.stderr) == (0, "")
    ana = me(stack, "ana")
    assert (ana["user_type"], ana["full_name"], ana["email"]) == ("PATIENT", "Ana Ríos", "ana@example.org")
    for name in ("ana", "Ana"):
        again = stack.make("sign-up", f"AS={name}", "EMAIL=ana@example.org")
        assert again.returncode != 0
        assert again.stderr.startswith(f"There is already an account called {name}.")
    assert "is not an e-mail address" in stack.make("sign-up", "AS=eva", "EMAIL=eva").stderr


def test_somebody_whom_an_operator_makes_can_have_a_token(stack: RunningStack) -> None:
    person = 'users create rosario --type receptionist --name "Rosario Vega" --email r@example.org'
    done = stack.make("operator", f'ARGS={person} --clinic "Lima Centro"')
    assert (done.returncode, done.stderr, done.stdout) == (0, "", done.stdout)
    assert me(stack, "rosario")["user_type"] == "RECEPTIONIST"


def test_somebody_whom_a_reception_enters_can_have_a_token(stack: RunningStack) -> None:
    token = stack.make("token", "AS=rita").stdout.strip()
    headers = [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")]
    leo = json.dumps({"user_name": "leo", "full_name": "Leo Paz"}).encode()
    assert Client(stack.port).send("POST", "/users", headers, leo).status == HTTPStatus.CREATED
    assert me(stack, "leo")["full_name"] == "Leo Paz"


def test_the_commands_say_what_they_need(stack: RunningStack) -> None:
    assert "make token AS=rita" in stack.make("token").stderr
    assert "make sign-up AS=ana EMAIL=ana@example.org" in stack.make("sign-up", "AS=ana").stderr
