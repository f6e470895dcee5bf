"""SQS: moving messages back from a dead-letter queue, which MiniStack does not know; and the next try of a message that
a function has not done comes at once, since a drill does not wait minutes for it.
"""

import json
import time
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import lambda_svc, sqs

_SECONDS_UNTIL_TRIED_AGAIN = 1


def mend() -> None:
    sqs._HANDLERS["StartMessageMoveTask"] = _move
    run_batch = lambda_svc._run_sqs_batch

    def running(mapping: Any, function: Any, event: Any, batch: list[dict[str, Any]], *queue: str) -> None:
        run_batch(mapping, function, event, batch, *queue)
        for message in batch:  # those that the function has done are in the queue no more
            message["visible_at"] = time.time() + _SECONDS_UNTIL_TRIED_AGAIN

    lambda_svc._run_sqs_batch = running


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
