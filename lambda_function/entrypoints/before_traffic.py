"""The Lambda that CodeDeploy calls before it shifts requests to a version of the API."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.bootstrap.before_traffic import build_before_traffic
from lambda_function.observability import logger

_before_traffic = build_before_traffic()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, bool]:
    logger.append_keys(function_request_id=context.aws_request_id)
    return {"passed": _before_traffic(event)}
