"""Writes down what roles ask of AWS, how it was decided, and what their policies say; see dev/drill/rights.py.

Whatever the drill itself does as the account's root is decided without policies, and is not written down.
"""

import json
import os
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam

_FILE = Path(os.environ["DRILL_STATE"]) / "rights.jsonl"
# What one decision has evaluated. The first is the role's own policies; a queue's or a secret's own may follow.
_evaluated: ContextVar[list[tuple[Any, Any]]] = ContextVar("evaluated")


def mend() -> None:
    enforce, evaluate = iam_evaluator.enforce, iam_evaluator.evaluate
    put_policy = iam._IAM_HANDLERS["PutRolePolicy"]

    def evaluating(context: Any, policies: Any, *limits: Any) -> Any:
        result = evaluate(context, policies, *limits)
        _evaluated.get([]).append((context, result))
        return result

    def enforcing(*request: Any, **details: Any) -> Any:
        before = _evaluated.set([])
        answer = enforce(*request, **details)
        for context, by_role in _evaluated.get()[:1]:
            decision = "Allow" if answer is None else answer.decision
            _write(
                role=context.principal_arn.split("/")[1],
                action=context.action,
                resource=context.resource_arn,
                decision=decision,
                sid=by_role.matched_sid,
            )
        _evaluated.reset(before)
        return answer

    def putting_policy(given: Any) -> Any:
        answer = put_policy(given)
        if answer[0] == 200:
            _write(role=iam._p(given, "RoleName"), policy=json.loads(iam._p(given, "PolicyDocument")))
        return answer

    iam_evaluator.evaluate, iam_evaluator.enforce = evaluating, enforcing
    iam._IAM_HANDLERS["PutRolePolicy"] = putting_policy


def _write(**line: Any) -> None:
    with _FILE.open("a") as file:
        file.write(json.dumps(line) + "\n")
