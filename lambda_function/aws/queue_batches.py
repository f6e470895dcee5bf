"""Batches of SQS, as Lambda hands them over and wants them answered."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lambda_function.services.queue import Record


def read_records(records: Iterable[Mapping[str, Any]]) -> list[Record]:
    return [Record(each["messageId"], each["body"], _receives(each)) for each in records]


def _receives(record: Mapping[str, Any]) -> int:
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))


def to_come_again(record_ids: Sequence[str]) -> dict[str, Any]:
    """Returns the answer after which SQS deletes all other records."""
    return {"batchItemFailures": [{"itemIdentifier": record_id} for record_id in record_ids]}
