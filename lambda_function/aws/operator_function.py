"""The operators' Lambda as the command line calls it, where the database is out of its reach."""

from collections.abc import Mapping
from typing import Any

from lambda_function.aws.invocation import invoked
from lambda_function.domain.errors import DomainError


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
        event = {"action": action, "arguments": arguments}
        document = invoked(self._functions, self._name, event, called="The function")
        if not document["ok"]:
            raise RefusedThereError(document["error"])
        result: dict[str, Any] = document["result"]
        return result
