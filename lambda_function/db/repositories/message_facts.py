"""What messages are made of: the visits, offers, recalls, clinics and people that they are about. Unscoped."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import BigInteger, BindParameter, bindparam, literal, select
from sqlalchemy.orm import Session, aliased

from lambda_function.db.base import AnySelect
from lambda_function.db.criteria import here
from lambda_function.db.models import (
    Appointment,
    Clinic,
    Guardian,
    Installation,
    PersonName,
    Recall,
    Treatment,
    User,
    WaitlistEntry,
)
from lambda_function.db.models.appointments import PLACED_AT
from lambda_function.db.repositories.guardians import acting
from lambda_function.db.repositories.recall_notices import unfinished_visit, visit_ahead
from lambda_function.db.rows import columns, fetch_all
from lambda_function.domain.appointment import Status
from lambda_function.domain.people import Channel, Language
from lambda_function.domain.quiet_hours import QuietHours
from lambda_function.domain.recalls import UNDER_WAY, RecallStatus
from lambda_function.domain.waitlist import WaitlistStatus

# Nobody is merged so often. It ends a chain that runs in a circle.
_LONGEST_CHAIN = 50


class VisitFacts(NamedTuple):
    """A visit. `placed_at` is when it got its present doctor and start. `installation_id` is that of its event in
    calendars.
    """

    appointment_id: int
    patient_id: int
    clinic_id: int
    doctor_name: str
    treatment_name: str
    status: Status
    starts_at: datetime
    ends_at: datetime
    placed_at: datetime
    version: int
    created_at: datetime
    updated_at: datetime
    attendance_confirmed_at: datetime | None
    installation_id: str


class OfferFacts(NamedTuple):
    """An entry of the waitlist with its last offer, whose doctor is None if there has been none. `appointment_id` is
    the visit that was booked by accepting it.
    """

    waitlist_id: int
    patient_id: int
    treatment_name: str
    doctor_name: str | None
    status: WaitlistStatus
    appointment_id: int | None
    offer_doctor_id: int | None
    offer_starts_at: datetime | None
    offer_ends_at: datetime | None
    offer_expires_at: datetime | None


class RecallFacts(NamedTuple):
    """A recall. `appointment_id` is the patient's next visit of the treatment, or None while none is ahead.
    `unfinished` is whether one is ahead, or has begun within UNDER_WAY and has not been completed.
    """

    recall_id: int
    patient_id: int
    treatment_id: int
    treatment_name: str
    treatment_active: bool
    clinic_id: int
    doctor_id: int | None
    due_on: date
    status: RecallStatus
    appointment_id: int | None
    unfinished: bool


class ClinicFacts(NamedTuple):
    clinic_id: int
    name: str
    address: str | None
    phone: str | None
    email: str | None
    language: Language
    time_zone: str
    quiet_from_minute: int | None
    quiet_to_minute: int | None
    cutoff_minutes: int
    active: bool

    @property
    def quiet(self) -> QuietHours | None:
        return QuietHours.between(self.quiet_from_minute, self.quiet_to_minute)

    @property
    def cutoff(self) -> timedelta:
        return timedelta(minutes=self.cutoff_minutes)


class Contact(NamedTuple):
    """The person whom `asked_id` leads to: that person, or whoever the person was merged into."""

    asked_id: int
    user_id: int
    full_name: str
    email: str | None
    phone: str | None
    language: Language | None
    contact_by: Channel | None
    bounced_email_hash: str | None
    recalls: bool | None
    active: bool


class GuardianContact(NamedTuple):
    """An active guardian who acts for the patient now."""

    patient_id: int
    user_id: int
    email: str | None
    phone: str | None
    contact_by: Channel | None
    bounced_email_hash: str | None


def _ids(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger, expanding=True)


_DOCTOR = aliased(PersonName)
_VISITS: AnySelect = (
    select(
        *columns(
            VisitFacts,
            Appointment,
            doctor_name=_DOCTOR.full_name,
            treatment_name=Treatment.name,
            placed_at=PLACED_AT,
            installation_id=select(Installation.installation_id).scalar_subquery(),
        )
    )
    .join(_DOCTOR, _DOCTOR.user_id == Appointment.doctor_id)
    .join(Treatment, Treatment.treatment_id == Appointment.treatment_id)
    .where(Appointment.appointment_id.in_(_ids("appointment_ids")))
)
_OFFERS: AnySelect = (
    select(*columns(OfferFacts, WaitlistEntry, doctor_name=_DOCTOR.full_name, treatment_name=Treatment.name))
    .join(Treatment, Treatment.treatment_id == WaitlistEntry.treatment_id)
    .outerjoin(_DOCTOR, _DOCTOR.user_id == WaitlistEntry.offer_doctor_id)
    .where(WaitlistEntry.waitlist_id.in_(_ids("waitlist_ids")))
)
_RECALLS: AnySelect = (
    select(
        *columns(
            RecallFacts,
            Recall,
            treatment_name=Treatment.name,
            treatment_active=Treatment.active,
            appointment_id=visit_ahead(Recall),
            unfinished=unfinished_visit(Recall).is_not(None),
        )
    )
    .join(Treatment, Treatment.treatment_id == Recall.treatment_id)
    .where(Recall.recall_id.in_(_ids("recall_ids")))
)
_CLINICS: AnySelect = select(*columns(ClinicFacts, Clinic)).where(Clinic.clinic_id.in_(_ids("clinic_ids")))

_CHAIN = (
    select(User.user_id.label("asked_id"), User.user_id, User.merged_into, literal(0).label("steps"))
    .where(User.user_id.in_(_ids("user_ids")))
    .cte("chain", recursive=True)
)
_NEXT = aliased(User)
_CHAIN = _CHAIN.union_all(
    select(_CHAIN.c.asked_id, _NEXT.user_id, _NEXT.merged_into, _CHAIN.c.steps + 1)
    .join(_NEXT, _NEXT.user_id == _CHAIN.c.merged_into)
    .where(_CHAIN.c.steps < _LONGEST_CHAIN)
)
_CONTACTS: AnySelect = (
    select(*columns(Contact, User, asked_id=_CHAIN.c.asked_id))
    .join(_CHAIN, _CHAIN.c.user_id == User.user_id)
    .where(User.merged_into.is_(None))
)
_GUARDIANS: AnySelect = (
    select(*columns(GuardianContact, User, patient_id=Guardian.patient_id))
    .join(Guardian, Guardian.guardian_id == User.user_id)
    .where(Guardian.patient_id.in_(_ids("patient_ids")), acting(Guardian), User.active, here(User))
    .order_by(Guardian.patient_id, User.user_id)
)


def visits(session: Session, appointment_ids: Collection[int]) -> dict[int, VisitFacts]:
    values = {"appointment_ids": sorted(appointment_ids)}
    found = fetch_all(session, VisitFacts, _VISITS, values, unscoped=True) if appointment_ids else []
    return {visit.appointment_id: visit for visit in found}


def offers(session: Session, waitlist_ids: Collection[int]) -> dict[int, OfferFacts]:
    values = {"waitlist_ids": sorted(waitlist_ids)}
    found = fetch_all(session, OfferFacts, _OFFERS, values, unscoped=True) if waitlist_ids else []
    return {entry.waitlist_id: entry for entry in found}


def recalls(session: Session, recall_ids: Collection[int], now: datetime) -> dict[int, RecallFacts]:
    values = {"recall_ids": sorted(recall_ids), "now": now, "begun_after": now - UNDER_WAY}
    found = fetch_all(session, RecallFacts, _RECALLS, values, unscoped=True) if recall_ids else []
    return {recall.recall_id: recall for recall in found}


def clinics(session: Session, clinic_ids: Collection[int]) -> dict[int, ClinicFacts]:
    values = {"clinic_ids": sorted(clinic_ids)}
    found = fetch_all(session, ClinicFacts, _CLINICS, values, unscoped=True) if clinic_ids else []
    return {clinic.clinic_id: clinic for clinic in found}


def contacts(session: Session, user_ids: Collection[int]) -> dict[int, Contact]:
    """Returns, by each of these ids, the person who remains after all merges, active or not."""
    values = {"user_ids": sorted(user_ids)}
    found = fetch_all(session, Contact, _CONTACTS, values, unscoped=True) if user_ids else []
    return {contact.asked_id: contact for contact in found}


def guardians(session: Session, patient_ids: Collection[int], today: date) -> list[GuardianContact]:
    """Returns the active guardians of these patients who act on that day, by patient and guardian."""
    values = {"patient_ids": sorted(patient_ids), "today": today}
    return fetch_all(session, GuardianContact, _GUARDIANS, values, unscoped=True) if patient_ids else []
