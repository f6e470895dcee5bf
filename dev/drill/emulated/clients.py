"""How a mend calls the emulator itself, as a service of AWS calls another."""

import os
from typing import Any

import boto3
from botocore.config import Config


def client(service: str) -> Any:
    """Returns a client with the rights of the account's root, for calls that AWS makes by itself."""
    return boto3.client(  # type: ignore[call-overload]  # the overloads know services by their literal names
        service,
        endpoint_url=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        region_name=os.environ["MINISTACK_REGION"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}, read_timeout=900, proxies={}),
    )
