"""SQS: moving messages back from a dead-letter queue, which MiniStack does not know."""

import json
import time
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import sqs


def mend() -> None:
    sqs._HANDLERS["StartMessageMoveTask"] = _move


def _move(given: dict[str, Any], _: str) -> dict[str, str]:
    """Moves everything at once, to the queue whose dead letters these are. Each message begins anew."""
    dead = sqs._queue_by_arn(given["SourceArn"])
    if dead is None:
        raise sqs._Err("ResourceNotFoundException", "There is no such queue.")
    for queue in sqs._queues.values():
        redrive = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
        if redrive.get("deadLetterTargetArn") == given["SourceArn"]:
            for message in dead["messages"]:
                message.update(receive_count=0, receipt_handle=None, visible_at=time.time(), first_receive_at=None)
            queue["messages"] += dead["messages"]
            dead["messages"].clear()
    return {"TaskHandle": new_uuid()}
