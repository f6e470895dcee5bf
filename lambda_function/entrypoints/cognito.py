"""The Lambda that the user pool calls when a person has confirmed their account. Tokens need no trigger of their own:
the role comes from the database on every request, so there is nothing to put into them.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.bootstrap.cognito import build_post_confirmation
from lambda_function.observability import logger

_post_confirmation = build_post_confirmation()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    logger.append_keys(function_request_id=context.aws_request_id)
    return _post_confirmation(event)
