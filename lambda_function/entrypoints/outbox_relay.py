"""The Lambda that publishes what the outbox holds. It is called every minute; several may run at the same time."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.bootstrap.outbox_relay import build_relay
from lambda_function.observability import logger

_relay = build_relay()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    logger.append_keys(function_request_id=context.aws_request_id)
    return {"published": _relay(lambda: context.get_remaining_time_in_millis() / 1000)}
