"""Functions that are invoked beside the emulated AWS."""

import io
import json
from collections.abc import Iterable
from typing import Any

from dev.functions import Functions
from dev.wsgi import Environ, StartResponse

PATH = "/2015-03-31/functions/{}/invocations"


def moto(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("404 Not Found", [])
    return [b"moto"]


def handler(event: Any, context: Any) -> Any:
    if event == "fail":
        raise RuntimeError("It is broken.")
    return {"event": event, "name": context.function_name, "time": context.seconds_left() > 50}


def invoke(name: str, event: Any) -> tuple[str, dict[str, str], bytes]:
    body = json.dumps(event).encode()
    environ = {"PATH_INFO": PATH.format(name), "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    started: list[Any] = []
    functions = Functions(moto, {"known": handler})
    answer = b"".join(functions(environ, lambda status, headers: started.extend([status, dict(headers)])))
    return started[0], started[1], answer


def test_a_function_gets_the_event_and_its_result_is_answered() -> None:
    status, headers, answer = invoke("known", {"action": "sweep"})

    assert (status, json.loads(answer)) == (
        "200 OK",
        {"event": {"action": "sweep"}, "name": "known", "time": True},
    )
    assert "X-Amz-Function-Error" not in headers


def test_a_function_that_fails_is_answered_as_lambda_answers(capsys: Any) -> None:
    status, headers, answer = invoke("known", "fail")

    assert (status, headers["X-Amz-Function-Error"]) == ("200 OK", "Unhandled")
    assert json.loads(answer)["errorType"] == "RuntimeError"
    assert "It is broken." in capsys.readouterr().err


def test_what_is_not_known_is_left_to_the_emulator() -> None:
    assert invoke("other", {})[::2] == ("404 Not Found", b"moto")
