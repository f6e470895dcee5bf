"""SMS: Amazon SNS, without a topic."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from lambda_function.aws.sending import ADDRESS_REFUSED, failed
from lambda_function.domain.notifications import Reason
from lambda_function.observability import count
from lambda_function.services.messenger import Sent
from lambda_function.services.notifications.messages import ComposedMessage, OutcomeStatus
from lambda_function.services.notifications.sms_segments import segments

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

_REFUSALS: Mapping[str, Sent] = MappingProxyType(
    {
        "InvalidParameter": ADDRESS_REFUSED,
        "ParameterValueInvalid": ADDRESS_REFUSED,
        "OptedOut": Sent(OutcomeStatus.REFUSED, reason=Reason.OPTED_OUT),
    }
)


class Sms:
    """Implements Sender of services/messenger.py. `sender_id` is what the phone shows as the sender, where the country
    allows it.
    """

    def __init__(self, client: "SNSClient", sender_id: str | None) -> None:
        self._client = client
        self._sender_id = sender_id

    def send(self, message: ComposedMessage) -> Sent:
        attributes = {
            # Transactional messages are meant to arrive, and are also delivered to numbers that want no advertising.
            "AWS.SNS.SMS.SMSType": _text("Transactional"),
            "notification_id": _text(str(message.notification_id)),
            "kind": _text(message.kind),
        }
        if self._sender_id:
            attributes["AWS.SNS.SMS.SenderID"] = _text(self._sender_id)
        try:
            answer = self._client.publish(PhoneNumber=message.to, Message=message.text, MessageAttributes=attributes)
        except (BotoCoreError, ClientError) as error:
            return failed(error, _REFUSALS, message)
        count("SmsParts", segments(message.text))  # each of which is paid for
        return Sent(OutcomeStatus.SENT, provider_id=answer["MessageId"])


def _text(value: str) -> "MessageAttributeValueTypeDef":
    return {"DataType": "String", "StringValue": value}
