"""The Lambda that ends offers and makes the missing ones. It is called every minute; several may run at once."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.bootstrap.waitlist import build_waitlist
from lambda_function.observability import logger

_keep_up = build_waitlist()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    logger.append_keys(function_request_id=context.aws_request_id)
    return {"lapsed": _keep_up(lambda: context.get_remaining_time_in_millis() / 1000)}
