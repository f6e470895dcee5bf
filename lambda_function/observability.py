"""Structured logs and metrics. Logs never hold tokens, credentials, names, phones, query strings or whole events.

Powertools reads POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL by itself.
"""

import traceback
from types import TracebackType

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

logger = Logger(log_uncaught_exceptions=False)
_NAMESPACE = "DentistAppointments"


def count(name: str, number: int = 1) -> None:
    """Adds to a metric."""
    with single_metric(name=name, unit=MetricUnit.Count, value=number, namespace=_NAMESPACE):
        pass


def gauge_seconds(name: str, seconds: float) -> None:
    """Reports a duration as a metric."""
    with single_metric(name=name, unit=MetricUnit.Seconds, value=seconds, namespace=_NAMESPACE):
        pass


def stack(trace: TracebackType | None) -> list[str]:
    """Where an exception came from, without its message, which may quote a row or a request."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
