"""The errors of requests themselves, and what a caller is told of an error on our side."""

from collections.abc import Mapping
from http import HTTPStatus

from lambda_function.domain.errors import DomainError, UnavailableError
from lambda_function.observability import count, logger, stack
from lambda_function.web.codes import PROBLEM_CODES


class EdgeError(DomainError):
    """A request is wrong in itself, before any rule is applied. `field_code` is one of services/value_messages.py."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        field_code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail, field=field)
        self.code = code
        self.field_code = field_code or code
        self.headers = headers or {}


def shown_error(error: Exception) -> DomainError:
    """Returns what the caller is told of an error. What lies on our side is logged and counted for the operators, and
    the caller is told no more than that.
    """
    if not isinstance(error, DomainError):
        # A handled error does not show in Lambda's own Errors metric, so it gets one of ours.
        count("InternalError")
        logger.error("internal error", error=type(error).__qualname__, stack=stack(error.__traceback__))
        return EdgeError("internal_error", "Something went wrong on our side.")
    if PROBLEM_CODES[error.code].status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        cause = type(error.__cause__).__name__ if error.__cause__ else None
        logger.warning("refused for now", code=error.code, cause=cause, reason=error.detail)
        count(error.code.title())
        if error.code == UnavailableError.code:
            # What is unavailable, and why, is only logged: anybody may ask for readiness.
            return UnavailableError("The service is unavailable for now. Try again in a moment.")
    return error
