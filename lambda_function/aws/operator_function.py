"""The operators' Lambda as the command line calls it, where the database is out of its reach."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambda_function.domain.errors import DomainError, UnavailableError


class RefusedThereError(DomainError):
    """What the function answered instead of a result."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error["detail"], field=error.get("field"))
        self.code = error["code"]


class OperatorFunction:
    """`functions` is boto3's client of Lambda."""

    def __init__(self, functions: Any, name: str) -> None:
        self._functions = functions
        self._name = name

    def __call__(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Runs an action and returns its result. Raises RefusedThereError, and UnavailableError if there is no answer,
        when nobody knows whether the action was run.
        """
        payload = json.dumps({"action": action, "arguments": arguments}, ensure_ascii=False).encode()
        try:
            answer = self._functions.invoke(FunctionName=self._name, Payload=payload)
            text = answer["Payload"].read()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise UnavailableError(f"The function cannot be invoked ({code}).") from error
        except BotoCoreError as error:
            raise UnavailableError(f"The function cannot be reached ({type(error).__name__}).") from error
        if "FunctionError" in answer:
            raise UnavailableError("The function ended without an answer. Its log says why.")
        document = json.loads(text)
        if not document["ok"]:
            raise RefusedThereError(document["error"])
        result: dict[str, Any] = document["result"]
        return result
