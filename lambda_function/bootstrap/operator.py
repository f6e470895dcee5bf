"""The operators' Lambda, put together from the environment."""

from lambda_function.bootstrap.operators import build_accounts, build_database
from lambda_function.services.operators.actions import Workplace
from lambda_function.services.operators.invocation import OperatorInvocation


def build_operator() -> OperatorInvocation:
    return OperatorInvocation(Workplace(build_database(), build_accounts()))
