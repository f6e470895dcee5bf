"""The hook of CodeDeploy, put together from nothing but its clients: a deployment says which function it is about."""

import boto3
from botocore.config import Config

from lambda_function.aws.before_traffic import BeforeTraffic
from lambda_function.bootstrap.clock import system_clock

_CODEDEPLOY = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
# Longer than the API may take for a request, its start included.
_API = Config(connect_timeout=2, read_timeout=45, retries={"mode": "standard", "total_max_attempts": 2})


def build_before_traffic() -> BeforeTraffic:
    clients = boto3.client("codedeploy", config=_CODEDEPLOY), boto3.client("lambda", config=_API)
    return BeforeTraffic(*clients, system_clock)
