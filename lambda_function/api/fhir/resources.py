"""Our rows as FHIR R4 resources. Elements without a value are left out, since FHIR has neither null nor empty lists."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from lambda_function.api.fhir.wire import URN, Resource
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.repositories.catalogue import ClinicRow, OfferedTreatment, TreatmentRow
from lambda_function.db.repositories.people import PersonView
from lambda_function.domain.appointment import Status
from lambda_function.domain.identifiers import IdentifierSystem
from lambda_function.services.availability import Slot
from lambda_function.services.catalogue import DoctorListing

TREATMENTS = f"{URN}:treatment"
USER_NAMES = f"{URN}:user-name"
IDENTIFIERS: Mapping[IdentifierSystem, str] = MappingProxyType(
    {system: f"{URN}:{system.value.replace('_', '-')}" for system in IdentifierSystem}
)

STATUS: Mapping[Status, str] = MappingProxyType(
    {
        Status.REQUESTED: "pending",
        Status.BOOKED: "booked",
        Status.CHECKED_IN: "checked-in",
        Status.COMPLETED: "fulfilled",
        Status.CANCELLED: "cancelled",
        Status.NO_SHOW: "noshow",
    }
)
# The other statuses of R4, which none of our appointments has.
OTHER_STATUSES = frozenset({"proposed", "arrived", "entered-in-error", "waitlist"})

# Years 1000 to 2999, as for every other date of the API.
_SLOT_ID = re.compile(r"([1-9][0-9]{0,18})-([1-9][0-9]{0,18})-([12][0-9]{7}T[0-9]{4}Z)")
_SLOT_START = "%Y%m%dT%H%MZ"


def rfc3339(moment: datetime) -> str:
    timespec = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def reference(kind: str, resource_id: int, display: str) -> Resource:
    return {"reference": f"{kind}/{resource_id}", "display": display}


def service_type(code: str, name: str) -> Resource:
    return {"coding": [{"system": TREATMENTS, "code": code, "display": name}]}


def appointment(view: AppointmentView) -> Resource:
    """`comment` is the note that the patient sees too; what is
    for staff only is in no FHIR resource.
    """
    shown: Resource = {
        "resourceType": "Appointment",
        "id": str(view.appointment_id),
        "meta": {"versionId": str(view.version), "lastUpdated": rfc3339(view.updated_at)},
        "status": STATUS[view.status],
        "serviceType": [service_type(view.treatment_code, view.treatment_name)],
        "start": rfc3339(view.starts_at),
        "end": rfc3339(view.ends_at),
        "minutesDuration": int((view.ends_at - view.starts_at).total_seconds()) // 60,
        "created": rfc3339(view.created_at),
        "participant": _participants(view),
    }
    if view.status is Status.CANCELLED and view.cancel_reason:
        shown["cancelationReason"] = {"text": view.cancel_reason}
    if view.patient_note:
        shown["comment"] = view.patient_note
    return shown


def _participants(view: AppointmentView) -> list[Resource]:
    doctor = "needs-action" if view.status is Status.REQUESTED else "accepted"
    return [
        {"actor": actor, "required": "required", "status": status}
        for actor, status in (
            (reference("Patient", view.patient_id, view.patient_name), "accepted"),
            (reference("Practitioner", view.doctor_id, view.doctor_name), doctor),
            (reference("Location", view.clinic_id, view.clinic_name), "accepted"),
        )
    ]


def schedule(doctor: DoctorListing) -> Resource:
    shown: Resource = {
        "resourceType": "Schedule",
        "id": str(doctor.user_id),
        "active": True,
        "actor": [
            reference("Practitioner", doctor.user_id, doctor.full_name),
            reference("Location", doctor.clinic_id, doctor.clinic_name),
        ],
    }
    if doctor.treatments:
        shown["serviceType"] = [service_type(treatment.code, treatment.name) for treatment in doctor.treatments]
    return shown


def slot(found: Slot, treatment: TreatmentRow | OfferedTreatment) -> Resource:
    """The treatment is the one that the slot is free for."""
    return {
        "resourceType": "Slot",
        "id": slot_id(found.doctor_id, treatment.treatment_id, found.starts_at),
        "serviceType": [service_type(treatment.code, treatment.name)],
        "schedule": {"reference": f"Schedule/{found.doctor_id}"},
        "status": "free",
        "start": rfc3339(found.starts_at),
        "end": rfc3339(found.ends_at),
    }


def slot_id(doctor_id: int, treatment_id: int, start: datetime) -> str:
    """All that a slot is, so that it can be read again without being stored."""
    return f"{doctor_id}-{treatment_id}-{start.astimezone(UTC).strftime(_SLOT_START)}"


def slot_id_parts(text: str) -> tuple[int, int, datetime] | None:
    """Doctor, treatment and start; None for what is no slot id."""
    match = _SLOT_ID.fullmatch(text)
    if match is None:
        return None
    try:
        start = datetime.strptime(match[3], _SLOT_START).replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(match[1]), int(match[2]), start


def practitioner(doctor: DoctorListing) -> Resource:
    return {
        "resourceType": "Practitioner",
        "id": str(doctor.user_id),
        "active": True,
        "name": [{"text": doctor.full_name}],
    }


def patient(person: PersonView) -> Resource:
    shown: Resource = {
        "resourceType": "Patient",
        "id": str(person.user_id),
        "meta": {"versionId": str(person.version)},
        "identifier": [{"system": USER_NAMES, "value": person.user_name}, *_identifiers(person)],
        "active": person.active,
        "name": [{"text": person.full_name}],
    }
    if person.birth_date is not None:
        shown["birthDate"] = person.birth_date.isoformat()
    if contact := _telecom(person.phone, person.email):
        shown["telecom"] = contact
    return shown


def _identifiers(person: PersonView) -> list[Resource]:
    numbers = {(IDENTIFIERS[IdentifierSystem(each["system"])], each["value"]) for each in person.identifiers or ()}
    return [{"system": system, "value": value} for system, value in sorted(numbers)]


def _telecom(phone: str | None, email: str | None) -> list[Resource]:
    return [{"system": system, "value": value} for system, value in (("phone", phone), ("email", email)) if value]


def location(clinic: ClinicRow) -> Resource:
    shown: Resource = {
        "resourceType": "Location",
        "id": str(clinic.clinic_id),
        "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": clinic.time_zone},
        ],
        "status": "active",
        "name": clinic.name,
        "mode": "instance",
        "address": {"country": clinic.country},
    }
    if clinic.address:
        shown["address"]["text"] = clinic.address
    if contact := _telecom(clinic.phone, clinic.email):
        shown["telecom"] = contact
    return shown
