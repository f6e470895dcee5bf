"""The Lambda that Secrets Manager calls, step by step, to give a database secret a new password."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.bootstrap.rotate_secret import build_rotation
from lambda_function.observability import logger

_rotation = build_rotation()


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    logger.append_keys(function_request_id=context.aws_request_id)
    step = event["Step"]
    _rotation.run(step, event["SecretId"], event["ClientRequestToken"])
    logger.info("rotated", step=step)
