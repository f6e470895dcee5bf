"""The Lambda that lets offers lapse and makes those that are missing: to be called every minute, by one or several."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.bootstrap.waitlist import build_waitlist
from lambda_function.observability import logger

_keep_up = build_waitlist()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    logger.append_keys(function_request_id=context.aws_request_id)
    return {"lapsed": _keep_up(lambda: context.get_remaining_time_in_millis() / 1000)}
