"""Examples for the OpenAPI document, by the name of their schema, made by the code that makes the answers."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType, SimpleNamespace
from typing import Any

from lambda_function.api.fhir import resources
from lambda_function.api.fhir.bundle import Wanted, searchset
from lambda_function.api.fhir.capability import capability_statement
from lambda_function.api.fhir.wire import BASE
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.repositories.catalogue import ClinicRow, OfferedTreatment
from lambda_function.db.repositories.people import PersonView
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import Status
from lambda_function.domain.people import Language
from lambda_function.services.availability import Slot
from lambda_function.services.catalogue import DoctorListing

_HOST = "api.example.org"
_START = datetime(2030, 1, 8, 15, tzinfo=UTC)
_TREATMENT = OfferedTreatment(doctor_id=1, treatment_id=1, code="checkup", name="Check-up")
_CLINIC = ClinicRow(
    clinic_id=1,
    name="Lima Centro",
    country="PE",
    time_zone="America/Lima",
    address="Jirón de la Unión 421, Lima",
    phone="+51 1 555 0142",
    email="lima@clinic.example",
    lead_minutes=60,
    horizon_days=90,
    cutoff_minutes=1440,
    slot_step_minutes=15,
)
_DOCTOR = DoctorListing(
    user_id=1, full_name="Jay Quispe", clinic_id=1, clinic_name="Lima Centro", treatments=[_TREATMENT]
)
_PATIENT = PersonView(
    user_id=6,
    user_name="pat",
    user_type=Role.PATIENT,
    full_name="Pat Paredes",
    contact_visible=True,
    phone="+51 999 111 222",
    email="pat@example.org",
    birth_date=date(1990, 1, 31),
    identifiers=[{"system": "national_id", "value": "12345678"}],
    language=Language.ES,
    contact_by=None,
    bounced_email_hash=None,
    recalls=True,
    active=True,
    version=1,
)
_FREE = Slot(doctor_id=1, clinic_id=1, starts_at=_START, ends_at=_START + timedelta(minutes=30))
# A FHIR appointment shows no more of a visit than this.
_VISIT = AppointmentView._make([None] * len(AppointmentView._fields))._replace(
    appointment_id=1,
    status=Status.BOOKED,
    starts_at=_FREE.starts_at,
    ends_at=_FREE.ends_at,
    patient_id=6,
    patient_name="Pat Paredes",
    doctor_id=1,
    doctor_name="Jay Quispe",
    clinic_id=1,
    clinic_name="Lima Centro",
    treatment_code="checkup",
    treatment_name="Check-up",
    patient_note="I come by wheelchair",
    cancel_reason=None,
    version=1,
    created_at=_START - timedelta(days=1),
    updated_at=_START - timedelta(days=1),
)
_SEARCH = SimpleNamespace(
    get=lambda _: None,
    headers={},
    request_context=SimpleNamespace(domain_name=_HOST),
    raw_path=f"{BASE}/Appointment",
    raw_query_string="status=booked",
)
_APPOINTMENT = resources.appointment(_VISIT)

EXAMPLES: Mapping[str, Any] = MappingProxyType(
    {
        "FhirAppointment": _APPOINTMENT,
        "FhirBundle": searchset(
            _SEARCH, Wanted(50, None, None, None), [_VISIT], key=lambda _: (), shown=resources.appointment
        ),
        "FhirCapabilityStatement": capability_statement(f"https://{_HOST}{BASE}"),
        "FhirLocation": resources.location(_CLINIC),
        "FhirPatient": resources.patient(_PATIENT),
        "FhirPractitioner": resources.practitioner(_DOCTOR),
        "FhirSchedule": resources.schedule(_DOCTOR),
        "FhirSlot": resources.slot(_FREE, _TREATMENT),
        "NewFhirAppointment": {
            "resourceType": "Appointment",
            "status": "proposed",
            "serviceType": _APPOINTMENT["serviceType"],
            "start": _APPOINTMENT["start"],
            "end": _APPOINTMENT["end"],
            "participant": [
                {"actor": {"reference": "Patient/6"}, "status": "accepted"},
                {"actor": {"reference": "Practitioner/1"}, "status": "needs-action"},
            ],
        },
        "CancelledFhirAppointment": _APPOINTMENT | {"status": "cancelled", "cancelationReason": {"text": "Flu"}},
        "CancelParameters": {
            "resourceType": "Parameters",
            "parameter": [{"name": "reason", "valueString": "Flu"}],
        },
    }
)
