"""Calls a Lambda and waits for its answer."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambda_function.aws.errors import error_code
from lambda_function.domain.errors import UnavailableError


def invoked(functions: Any, name: str, event: Mapping[str, Any], *, called: str) -> Any:
    """Returns the answer of the function, which errors name as `called`. `functions` is boto3's client of Lambda.

    Raises UnavailableError if there is no answer, when nobody knows whether the function has done its work. The error
    quotes nothing of what was sent.
    """
    try:
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(event, ensure_ascii=False).encode())
        text = answer["Payload"].read()
    except ClientError as error:
        raise UnavailableError(f"{called} cannot be invoked ({error_code(error)}).") from None
    except BotoCoreError as error:
        raise UnavailableError(f"{called} cannot be reached ({error_code(error)}).") from None
    if "FunctionError" in answer:
        raise UnavailableError(f"{called} ended without an answer. Its log says why.")
    return json.loads(text)
