"""The Lambdas that others invoke, beside the emulated AWS, which cannot run functions without Docker. It is WSGI
middleware around moto.
"""

import json
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Any

from dev.lambda_context import LambdaContext
from dev.wsgi import Application, Environ, StartResponse, body_of

_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
_SECONDS = 60

Handler = Callable[[Any, LambdaContext], Any]


class Functions:
    """Runs each function by its name, for one caller at a time, as one execution environment does."""

    def __init__(self, application: Application, functions: Mapping[str, Handler]) -> None:
        self._application = application
        self._functions = {name: (handler, Lock()) for name, handler in functions.items()}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        asked = _PATH.fullmatch(environ["PATH_INFO"])
        if asked is None or asked[1] not in self._functions:
            return self._application(environ, start_response)
        event = json.loads(body_of(environ))
        handler, alone = self._functions[asked[1]]
        headers = [("Content-Type", "application/json"), ("X-Amz-Executed-Version", "$LATEST")]
        try:
            with alone:
                body = json.dumps(handler(event, LambdaContext(asked[1], _SECONDS)))
        except Exception as error:  # noqa: BLE001 - the outer edge: Lambda answers whatever was raised
            traceback.print_exception(error)
            headers.append(("X-Amz-Function-Error", "Unhandled"))
            body = json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)})
        start_response("200 OK", headers)
        return [body.encode()]
