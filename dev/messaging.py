"""What the functions need of AWS, made in the emulator as Terraform makes it: the bus of the events, a queue for each
function that a rule fills, and the sender of e-mails. A queue has the name of its function.
"""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dev.aws import Aws
from lambda_function.aws.events import SOURCE
from lambda_function.domain.appointment import EventAction, Status
from lambda_function.domain.messages import ERASED, MERGED, OFFERED, REGISTRATION_REQUESTED, kind_of
from lambda_function.domain.notifications import CHANGES
from lambda_function.domain.registration import REGISTERED, REGISTRATION_FAILED

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

BUS = "dentist"
FUNCTION = "dentist-notifications"
REGISTRATION_FUNCTION = "dentist-registration"
# Before the code of a country in small letters.
COUNTRY_PREFIX = "dentist-country-"
_NAME = "dentist"
_SENDER = "reminders@clinic.example"
_KINDS = [OFFERED, *sorted(f"appointment.{kind.lower()}" for kind in CHANGES)]
# Every kind after which a register may have to say something else.
_REGISTERED_KINDS = sorted(
    {kind_of(action, status) for action in EventAction for status in (Status.BOOKED, Status.REQUESTED)}
    | {ERASED, MERGED, REGISTRATION_REQUESTED}
)
_OUTCOMES = [REGISTERED, REGISTRATION_FAILED]
# A message whose batch failed comes back after this time, and goes to the dead-letter queue after so many times.
_VISIBILITY_SECONDS = 10
_MAX_RECEIVES = 5
# A country may be away for five minutes, until its visits' registration fails. On AWS it is half an hour.
COUNTRY_MAX_RECEIVES = 30


def country_function(country: str) -> str:
    return f"{COUNTRY_PREFIX}{country.lower()}"


def create(
    account: Aws, *, visibility_seconds: int = _VISIBILITY_SECONDS, max_receives: int = _MAX_RECEIVES
) -> dict[str, str]:
    """Returns the environment of the programs that use it."""
    made = _Maker(account, visibility_seconds)
    made.bus()
    queue = made.queue(FUNCTION, {"detail-type": _KINDS}, max_receives)
    mail = account.session.client("sesv2", endpoint_url=account.url)
    mail.create_configuration_set(ConfigurationSetName=_NAME)
    mail.create_email_identity(EmailIdentity=_SENDER, ConfigurationSetName=_NAME)
    return {
        "EVENT_BUS_NAME": BUS,
        "NOTIFICATIONS_FUNCTION": FUNCTION,
        "MAIL_SENDER": _SENDER,
        "MAIL_CONFIGURATION_SET": _NAME,
        "LOCAL_QUEUE_URL": queue.url,
    }


def create_registers(
    account: Aws,
    countries: Iterable[str],
    *,
    visibility_seconds: int = _VISIBILITY_SECONDS,
    max_receives: int = COUNTRY_MAX_RECEIVES,
) -> None:
    """Makes what the registers of the countries need of the bus that `create` makes: a queue for each country, which
    gets what concerns its visits, and one for the outcomes.
    """
    made = _Maker(account, visibility_seconds)
    for country in countries:
        pattern = {"detail-type": _REGISTERED_KINDS, "detail": {"country": [country]}}
        made.queue(country_function(country), pattern, max_receives)
    made.queue(REGISTRATION_FUNCTION, {"detail-type": _OUTCOMES}, _MAX_RECEIVES)


class _Queue(NamedTuple):
    url: str
    arn: str


class _Maker:
    """Makes queues with their dead-letter queues and the rules that fill them."""

    def __init__(self, account: Aws, visibility_seconds: int) -> None:
        self._queues: SQSClient = account.session.client("sqs", endpoint_url=account.url)
        self._events: EventBridgeClient = account.session.client("events", endpoint_url=account.url)
        self._visibility_seconds = visibility_seconds

    def bus(self) -> None:
        self._events.create_event_bus(Name=BUS)

    def queue(self, function: str, pattern: Mapping[str, Any], max_receives: int) -> _Queue:
        """Returns the queue of the function, which gets our events that match the pattern."""
        dead = self._named(f"{function}-dead", {})
        redrive = {"deadLetterTargetArn": dead.arn, "maxReceiveCount": max_receives}
        seconds = str(self._visibility_seconds)
        queue = self._named(function, {"VisibilityTimeout": seconds, "RedrivePolicy": json.dumps(redrive)})
        ours = {"source": [SOURCE], **pattern}
        self._events.put_rule(Name=function, EventBusName=BUS, EventPattern=json.dumps(ours))
        self._events.put_targets(Rule=function, EventBusName=BUS, Targets=[{"Id": "queue", "Arn": queue.arn}])
        return queue

    def _named(self, name: str, attributes: "Mapping[QueueAttributeNameType, str]") -> _Queue:
        url = self._queues.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        found = self._queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return _Queue(url, found["Attributes"]["QueueArn"])
