"""The Lambda that keeps what became of registering visits: see lambda_function/aws/registration.py."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.bootstrap.registration import build_registration
from lambda_function.observability import logger

_registration = build_registration()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    logger.append_keys(function_request_id=context.aws_request_id)
    return _registration(event, lambda: context.get_remaining_time_in_millis() / 1000)
