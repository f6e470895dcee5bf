"""What messages to people need of AWS, made in the emulator as Terraform makes it: the bus of the events, the queue
that a rule fills, and the sender of e-mails.
"""

import json
from typing import TYPE_CHECKING, NamedTuple

from dev.aws import Aws
from lambda_function.aws.events import SOURCE
from lambda_function.domain.notifications import CHANGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

FUNCTION = "dentist-notifications"
_NAME = "dentist"
_SENDER = "reminders@clinic.example"
_KINDS = ["waitlist.offered", *sorted(f"appointment.{kind.lower()}" for kind in CHANGES)]
# A message whose batch failed comes back after this time, and goes to the dead-letter queue after so many times.
_VISIBILITY_SECONDS = 10
_MAX_RECEIVES = 5


def create(
    account: Aws, *, visibility_seconds: int = _VISIBILITY_SECONDS, max_receives: int = _MAX_RECEIVES
) -> dict[str, str]:
    """Returns the environment of the programs that use it."""
    queue = _create_queue(account.session.client("sqs", endpoint_url=account.url), visibility_seconds, max_receives)
    events = account.session.client("events", endpoint_url=account.url)
    events.create_event_bus(Name=_NAME)
    pattern = {"source": [SOURCE], "detail-type": _KINDS}
    events.put_rule(Name=FUNCTION, EventBusName=_NAME, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=FUNCTION, EventBusName=_NAME, Targets=[{"Id": "queue", "Arn": queue.arn}])
    mail = account.session.client("sesv2", endpoint_url=account.url)
    mail.create_configuration_set(ConfigurationSetName=_NAME)
    mail.create_email_identity(EmailIdentity=_SENDER, ConfigurationSetName=_NAME)
    return {
        "EVENT_BUS_NAME": _NAME,
        "NOTIFICATIONS_FUNCTION": FUNCTION,
        "MAIL_SENDER": _SENDER,
        "MAIL_CONFIGURATION_SET": _NAME,
        "LOCAL_QUEUE_URL": queue.url,
    }


class _Queue(NamedTuple):
    url: str
    arn: str


def _create_queue(queues: "SQSClient", visibility_seconds: int, max_receives: int) -> _Queue:
    dead = _named(queues, f"{FUNCTION}-dead", {})
    redrive = {"deadLetterTargetArn": dead.arn, "maxReceiveCount": max_receives}
    return _named(
        queues, FUNCTION, {"VisibilityTimeout": str(visibility_seconds), "RedrivePolicy": json.dumps(redrive)}
    )


def _named(queues: "SQSClient", name: str, attributes: "Mapping[QueueAttributeNameType, str]") -> _Queue:
    url = queues.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return _Queue(url, arn)
