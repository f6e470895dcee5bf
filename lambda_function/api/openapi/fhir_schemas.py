"""The resources that we answer, for the OpenAPI document: open objects, since FHIR itself says what they hold."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class FhirMeta(BaseModel):
    model_config = ConfigDict(extra="allow", alias_generator=to_camel)

    version_id: str


class FhirResource(BaseModel):
    model_config = ConfigDict(extra="allow", alias_generator=to_camel)


class FhirAppointment(FhirResource):
    """https://hl7.org/fhir/R4/appointment.html"""

    resource_type: Literal["Appointment"]
    id: str
    meta: FhirMeta


class FhirBundle(FhirResource):
    """https://hl7.org/fhir/R4/bundle.html, a page of a search: its link `next` leads to the page after."""

    resource_type: Literal["Bundle"]


class FhirCapabilityStatement(FhirResource):
    """https://hl7.org/fhir/R4/capabilitystatement.html"""

    resource_type: Literal["CapabilityStatement"]


class FhirLocation(FhirResource):
    """https://hl7.org/fhir/R4/location.html"""

    resource_type: Literal["Location"]
    id: str


class FhirPatient(FhirResource):
    """https://hl7.org/fhir/R4/patient.html"""

    resource_type: Literal["Patient"]
    id: str
    meta: FhirMeta


class FhirPractitioner(FhirResource):
    """https://hl7.org/fhir/R4/practitioner.html"""

    resource_type: Literal["Practitioner"]
    id: str


class FhirSchedule(FhirResource):
    """https://hl7.org/fhir/R4/schedule.html"""

    resource_type: Literal["Schedule"]
    id: str


class FhirSlot(FhirResource):
    """https://hl7.org/fhir/R4/slot.html"""

    resource_type: Literal["Slot"]
    id: str


# What each operation answers. The routes write FHIR as it is and say nothing of it, so that the Lambda loads no schema.
ANSWERS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {
        "book_fhir_appointment": FhirAppointment,
        "cancel_fhir_appointment": FhirAppointment,
        "get_fhir_appointment": FhirAppointment,
        "get_fhir_location": FhirLocation,
        "get_fhir_metadata": FhirCapabilityStatement,
        "get_fhir_patient": FhirPatient,
        "get_fhir_practitioner": FhirPractitioner,
        "get_fhir_schedule": FhirSchedule,
        "get_fhir_slot": FhirSlot,
        "replace_fhir_appointment": FhirAppointment,
        "search_fhir_appointments": FhirBundle,
        "search_fhir_schedules": FhirBundle,
        "search_fhir_slots": FhirBundle,
    }
)
