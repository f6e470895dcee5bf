"""Everything that a batch of messages is about, read after their rows are locked, in a fixed number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from lambda_function.db.repositories import message_facts, notifications
from lambda_function.db.repositories.clinic_messages import OwnWordsRow, WordsKey, own_words
from lambda_function.db.repositories.message_facts import ClinicFacts, Contact, OfferFacts, RecallFacts, VisitFacts
from lambda_function.db.repositories.notifications import DueMessage, PlannedReminder
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.message_rules import REMINDER_PAUSE, reminder_hours
from lambda_function.domain.notifications import NotificationKind


class Matter(NamedTuple):
    """What a message is about: a visit, the time that is offered to an entry of the waitlist, or a recall, which has
    neither doctor nor time.
    """

    patient_id: int
    clinic: ClinicFacts
    doctor_name: str
    treatment_name: str
    starts_at: datetime | None
    ends_at: datetime | None
    visit: VisitFacts | None = None
    offer: OfferFacts | None = None
    recall: RecallFacts | None = None


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """`people` are by the ids that messages and visits name, each the person who remains after all merges. `acting` has
    those who act for a patient now, each with the patient. `reminders` are those that are due, sent or not: see
    due_reminders.
    """

    visits: Mapping[int, VisitFacts]
    offers: Mapping[int, OfferFacts]
    recalls: Mapping[int, RecallFacts]
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
        told_by = self.clinics.get(message.clinic_id)
        if told_by is None:
            return None
        recall = self.recalls.get(message.recall_id or 0)
        if recall is not None:
            return Matter(recall.patient_id, told_by, "", recall.treatment_name, None, None, recall=recall)
        offer = self.offers.get(message.waitlist_id or 0)
        if offer is None:
            return None
        starts_at = offer.offer_starts_at or message.basis_at
        names = (offer.doctor_name or "", offer.treatment_name)
        return Matter(offer.patient_id, told_by, *names, starts_at, offer.offer_ends_at or starts_at, offer=offer)

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
    recalls = message_facts.recalls(session, {each.recall_id for each in messages if each.recall_id}, work.now)
    clinic_ids = {each.clinic_id for each in messages} | {visit.clinic_id for visit in visits.values()}
    named = {visit.patient_id for visit in visits.values()} | {offer.patient_id for offer in offers.values()}
    named |= {recall.patient_id for recall in recalls.values()}
    people = message_facts.contacts(session, named | {each.user_id for each in messages})
    patients = {people[user_id].user_id for user_id in named if user_id in people}
    reminded = {each.appointment_id or 0 for each in messages if each.kind is NotificationKind.REMINDER}
    return ClaimFacts(
        visits=visits,
        offers=offers,
        recalls=recalls,
        clinics=message_facts.clinics(session, clinic_ids),
        people=people,
        acting=frozenset(
            (row.user_id, row.patient_id) for row in message_facts.guardians(session, patients, work.today)
        ),
        reminders=notifications.due_reminders(session, reminded, work.now, by_hand_since=work.now - REMINDER_PAUSE),
        own_words=own_words(session, clinic_ids),
    )
