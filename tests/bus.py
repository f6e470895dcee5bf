"""An EventBridge bus whose events arrive in a queue. moto emulates both in this process: use it within mock_aws."""

import json
from typing import TYPE_CHECKING, Any

import boto3

from lambda_function.aws.events import SOURCE, EventBridge

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient

BUS = "appointments"
_RULE = "everything"


class Delivery:
    """The way from the bus to the queue, and the events that have arrived there."""

    def __init__(self) -> None:
        self.events: EventBridgeClient = boto3.client("events", region_name="us-east-1")
        self.bus = EventBridge(self.events, BUS)
        self._queues: SQSClient = boto3.client("sqs", region_name="us-east-1")
        self._url = self._queues.create_queue(QueueName="consumer")["QueueUrl"]
        self.events.create_event_bus(Name=BUS)
        self.events.put_rule(Name=_RULE, EventBusName=BUS, EventPattern=json.dumps({"source": [SOURCE]}))
        attributes = self._queues.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]
        self.events.put_targets(Rule=_RULE, EventBusName=BUS, Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])

    def close_bus(self) -> None:
        self.events.remove_targets(Rule=_RULE, EventBusName=BUS, Ids=["queue"])
        self.events.delete_rule(Name=_RULE, EventBusName=BUS)
        self.events.delete_event_bus(Name=BUS)

    def received(self) -> list[Any]:
        """Returns the events that have arrived since the last call, in order."""
        found = []
        while batch := self._queues.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", []):
            for message in batch:
                found.append(json.loads(message["Body"]))
                self._queues.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def ids(self) -> list[int]:
        return [event["detail"]["message_id"] for event in self.received()]
