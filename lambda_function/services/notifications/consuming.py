"""Handles a batch of events from the queue, each in a transaction of its own, so that one that fails does not stop the
others. It comes again, and ends in the dead-letter queue.
"""

from collections.abc import Sequence
from functools import partial

from lambda_function.db.repositories import message_facts
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.errors import UnavailableError
from lambda_function.domain.message_rules import offer_subject
from lambda_function.domain.notifications import NotificationKind
from lambda_function.observability import logger
from lambda_function.services.notifications.bounces import take_back
from lambda_function.services.notifications.bus_events import Bounce, Change, Offer, Told, read_event
from lambda_function.services.notifications.planning import Plan, plan_messages
from lambda_function.services.queue import RESERVE, Record, SecondsLeft, note_failure


def consume(database: Database, records: Sequence[Record], seconds_left: SecondsLeft) -> list[str]:
    """Handles the records, and returns the ids of those that have to come again."""
    failed: list[str] = []
    for number, record in enumerate(records):
        if seconds_left() <= RESERVE:
            return failed + [each.record_id for each in records[number:]]
        try:
            told = read_event(record.body)
            if told is not None:
                database.transact(partial(_handle, told=told))
        except UnavailableError:
            # Each of the others would wait just as long for the database.
            logger.error("events not handled", reason="the database is away", records=len(records) - number)
            return failed + [each.record_id for each in records[number:]]
        except Exception as error:  # noqa: BLE001 - as the docstring says; it is logged, and the queue keeps it
            note_failure(record, error, "NotificationEventsFailed")
            failed.append(record.record_id)
    return failed


def _handle(work: UnitOfWork, told: Told) -> None:
    match told:
        case Change():
            _tell_of_change(work, told)
        case Offer():
            _tell_of_offer(work, told)
        case Bounce():
            take_back(work, told)


def _tell_of_change(work: UnitOfWork, change: Change) -> None:
    """Plans what is said about a change, whatever has happened to the visit since: the claim finds that out."""
    visit = message_facts.visits(work.session, [change.appointment_id]).get(change.appointment_id)
    if visit is None:
        return
    plan = Plan(
        kind=change.kind,
        subject=f"change:{change.message_id}:{change.kind}",
        patient_id=visit.patient_id,
        clinic=message_facts.clinics(work.session, [visit.clinic_id])[visit.clinic_id],
        basis_at=change.at,
        wanted=work.now,
        starts_at=visit.starts_at,
        appointment_id=visit.appointment_id,
    )
    plan_messages(work, [plan])


def _tell_of_offer(work: UnitOfWork, offer: Offer) -> None:
    entry = message_facts.offers(work.session, [offer.waitlist_id]).get(offer.waitlist_id)
    clinic = message_facts.clinics(work.session, [offer.clinic_id]).get(offer.clinic_id)
    if entry is None or clinic is None:
        return
    plan = Plan(
        kind=NotificationKind.OFFER,
        subject=offer_subject(offer.waitlist_id, offer.starts_at, offer.doctor_id),
        patient_id=entry.patient_id,
        clinic=clinic,
        basis_at=offer.starts_at,
        wanted=work.now,
        starts_at=offer.starts_at,
        waitlist_id=offer.waitlist_id,
    )
    plan_messages(work, [plan])
