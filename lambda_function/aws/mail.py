"""E-mail: Amazon SES."""

from collections.abc import Callable, Mapping
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from types import MappingProxyType
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from lambda_function.aws.mail_headers import MailPolicy
from lambda_function.aws.sending import ADDRESS_REFUSED, REFUSED, failed
from lambda_function.domain.notifications import NotificationKind
from lambda_function.observability import logger
from lambda_function.services.messenger import Sent
from lambda_function.services.notifications.messages import Attachment, ComposedMessage, OutcomeStatus

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

_POLICY = MailPolicy()
_REFUSALS: Mapping[str, Sent] = MappingProxyType(
    {
        "BadRequestException": ADDRESS_REFUSED,
        "InvalidParameterValue": ADDRESS_REFUSED,
        "MessageRejected": ADDRESS_REFUSED,
    }
)
# SES also says MessageRejected where our own identity is not verified yet, or the account is still in the sandbox.
_NOT_VERIFIED = "not verified"


class BadAddressError(ValueError):
    """SES does not accept such an address."""


class Mail:
    """Implements Sender of services/messenger.py. Each mail carries its notification's id and kind as tags, which the
    events of the configuration set repeat.
    """

    def __init__(
        self, client: "SESV2Client", sender: str, configuration_set: str, clock: Callable[[], datetime]
    ) -> None:
        self._client = client
        self._sender = sender
        self._configuration_set = configuration_set
        self._clock = clock

    def send(self, message: ComposedMessage) -> Sent:
        try:
            to = _address(message.to)
            content = mime_message(message, self._sender, self._clock()).as_bytes()
        except BadAddressError:
            return ADDRESS_REFUSED
        except (MessageError, ValueError) as error:
            # Such as a subject of two lines. The error's own text quotes the message.
            logger.error("mail not made", notification_id=message.notification_id, error=type(error).__name__)
            return REFUSED
        try:
            answer = self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [to]},
                Content={"Raw": {"Data": content}},
                EmailTags=[
                    {"Name": "notification_id", "Value": str(message.notification_id)},
                    {"Name": "kind", "Value": message.kind},
                ],
                ConfigurationSetName=self._configuration_set,
            )
        except ClientError as error:
            refusals = {} if _NOT_VERIFIED in error.response["Error"].get("Message", "") else _REFUSALS
            return failed(error, refusals, message)
        except BotoCoreError as error:
            return failed(error, _REFUSALS, message)
        return Sent(OutcomeStatus.SENT, provider_id=answer["MessageId"])


def mime_message(message: ComposedMessage, sender: str, now: datetime) -> EmailMessage:
    """The mail as it is sent. Raises BadAddressError, and ValueError or MessageError for text that no header can hold.

    A calendar file is an ordinary attachment, whose content type names its method. As one of the alternatives of the
    text, it would replace the text: Outlook shows an alternative text/calendar instead of the words, and some versions
    show nothing at all if its method is PUBLISH. Attached, it is there for a click in every mail program.
    """
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(message.sender_name, addr_spec=sender)
    mail["To"] = Address(addr_spec=_address(message.to))
    if message.reply_to:
        mail["Reply-To"] = Address(message.sender_name, addr_spec=_address(message.reply_to))
    mail["Subject"] = message.subject or ""
    mail["Date"] = now
    mail["Auto-Submitted"] = "auto-generated"
    if message.kind is NotificationKind.RECALL and message.links:
        # A mail program's own button stops these messages, by the same page (RFC 8058).
        mail["List-Unsubscribe"] = f"<{message.links[0]}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(message.text)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
    for attachment in message.attachments:
        _attach(mail, attachment)
    return mail


def _attach(mail: EmailMessage, attachment: Attachment) -> None:
    kind, *parameters = (part.strip() for part in attachment.content_type.split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    named = {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
    # The character set is written by add_attachment, because the text is encoded there.
    named.pop("charset", None)
    mail.add_attachment(attachment.text, subtype=kind.removeprefix("text/"), filename=attachment.filename, params=named)


def _address(address: str) -> str:
    """The address with its domain as ASCII. Raises BadAddressError."""
    local, _, domain = address.rpartition("@")
    try:
        written = f"{local}@{domain.encode('idna').decode('ascii')}"
        Address(addr_spec=written)
    except (MessageError, ValueError, IndexError):
        raise BadAddressError from None
    if not local.isascii():
        raise BadAddressError
    return written
