"""The Lambda that migrates the database: `{"action": "upgrade"}`; see bootstrap/migrate.py for the others. It fails
when the action does, so that whoever deploys stops there.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.bootstrap.migrate import run
from lambda_function.observability import logger


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    logger.append_keys(function_request_id=context.aws_request_id)
    answer = run(**event)
    logger.info("done", action=event["action"])
    return answer
