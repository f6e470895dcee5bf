"""Opens a link: finds what it leads to, and acts as the person to whom the message went."""

from dataclasses import dataclass, replace

from lambda_function.db.repositories import appointments, links, message_facts, tokens
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.repositories.links import FoundLink
from lambda_function.db.repositories.message_facts import ClinicFacts, Contact, OfferFacts
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import Via
from lambda_function.domain.errors import NotFoundError
from lambda_function.domain.message_rules import why_not_of_offer
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Language
from lambda_function.services.links.tokens import hash_of

_NOTHING = "This link leads nowhere."


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedLink:
    """What a link leads to: a visit that has not begun, or an offer that stands. `person` is the one to whom the
    message went: the patient or a guardian.
    """

    token_hash: str
    kind: NotificationKind
    person: Contact
    clinic: ClinicFacts
    visit: AppointmentView | None
    offer: OfferFacts | None

    @property
    def language(self) -> Language:
        return self.person.language or self.clinic.language

    @property
    def patient_id(self) -> int:
        matter = self.visit or self.offer
        if matter is None:
            raise AssertionError("unreachable: a link leads to a visit or to an offer")
        return matter.patient_id


class LinkEndedError(NotFoundError):
    """The link was right, and what it led to is over. The person still learns whom to call."""

    def __init__(self, language: Language, clinic: ClinicFacts, *, of_offer: bool) -> None:
        super().__init__("This link has ended.")
        self.of_offer = of_offer
        self.language = language
        self.clinic = clinic


def open_link(work: UnitOfWork, token: str) -> OpenedLink:
    """Returns what the link leads to. From here on the unit of work acts as the person to whom the message went, for
    the patient of this visit or offer and for nobody else, and the history says that it was by a link.

    Raises NotFoundError for a token that is wrong, and for a person who may no longer act for the patient, and
    LinkEndedError once the visit has begun or the offer is over.
    """
    token_hash = hash_of(token)
    found = links.find(work.session, token_hash)
    person = None if found is None else message_facts.contacts(work.session, {found.user_id}).get(found.user_id)
    if found is None or person is None or not person.active:
        raise NotFoundError(_NOTHING)
    actor = tokens.find_patient(work.session, person.user_id, work.today)
    if actor is None:
        raise NotFoundError(_NOTHING)
    work.act_as(actor, Via.LINK)
    visit = _visit(work, found)
    offer = None if visit is not None else _offer(work, found)
    clinic_id = found.clinic_id if visit is None else visit.clinic_id
    clinic = message_facts.clinics(work.session, {clinic_id}).get(clinic_id)
    if clinic is None or not clinic.active:
        raise NotFoundError(_NOTHING)
    opened = OpenedLink(token_hash=token_hash, kind=found.kind, person=person, clinic=clinic, visit=visit, offer=offer)
    if opened.patient_id not in actor.patient_ids:
        raise NotFoundError(_NOTHING)
    _check_not_over(work, found, opened)
    dependant_ids = tuple(number for number in actor.dependant_ids if number == opened.patient_id)
    work.act_as(replace(actor, dependant_ids=dependant_ids), Via.LINK)
    return opened


def _visit(work: UnitOfWork, found: FoundLink) -> AppointmentView | None:
    """Returns the visit of the message, or the one that was booked by a link in place of it or of the offer."""
    first = found.appointment_id or links.booked(work.session, found.subject)
    if first is None:
        return None
    visit = appointments.find(work.session, links.last_booked(work.session, first))
    if visit is None:
        raise NotFoundError(_NOTHING)
    return visit


def _offer(work: UnitOfWork, found: FoundLink) -> OfferFacts:
    waitlist_id = found.waitlist_id or 0
    offer = message_facts.offers(work.session, {waitlist_id}).get(waitlist_id)
    if offer is None:
        raise NotFoundError(_NOTHING)
    return offer


def _check_not_over(work: UnitOfWork, found: FoundLink, opened: OpenedLink) -> None:
    visit, offer = opened.visit, opened.offer
    begun = visit is not None and visit.starts_at <= work.now
    lapsed = offer is not None and why_not_of_offer(found.basis_at, offer, work.now) is not None
    if begun or lapsed:
        raise LinkEndedError(opened.language, opened.clinic, of_offer=lapsed)
