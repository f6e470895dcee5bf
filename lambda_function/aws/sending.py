"""What the errors of SES and SNS mean for the one attempt to send a message.

A message is REFUSED only for what is wrong with the message or its address. Everything that is wrong with us, such as a
suspended account, a missing right or an identity that is not verified, will pass: RETRY.
"""

from collections.abc import Mapping

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    HTTPClientError,
    ParamValidationError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from lambda_function.aws.errors import error_code
from lambda_function.domain.notifications import Reason
from lambda_function.observability import logger
from lambda_function.services.messenger import Sent
from lambda_function.services.notifications.messages import ComposedMessage, OutcomeStatus

REFUSED = Sent(OutcomeStatus.REFUSED, reason=Reason.REFUSED)
ADDRESS_REFUSED = Sent(OutcomeStatus.REFUSED, reason=Reason.ADDRESS_REFUSED)
_RETRY = Sent(OutcomeStatus.RETRY)
_UNKNOWN = Sent(OutcomeStatus.UNKNOWN)
# The request may have arrived before these. HTTPClientError itself is raised for whatever botocore has no name for;
# its other subclasses are about connections that were never made.
_ANSWER_LOST = (ReadTimeoutError, ConnectionClosedError, ResponseStreamingError)


def failed(error: BotoCoreError | ClientError, refusals: Mapping[str, Sent], message: ComposedMessage) -> Sent:
    """Returns the outcome, and logs the kind of error without its text, which may quote the address. `refusals` are by
    the provider's codes.
    """
    sent = _outcome(error, refusals)
    logger.warning(
        "message not sent",
        notification_id=message.notification_id,
        channel=message.channel,
        status=sent.status,
        error=error_code(error),
    )
    return sent


def _outcome(error: BotoCoreError | ClientError, refusals: Mapping[str, Sent]) -> Sent:
    if isinstance(error, ClientError):
        return refusals.get(error_code(error), _RETRY)
    if isinstance(error, ParamValidationError):
        return REFUSED
    if isinstance(error, _ANSWER_LOST) or type(error) is HTTPClientError:
        return _UNKNOWN
    return _RETRY
