"""Gives the messages that are due to the messenger, with words that are written from what is true now.

A message that no longer holds is SUPPRESSED, and one that cannot be sent to this person is FAILED, each with the
reason. The rest is SENDING and leased: if no outcome is reported in time, the message is claimed again.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from lambda_function.db.repositories import links, notifications
from lambda_function.db.repositories.message_facts import Contact
from lambda_function.db.repositories.notifications import DueMessage
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.addresses import address_hash, international
from lambda_function.domain.message_rules import (
    LEASE,
    MAX_ATTEMPTS,
    why_not_of_offer,
    why_not_of_recall,
    why_not_of_visit,
)
from lambda_function.domain.notification_times import send_time
from lambda_function.domain.notifications import NotificationKind, NotificationStatus, Reason
from lambda_function.domain.people import Channel
from lambda_function.domain.secret_tokens import hash_of, new_token
from lambda_function.domain.time_zones import time_zone
from lambda_function.observability import count, gauge_seconds
from lambda_function.services.links.addresses import address_of
from lambda_function.services.notifications.addressees import addressee
from lambda_function.services.notifications.claim_facts import ClaimFacts, Matter, read_facts
from lambda_function.services.notifications.composing import composed
from lambda_function.services.notifications.messages import ComposedMessage
from lambda_function.services.notifications.planning import Plan, plan_messages

_LEASE_BYTES = 16
# A call reads at most this many batches from which nothing can be sent.
_ROUNDS = 20
# The person cannot be told, but what the message says still holds.
_SOMEBODY_ELSE = frozenset(
    {
        Reason.ADDRESSEE_INACTIVE,
        Reason.NOT_ADDRESSEE,
        Reason.NO_ADDRESS,
        Reason.NOT_WANTED,
        Reason.ADDRESS_BOUNCED,
        Reason.PHONE_WITHOUT_COUNTRY_CODE,
    }
)


class _Ready(NamedTuple):
    """A message as it is sent, the token of the link in it, and what is written about it."""

    message: ComposedMessage
    token: str
    changed: dict[str, Any]


class _Claim(NamedTuple):
    """How many messages were due, what becomes of them, and those that are to be sent."""

    due: int
    changes: Mapping[int, Mapping[str, Any]]
    messages: list[ComposedMessage]
    expired: int


class _StoppedError(Exception):
    """The message is not sent now."""

    def __init__(
        self, status: NotificationStatus, reason: Reason | None = None, *, until: datetime | None = None
    ) -> None:
        super().__init__(status)
        self.changes = {"status": status, "reason": reason, "next_at": until, "lease": None}


def claim(database: Database, limit: int, public_url: str) -> list[ComposedMessage]:
    """Leases at most `limit` messages that are due, the longest due first, and returns those that are to be sent, each
    with a link of its own to its page at the address that people see. It may return fewer although more are due, but it
    returns none only if nothing that can be sent is due: if much is suppressed, such as the reminders of a clinic that
    closes, it looks further, up to a limit.
    """
    for _ in range(_ROUNDS):
        claimed = database.transact(partial(_claim, limit=limit, public_url=public_url))
        _count(claimed)
        if claimed.messages or not claimed.due:
            return claimed.messages
    return []


def _count(claimed: _Claim) -> None:
    statuses = [change["status"] for change in claimed.changes.values()]
    for metric, number in (
        ("MessagesSuppressed", statuses.count(NotificationStatus.SUPPRESSED)),
        ("MessagesFailed", statuses.count(NotificationStatus.FAILED)),
        ("MessageLeaseExpired", claimed.expired),
    ):
        if number:
            count(metric, number)


def report_oldest_due(database: Database) -> None:
    """Reports how long the oldest message that is due has waited, or 0 if none is due."""
    gauge_seconds("OldestDueMessageSeconds", database.transact(_seconds_behind, commit=False))


def _seconds_behind(work: UnitOfWork) -> float:
    oldest = notifications.oldest_due(work.session, work.now)
    return 0.0 if oldest is None else (work.now - oldest).total_seconds()


def _claim(work: UnitOfWork, limit: int, public_url: str) -> _Claim:
    due = notifications.claim_due(work.session, work.now, limit)
    if not due:
        return _Claim(0, {}, [], 0)
    facts = read_facts(work, due)
    moved = _follow_merges(work, due, facts.people)
    lease = secrets.token_hex(_LEASE_BYTES)
    changes: dict[int, dict[str, Any]] = {}
    prepared: list[_Ready] = []
    for message in (each for each in due if each.notification_id in moved):
        try:
            prepared.append(_ready(message, facts, lease, public_url, work.now))
            changed = prepared[-1].changed
        except _StoppedError as stopped:
            changed = stopped.changes
        changes[message.notification_id] = {**changed, "user_id": moved[message.notification_id]}
    notifications.change_all(work.session, changes)
    tokens = {hash_of(ready.token): ready.message.notification_id for ready in prepared}
    links.add(work.session, tokens, work.now)
    plan_messages(work, _for_others(due, changes, facts, work.now))
    expired = sum(each.status is NotificationStatus.SENDING for each in due)
    return _Claim(len(due), changes, [ready.message for ready in prepared], expired)


def _for_others(
    due: Iterable[DueMessage], changes: Mapping[int, Mapping[str, Any]], facts: ClaimFacts, now: datetime
) -> list[Plan]:
    """Plans once more what still holds but did not reach a person, for whoever is an addressee now and has not been
    told. Each person is told of a subject only once, so this comes to an end.
    """
    plans = {}
    for message in due:
        matter = facts.matter(message)
        if matter is not None and changes.get(message.notification_id, {}).get("reason") in _SOMEBODY_ELSE:
            plans[message.subject] = Plan(
                kind=message.kind,
                subject=message.subject,
                patient_id=matter.patient_id,
                clinic=matter.clinic,
                basis_at=message.basis_at,
                wanted=now,
                starts_at=matter.starts_at,
                appointment_id=message.appointment_id,
                waitlist_id=message.waitlist_id,
                recall_id=message.recall_id,
            )
    return list(plans.values())


def _follow_merges(work: UnitOfWork, due: list[DueMessage], people: Mapping[int, Contact]) -> dict[int, int]:
    """Returns the messages by id, each with the person it goes to. One whose addressee was merged into another goes to
    the person who remains, and is removed if that person is told the same anyway.
    """
    moved: dict[tuple[str, int], int] = {}
    twice: set[int] = set()
    for each in due:
        person = people.get(each.user_id)
        if person is not None and person.user_id != each.user_id:
            first = moved.setdefault((each.subject, person.user_id), each.notification_id)
            if first != each.notification_id:
                twice.add(each.notification_id)
    to = {number: user_id for (_, user_id), number in moved.items()}
    twice |= notifications.told_already(work.session, to)
    notifications.remove(work.session, twice)
    stay = (each for each in due if each.notification_id not in twice)
    return {each.notification_id: to.get(each.notification_id, each.user_id) for each in stay}


def _ready(message: DueMessage, facts: ClaimFacts, lease: str, public_url: str, now: datetime) -> _Ready:
    """Raises _StoppedError."""
    matter, patient = _still_holds(message, facts, now)
    person, channel = _to_whom(message, patient, facts)
    if message.status is NotificationStatus.SENDING and message.attempts >= MAX_ATTEMPTS:
        raise _StoppedError(NotificationStatus.FAILED, Reason.GAVE_UP)
    _check_quiet_hours(message, matter, channel, now)
    # The channel is one for which there is an address.
    address = str(person.email if channel is Channel.EMAIL else international(str(person.phone)))
    token = new_token()
    link = address_of(public_url, token)
    ready = composed(message, matter, facts, person, channel, to=address, lease=lease, link=link, now=now)
    if ready is None:
        raise _StoppedError(NotificationStatus.FAILED, Reason.BROKEN_WORDS)
    changed = {
        "status": NotificationStatus.SENDING,
        "channel": channel,
        "lease": lease,
        "attempts": message.attempts + 1,
        "next_at": now + LEASE,
        "address_hash": address_hash(address),
    }
    return _Ready(ready, token, changed)


def _still_holds(message: DueMessage, facts: ClaimFacts, now: datetime) -> tuple[Matter, Contact]:
    """Returns what the message is about, and the patient. Raises _StoppedError if nobody may be told any more."""
    matter = facts.matter(message)
    if matter is None:
        raise _StoppedError(NotificationStatus.SUPPRESSED, Reason.GONE)
    patient = facts.people.get(matter.patient_id)
    reason: Reason | None = None
    if patient is None or not patient.active:
        reason = Reason.PATIENT_INACTIVE
    elif not matter.clinic.active:
        reason = Reason.CLINIC_INACTIVE
    elif matter.visit is not None:
        reason = why_not_of_visit(message.kind, message.basis_at, matter.visit, now)
    elif matter.offer is not None:
        reason = why_not_of_offer(message.subject, matter.offer, now)
    elif matter.recall is not None:
        # Guardians are not told either, if it is the patient who is not to be.
        unwanted = patient.recalls is False
        reason = Reason.NOT_WANTED if unwanted else why_not_of_recall(message.subject, matter.recall)
    if reason is None and facts.has_better_reminder(message):
        reason = Reason.SUPERSEDED
    if reason is not None or patient is None:
        raise _StoppedError(NotificationStatus.SUPPRESSED, reason)
    return matter, patient


def _to_whom(message: DueMessage, patient: Contact, facts: ClaimFacts) -> tuple[Contact, Channel]:
    """Returns the person to whom the message goes, and how. Raises _StoppedError if this person is not told, for one of
    the reasons _SOMEBODY_ELSE.
    """
    person = facts.people.get(message.user_id)
    if person is None or not person.active:
        raise _StoppedError(NotificationStatus.SUPPRESSED, Reason.ADDRESSEE_INACTIVE)
    if person.user_id != patient.user_id and (person.user_id, patient.user_id) not in facts.acting:
        raise _StoppedError(NotificationStatus.SUPPRESSED, Reason.NOT_ADDRESSEE)
    told = addressee(person)
    reason = told.reason
    if reason is None and message.kind is NotificationKind.RECALL and person.recalls is False:
        reason = Reason.NOT_WANTED
    if reason is not None:
        raise _StoppedError(NotificationStatus.SUPPRESSED, reason)
    return person, told.channel


def _check_quiet_hours(message: DueMessage, matter: Matter, channel: Channel, now: datetime) -> None:
    """Raises _StoppedError if it is quiet and the message has to wait until it is not."""
    at = send_time(
        now,
        kind=message.kind,
        channel=channel,
        starts_at=matter.starts_at,
        quiet=matter.clinic.quiet,
        zone=time_zone(matter.clinic.time_zone),
        now=now,
    )
    if at is None:
        raise _StoppedError(NotificationStatus.SUPPRESSED, Reason.QUIET_HOURS)
    if at > now:
        raise _StoppedError(NotificationStatus.PENDING, until=at)
