"""The Lambda behind the HTTP API."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.bootstrap.api import build_api

_api = build_api()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return _api(event, context)
