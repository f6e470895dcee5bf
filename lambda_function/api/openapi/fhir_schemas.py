"""The schemas of our FHIR answers, for the OpenAPI document. They are open, since FHIR itself defines the resources."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class FhirMeta(BaseModel):
    """Facts about a resource."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel)

    version_id: Annotated[str, Field(description="The version; the ETag has the same number")]


class FhirResource(BaseModel):
    """Any resource."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel)


class FhirAppointment(FhirResource):
    """A visit: https://hl7.org/fhir/R4/appointment.html"""

    resource_type: Annotated[Literal["Appointment"], Field(description="The kind of FHIR resource")]
    id: Annotated[str, Field(description="Id of the resource, as in references to it")]
    meta: Annotated[FhirMeta, Field(description="Holds the version")]


class FhirBundle(FhirResource):
    """One page of a search, whose link `next` leads to the next one: https://hl7.org/fhir/R4/bundle.html"""

    resource_type: Annotated[Literal["Bundle"], Field(description="The kind of FHIR resource")]


class FhirCapabilityStatement(FhirResource):
    """What the server can do: https://hl7.org/fhir/R4/capabilitystatement.html"""

    resource_type: Annotated[Literal["CapabilityStatement"], Field(description="The kind of FHIR resource")]


class FhirLocation(FhirResource):
    """A clinic: https://hl7.org/fhir/R4/location.html"""

    resource_type: Annotated[Literal["Location"], Field(description="The kind of FHIR resource")]
    id: Annotated[str, Field(description="Id of the resource, as in references to it")]


class FhirPatient(FhirResource):
    """A patient: https://hl7.org/fhir/R4/patient.html"""

    resource_type: Annotated[Literal["Patient"], Field(description="The kind of FHIR resource")]
    id: Annotated[str, Field(description="Id of the resource, as in references to it")]
    meta: Annotated[FhirMeta, Field(description="Holds the version")]


class FhirPractitioner(FhirResource):
    """A doctor: https://hl7.org/fhir/R4/practitioner.html"""

    resource_type: Annotated[Literal["Practitioner"], Field(description="The kind of FHIR resource")]
    id: Annotated[str, Field(description="Id of the resource, as in references to it")]


class FhirSchedule(FhirResource):
    """The calendar of a doctor: https://hl7.org/fhir/R4/schedule.html"""

    resource_type: Annotated[Literal["Schedule"], Field(description="The kind of FHIR resource")]
    id: Annotated[str, Field(description="Id of the resource, as in references to it")]


class FhirSlot(FhirResource):
    """A time at which a visit can be booked: https://hl7.org/fhir/R4/slot.html"""

    resource_type: Annotated[Literal["Slot"], Field(description="The kind of FHIR resource")]
    id: Annotated[str, Field(description="Id of the resource, as in references to it")]


_SEARCHES = ("appointments", "locations", "patients", "practitioners", "schedules", "slots")
# What each operation answers. The routes write FHIR themselves without declaring it, so the Lambda loads no schema.
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
        **{f"search_fhir_{what}{form}": FhirBundle for what in _SEARCHES for form in ("", "_by_form")},
    }
)
