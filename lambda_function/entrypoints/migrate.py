"""The Lambda that migrates the database: `{"action": "upgrade"}`; bootstrap/migration_actions.py has the others. It
fails when the action does, so that a deployment stops there.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.bootstrap.migration_actions import run
from lambda_function.observability import logger


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    logger.append_keys(function_request_id=context.aws_request_id)
    answer = run(**event)
    logger.info("done", action=event["action"])
    return answer
