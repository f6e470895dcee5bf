"""Everything that a batch of messages is about, read after their rows are locked, in a fixed number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from lambda_function.db.repositories import message_facts, notifications
from lambda_function.db.repositories.clinic_messages import OwnWordsRow, WordsKey, own_words
from lambda_function.db.repositories.message_facts import ClinicFacts, Contact, OfferFacts, VisitFacts
from lambda_function.db.repositories.notifications import DueMessage, PlannedReminder
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.message_rules import REMINDER_PAUSE, reminder_hours
from lambda_function.domain.notifications import NotificationKind


class Matter(NamedTuple):
    """What a message is about: a visit, or the time that is offered to an entry of the waitlist."""

    patient_id: int
    clinic: ClinicFacts
    doctor_name: str
    treatment_name: str
    starts_at: datetime
    ends_at: datetime
    visit: VisitFacts | None = None
    offer: OfferFacts | None = None


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """`people` are by the ids that messages and visits name, each the person who remains after all merges. `acting` has
    those who act for a patient now, each with the patient. `reminders` are those that are due, sent or not: see
    due_reminders.
    """

    visits: Mapping[int, VisitFacts]
    offers: Mapping[int, OfferFacts]
    clinics: Mapping[int, ClinicFacts]
    people: Mapping[int, Contact]
    acting: frozenset[tuple[int, int]]
    reminders: Sequence[PlannedReminder]
    own_words: Mapping[WordsKey, OwnWordsRow]

    def matter(self, message: DueMessage) -> Matter | None:
        """Returns what the message is about, or None if that is not there any more."""
        visit = self.visits.get(message.appointment_id or 0)
        if visit is not None:
            clinic = self.clinics[visit.clinic_id]
            names = (visit.doctor_name, visit.treatment_name)
            return Matter(visit.patient_id, clinic, *names, visit.starts_at, visit.ends_at, visit=visit)
        offer, offered_by = self.offers.get(message.waitlist_id or 0), self.clinics.get(message.clinic_id)
        if offer is None or offered_by is None:
            return None
        starts_at = offer.offer_starts_at or message.basis_at
        names = (offer.doctor_name or "", offer.treatment_name)
        return Matter(offer.patient_id, offered_by, *names, starts_at, offer.offer_ends_at or starts_at, offer=offer)

    def has_better_reminder(self, message: DueMessage) -> bool:
        """Whether this is the reminder of a schedule, and one that comes closer to the same visit, or one by hand, is
        due as well.
        """
        hours = reminder_hours(message.subject) if message.kind is NotificationKind.REMINDER else None
        return hours is not None and any(
            (other.appointment_id, other.user_id, other.basis_at)
            == (message.appointment_id, message.user_id, message.basis_at)
            # One by hand, which has no hours, comes before all others.
            and (reminder_hours(other.subject) or 0) < hours
            for other in self.reminders
        )


def read_facts(work: UnitOfWork, messages: Sequence[DueMessage]) -> ClaimFacts:
    """Reads what these messages, whose rows are locked, are about."""
    session = work.session
    visits = message_facts.visits(session, {each.appointment_id for each in messages if each.appointment_id})
    offers = message_facts.offers(session, {each.waitlist_id for each in messages if each.waitlist_id})
    clinic_ids = {each.clinic_id for each in messages} | {visit.clinic_id for visit in visits.values()}
    named = {visit.patient_id for visit in visits.values()} | {offer.patient_id for offer in offers.values()}
    people = message_facts.contacts(session, named | {each.user_id for each in messages})
    patients = {people[user_id].user_id for user_id in named if user_id in people}
    reminded = {each.appointment_id or 0 for each in messages if each.kind is NotificationKind.REMINDER}
    return ClaimFacts(
        visits=visits,
        offers=offers,
        clinics=message_facts.clinics(session, clinic_ids),
        people=people,
        acting=frozenset(
            (row.user_id, row.patient_id) for row in message_facts.guardians(session, patients, work.today)
        ),
        reminders=notifications.due_reminders(session, reminded, work.now, by_hand_since=work.now - REMINDER_PAUSE),
        own_words=own_words(session, clinic_ids),
    )
