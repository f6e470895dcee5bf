"""The operators' Lambda, put together from the environment."""

from lambda_function.bootstrap.operator_context import build_accounts, build_database
from lambda_function.services.operators.actions import OperatorContext
from lambda_function.services.operators.invocation import OperatorInvocation


def build_operator() -> OperatorInvocation:
    return OperatorInvocation(OperatorContext(build_database(), build_accounts()))
