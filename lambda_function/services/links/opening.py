"""Opens a link: finds what it leads to, and acts as the person to whom the message went."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from lambda_function.db.repositories import appointments, links, message_facts, tokens
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.repositories.links import FoundLink
from lambda_function.db.repositories.message_facts import ClinicFacts, Contact, OfferFacts, RecallFacts
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor
from lambda_function.domain.addresses import address_hash, international
from lambda_function.domain.appointment import Via
from lambda_function.domain.errors import NotFoundError
from lambda_function.domain.message_rules import is_about, why_not_of_offer
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Language
from lambda_function.domain.recalls import RecallStatus
from lambda_function.domain.secret_tokens import hash_of

_NOTHING = "This link leads nowhere."


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedLink:
    """What a link leads to: a visit that has not begun, an offer that stands, or an open recall. While a visit of its
    treatment is ahead, a recall's link leads to that; `cancelled_id` is the last one that was cancelled and would be
    ahead, if none is. `person` is the one to whom the message went: the patient or a guardian.
    """

    kind: NotificationKind
    person: Contact
    clinic: ClinicFacts
    visit: AppointmentView | None
    offer: OfferFacts | None
    recall: RecallFacts | None = None
    cancelled_id: int | None = None

    @property
    def language(self) -> Language:
        return self.person.language or self.clinic.language

    @property
    def patient_id(self) -> int:
        matter = self.visit or self.offer or self.recall
        if matter is None:
            raise AssertionError("unreachable: a link leads to a visit, an offer or a recall")
        return matter.patient_id


class Ended(StrEnum):
    """What a link led to that is over."""

    VISIT = "visit"
    OFFER = "offer"
    RECALL = "recall"


class LinkEndedError(NotFoundError):
    """The link was right, and what it led to is over. The person still learns whom to call."""

    def __init__(self, language: Language, clinic: ClinicFacts, ended: Ended, *, recalls_stopped: bool) -> None:
        super().__init__("This link has ended.")
        self.ended = ended
        self.recalls_stopped = recalls_stopped
        self.language = language
        self.clinic = clinic


def open_link(work: UnitOfWork, token: str) -> OpenedLink:
    """Returns what the link leads to. From here on the unit of work acts as the person to whom the message went, for
    the patient of this visit, offer or recall and for nobody else, and the history says that it was by a link.

    Raises NotFoundError for a token that is wrong, and for a person who may no longer act for the patient, and
    LinkEndedError once the visit has begun, or the offer or the recall is over.
    """
    found, person, actor = _opened_as(work, token)
    offer, recall = _offer(work, found), _recall(work, found)
    booked = _booked(work, found, offer, recall)
    visit = appointments.find(work.session, booked[-1]) if booked else None
    if visit is None and (booked or (offer or recall) is None):
        raise NotFoundError(_NOTHING)
    clinic_id = found.clinic_id if visit is None else visit.clinic_id
    clinic = message_facts.clinics(work.session, {clinic_id}).get(clinic_id)
    if clinic is None or not clinic.active:
        raise NotFoundError(_NOTHING)
    opened = OpenedLink(
        kind=found.kind,
        person=person,
        clinic=clinic,
        visit=visit,
        offer=offer if visit is None else None,
        recall=recall,
        cancelled_id=_cancelled(work, recall) if visit is None else None,
    )
    if opened.patient_id not in actor.patient_ids:
        raise NotFoundError(_NOTHING)
    _check_not_over(work, found, opened)
    dependant_ids = tuple(number for number in actor.dependant_ids if number == opened.patient_id)
    work.act_as(replace(actor, dependant_ids=dependant_ids), Via.LINK)
    return opened


def open_person(work: UnitOfWork, token: str) -> None:
    """Acts from here on as the person to whom the message went, for nobody else, even if the link has ended. Raises
    NotFoundError for a token that is wrong.
    """
    _, _, actor = _opened_as(work, token)
    work.act_as(replace(actor, dependant_ids=()), Via.LINK)


def _opened_as(work: UnitOfWork, token: str) -> tuple[FoundLink, Contact, Actor]:
    """Acts as the person to whom the message went, with all rights of that person. Raises NotFoundError."""
    found = links.find(work.session, hash_of(token))
    person = None if found is None else message_facts.contacts(work.session, {found.user_id}).get(found.user_id)
    if found is None or person is None or not person.active or not _went_to(found, person):
        raise NotFoundError(_NOTHING)
    actor = tokens.find_patient(work.session, person.user_id, work.today)
    if actor is None:
        raise NotFoundError(_NOTHING)
    work.act_as(actor, Via.LINK)
    return found, person, actor


def _booked(work: UnitOfWork, found: FoundLink, offer: OfferFacts | None, recall: RecallFacts | None) -> Sequence[int]:
    """Returns the visit of the message or, once the offer was accepted, of the offer, with those that were booked by
    links in place of it. Nothing is booked yet where an offer still stands. Of an open recall it is the next visit,
    however that was booked.
    """
    if recall is not None:
        ahead = recall.appointment_id if recall.status is RecallStatus.OPEN else None
        return () if ahead is None else (ahead,)
    first = found.appointment_id
    if offer is not None and is_about(found.subject, offer):
        first = offer.appointment_id
    return () if first is None else links.booked_in_turn(work.session, first)


def _offer(work: UnitOfWork, found: FoundLink) -> OfferFacts | None:
    return message_facts.offers(work.session, {found.waitlist_id}).get(found.waitlist_id) if found.waitlist_id else None


def _recall(work: UnitOfWork, found: FoundLink) -> RecallFacts | None:
    if not found.recall_id:
        return None
    return message_facts.recalls(work.session, {found.recall_id}, work.now).get(found.recall_id)


def _cancelled(work: UnitOfWork, recall: RecallFacts | None) -> int | None:
    if recall is None:
        return None
    return links.cancelled_ahead(work.session, recall.patient_id, recall.treatment_id, work.now)


def _went_to(found: FoundLink, person: Contact) -> bool:
    """Returns whether the message went to an address that the person still has. Once a wrong one is corrected, whoever
    has that address can do nothing more.
    """
    addresses = (person.email, person.phone and international(person.phone))
    return found.address_hash in {address_hash(address) for address in addresses if address}


def _check_not_over(work: UnitOfWork, found: FoundLink, opened: OpenedLink) -> None:
    """Raises LinkEndedError."""
    visit, offer, recall = opened.visit, opened.offer, opened.recall
    ended: Ended | None = None
    if recall is not None:
        ended = None if recall.status is RecallStatus.OPEN else Ended.RECALL
    elif visit is not None:
        ended = Ended.VISIT if visit.starts_at <= work.now else None
    elif offer is not None and why_not_of_offer(found.subject, offer, work.now) is not None:
        ended = Ended.OFFER
    if ended is not None:
        raise LinkEndedError(opened.language, opened.clinic, ended, recalls_stopped=opened.person.recalls is False)
