"""The Lambda of the messages to people: see lambda_function/aws/notifications.py for its events and answers."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.bootstrap.notifications import build_notifications
from lambda_function.observability import logger

_notifications = build_notifications()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    logger.append_keys(function_request_id=context.aws_request_id)
    return _notifications(event, lambda: context.get_remaining_time_in_millis() / 1000)
