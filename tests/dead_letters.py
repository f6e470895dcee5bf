"""A country's queue with its dead-letter queue, in the AWS that moto emulates in this process."""

from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

PREFIX = "dentist-test-country-"


class Letters:
    """The queues of PE."""

    queue = f"{PREFIX}pe"
    dead = f"{PREFIX}pe-dead"

    def __init__(self) -> None:
        self.client: SQSClient = boto3.client("sqs")
        self._urls = {name: self.client.create_queue(QueueName=name)["QueueUrl"] for name in (self.queue, self.dead)}

    def die(self, *bodies: str) -> None:
        for body in bodies:
            self.client.send_message(QueueUrl=self._urls[self.dead], MessageBody=body)

    def bodies(self, name: str) -> list[str]:
        """Returns what is in the queue, and hides it for a while."""
        found: list[str] = []
        while messages := self.client.receive_message(QueueUrl=self._urls[name], MaxNumberOfMessages=10).get(
            "Messages"
        ):
            found += [message["Body"] for message in messages]
        return sorted(found)

    def number(self, name: str) -> int:
        """Returns how many messages there are, those that somebody has received included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.client.get_queue_attributes(QueueUrl=self._urls[name], AttributeNames=["All"])["Attributes"]
        return sum(int(attributes[each]) for each in attributes if each in names)
