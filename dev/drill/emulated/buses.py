"""EventBridge: policies are asked about each event, and know its source and its kind, which MiniStack leaves out."""

import json
from typing import Any

from ministack.core import iam_actions, iam_evaluator

_ACTION = "events:PutEvents"
_EVENTS = "drill:events"


def mend() -> None:
    context, enforce = iam_actions.request_tag_context, iam_evaluator.enforce

    def context_of(service: str, action: str, body: bytes, parameters: Any) -> dict[str, Any]:
        events = {_EVENTS: json.loads(body)["Entries"]} if action == _ACTION else {}
        return {**context(service, action, body, parameters), **events}

    def enforcing(*request: Any, service_context: Any = None, **details: Any) -> Any:
        events = (service_context or {}).pop(_EVENTS, [])
        for event in events:
            keys = {"events:source": [event["Source"]], "events:detail-type": event["DetailType"]}
            if denied := enforce(*request, service_context=keys, **details):
                return denied
        return None if events else enforce(*request, service_context=service_context, **details)

    iam_actions.request_tag_context, iam_evaluator.enforce = context_of, enforcing
