"""Writes down what became of the messages that the messenger has claimed."""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from lambda_function.db.repositories import notifications
from lambda_function.db.repositories.notifications import SendingMessage
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.message_rules import MAX_ATTEMPTS, pause_after
from lambda_function.domain.notifications import NotificationStatus, Reason
from lambda_function.observability import count
from lambda_function.services.notifications.messages import Outcome, OutcomeStatus

# The system's generator: see db/unit_of_work.py.
_RANDOM = secrets.SystemRandom()
# As many characters as the columns have. What one outcome says must not keep others from being written.
_LONGEST_ID = 128
_LONGEST_REASON = 64
_COUNTED = {NotificationStatus.SENT: "MessagesSent", NotificationStatus.FAILED: "MessagesFailed"}


def settle(database: Database, outcomes: Sequence[Outcome]) -> int:
    """Settles the messages that are still leased with the lease of their outcome, and returns how many. Whoever has
    lost a lease changes nothing.
    """
    by_id = {outcome.notification_id: outcome for outcome in outcomes}
    changes = database.transact(partial(_settle, outcomes=by_id))
    counted = Counter(_COUNTED.get(change["status"]) for change in changes.values())
    counted["MessageOutcomeUnknown"] = sum(by_id[number].status is OutcomeStatus.UNKNOWN for number in changes)
    for name, number in counted.items():
        if name is not None and number:
            count(name, number)
    return len(changes)


def _settle(work: UnitOfWork, outcomes: Mapping[int, Outcome]) -> dict[int, dict[str, Any]]:
    changes = {}
    for message in notifications.lock_sending(work.session, outcomes.keys()):
        outcome = outcomes[message.notification_id]
        if message.lease is not None and message.lease == outcome.lease:
            changes[message.notification_id] = {"lease": None, **_changes(message, outcome, work.now)}
    notifications.change_all(work.session, changes)
    return changes


def _changes(message: SendingMessage, outcome: Outcome, now: datetime) -> dict[str, Any]:
    match outcome.status:
        case OutcomeStatus.SENT:
            # Nothing more is written about somebody who was erased meanwhile.
            provider_id = (outcome.provider_id or "")[:_LONGEST_ID] or None if message.erased_at is None else None
            return {"status": NotificationStatus.SENT, "sent_at": now, "provider_id": provider_id, "next_at": None}
        case OutcomeStatus.REFUSED:
            return _failed((outcome.reason or Reason.REFUSED)[:_LONGEST_REASON])
        case OutcomeStatus.UNSENT:
            return {"status": NotificationStatus.PENDING, "next_at": now, "attempts": message.attempts - 1}
        case OutcomeStatus.RETRY | OutcomeStatus.UNKNOWN:
            if message.attempts >= MAX_ATTEMPTS:
                return _failed(Reason.GAVE_UP)
            pause = pause_after(message.attempts, _RANDOM.uniform)
            return {"status": NotificationStatus.PENDING, "next_at": now + pause}


def _failed(reason: str) -> dict[str, Any]:
    return {"status": NotificationStatus.FAILED, "reason": reason, "next_at": None}
