"""The operators' Lambda, put together from the environment."""

from lambda_function.bootstrap.operator_context import build_accounts, operators_database
from lambda_function.services.operators.actions import OperatorContext
from lambda_function.services.operators.invocation import OperatorInvocation


def build_operator() -> OperatorInvocation:
    return OperatorInvocation(OperatorContext(operators_database(), build_accounts()))
