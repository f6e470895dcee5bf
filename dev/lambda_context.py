"""What the Lambda service hands to a handler, and what it does with what the handler prints."""

import os
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext as Context

from dev.http_event import ACCOUNT_ID
from lambda_function.observability import logger


def drop_metrics() -> None:
    """Drops the metrics that Lambdas in this program print from now on: nothing reads them here, and they would fill
    the log. What the Lambdas log goes to standard error.
    """
    handler: Any = logger.registered_handler  # a StreamHandler, which Powertools describes as any handler
    handler.setStream(sys.stderr)
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the program runs


class LambdaContext(Context):
    """The context of one invocation. Its clock starts when it is created."""

    def __init__(self, function_name: str, timeout_seconds: float) -> None:
        self._function_name = function_name
        self._function_version = "$LATEST"
        self._invoked_function_arn = f"arn:aws:lambda:us-east-1:{ACCOUNT_ID}:function:{function_name}"
        self._memory_limit_in_mb = 512
        self._aws_request_id = str(uuid.uuid4())
        self._log_group_name = f"/aws/lambda/{function_name}"
        self._log_stream_name = "local"
        self._ends = time.monotonic() + timeout_seconds

    def seconds_left(self) -> float:
        return self.get_remaining_time_in_millis() / 1000

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override] # Powertools has no clock, so theirs is static
        return max(0, int((self._ends - time.monotonic()) * 1000))
