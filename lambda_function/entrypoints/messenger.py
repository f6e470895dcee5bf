"""The Lambda that sends messages to people by e-mail and SMS. It is called every minute, and one runs at a time."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.bootstrap.messenger import build_messenger
from lambda_function.observability import logger

_send_due = build_messenger()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    logger.append_keys(function_request_id=context.aws_request_id)
    return {"sent": _send_due(lambda: context.get_remaining_time_in_millis() / 1000)}
