"""The context object that the Lambda service hands to a handler."""

import time
import uuid
from dataclasses import dataclass, field

from dev.http_event import ACCOUNT_ID

_ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT_ID}:function:"


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The context of one invocation. Its clock starts when it is created."""

    function_name: str
    timeout_seconds: float
    memory_limit_in_mb: int = 512
    function_version: str = "$LATEST"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    _started: float = field(default_factory=time.monotonic)

    @property
    def invoked_function_arn(self) -> str:
        return _ARN + self.function_name

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        return "local"

    def get_remaining_time_in_millis(self) -> int:
        left = self._started + self.timeout_seconds - time.monotonic()
        return max(0, int(left * 1000))
