"""The Lambda that operators invoke, if IAM lets them. See services/operators/invocation.py for event and answer."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.bootstrap.operator import build_operator

_operator = build_operator()


def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    return _operator(event, context.aws_request_id)
