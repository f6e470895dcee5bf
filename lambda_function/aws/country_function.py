"""The function of a country as the command line calls it, to compare the country's register."""

from typing import Any

from lambda_function.aws.invocation import invoked
from lambda_function.domain.errors import UnavailableError
from lambda_function.services.operators.countries import Part


class CountryFunction:
    """Implements Register; see services/operators/countries.py. `functions` is boto3's client of Lambda."""

    def __init__(self, functions: Any, name: str) -> None:
        self._functions = functions
        self._name = name

    def check(self, after: int, *, repair: bool) -> Part:
        event = {"action": "check", "after": after, "repair": repair}
        document = invoked(self._functions, self._name, event, called=f"The function {self._name}")
        if "error" in document:
            raise UnavailableError(document["error"]["detail"])
        return Part.from_document(document)
