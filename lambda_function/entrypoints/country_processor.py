"""The Lambda of a country: see lambda_function/aws/country_processor.py for its events and answers."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.bootstrap.country_processor import build_country_processor
from lambda_function.observability import logger

_processor = build_country_processor()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    logger.append_keys(function_request_id=context.aws_request_id)
    return _processor(event, lambda: context.get_remaining_time_in_millis() / 1000)
