"""What FHIR clients may send: the elements of each resource that we keep. Every other element is refused by name, so
that nothing is lost in silence. Only elements that FHIR lets a server ignore are ignored: `id` of a new resource,
`meta`, `text` and `display`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from lambda_function.api.fhir.search import REFERENCE_SCHEMA, Reference, parse_reference, relative
from lambda_function.api.schemas.types import Instant, Note
from lambda_function.services.text_rules import Reason

# Stands for an element that is not there, since FHIR does not have null.
ABSENT: Any = None

_PARTICIPANTS = ("Patient", "Practitioner", "Location")


def _participant(value: object) -> Reference:
    found = parse_reference(value)
    if found.type not in _PARTICIPANTS:
        raise PydanticCustomError("not_a_reference", "Give a reference to a Patient, Practitioner or Location.")
    return found


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


# What FHIR lets a server ignore.
Ignored = Annotated[Any, Field(description="Ignored")]


class Coding(Strict):
    """The code of a treatment."""

    system: Annotated[
        Literal["urn:dentist-appointments:treatment"], Field(description="The system of our codes; may be left out")
    ] = ABSENT
    code: Annotated[str, Field(min_length=1, max_length=64, description="Code of the treatment, such as `checkup`")]
    display: Ignored = ABSENT


class ServiceType(Strict):
    """The treatment of a visit."""

    coding: Annotated[list[Coding], Field(min_length=1, max_length=1, description="Exactly one: the treatment")]


class Actor(Strict):
    """A patient, a doctor or a clinic."""

    reference: Annotated[
        Reference,
        BeforeValidator(_participant),
        REFERENCE_SCHEMA,
        Field(
            description="A reference such as `Patient/6`, `Practitioner/1` or `Location/1`, or its absolute URL here"
        ),
    ]
    type: Annotated[
        Literal["Patient", "Practitioner", "Location"],
        Field(description="The kind of resource; must agree with `reference`"),
    ] = ABSENT
    display: Ignored = ABSENT

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.type not in {None, self.reference.type}:
            raise PydanticCustomError("inconsistent", "Give the type that the reference names, or leave it out.")
        return self


class Participant(Strict):
    """Who takes part in a visit."""

    actor: Annotated[Actor, Field(description="Who takes part")]
    status: Annotated[
        Literal["accepted", "tentative", "needs-action"],
        Field(description="FHIR asks for it; it does not decide anything here"),
    ]
    required: Annotated[Literal["required"], Field(description="Everybody is required")] = ABSENT


class SlotReference(Strict):
    """The slot that a visit takes."""

    reference: Annotated[
        str,
        BeforeValidator(relative),
        Field(
            max_length=400, description="A reference such as `Slot/1-1-20300108T1500Z`, or the `fullUrl` of the slot"
        ),
    ]
    display: Ignored = ABSENT


class NewFhirAppointment(Strict):
    """A visit to be booked. `end`, `minutesDuration` and `slot` may be left out; if present, they must agree with the
    rest.
    """

    resource_type: Annotated[Literal["Appointment"], Field(description="The kind of FHIR resource")]
    id: Ignored = ABSENT
    meta: Ignored = ABSENT
    text: Ignored = ABSENT
    status: Annotated[
        Literal["proposed", "pending", "booked"], Field(description="What the caller hopes for; the service decides")
    ]
    service_type: Annotated[
        list[ServiceType], Field(min_length=1, max_length=1, description="Exactly one: the treatment")
    ]
    slot: Annotated[
        list[SlotReference], Field(min_length=1, max_length=1, description="The slot that a search has answered")
    ] = ABSENT
    start: Annotated[Instant, Field(description="When the visit is to start, with an offset; on a whole five minutes")]
    end: Annotated[
        Instant, Field(description="When the visit ends, with an offset: `start` plus the length of the treatment")
    ] = ABSENT
    minutes_duration: Annotated[int, Field(strict=True, ge=1, description="The length of the treatment")] = ABSENT
    participant: Annotated[
        list[Participant],
        Field(
            min_length=1,
            max_length=3,
            description="A Practitioner, the Patient (whom patients may leave out), and the Location if wanted",
        ),
    ]
    comment: Annotated[Note, Field(min_length=1, description="A note that the patient and the staff share")] = ABSENT

    @property
    def actors(self) -> Mapping[str | None, int]:
        """Ids by the type of resource."""
        return {one.actor.reference.type: one.actor.reference.id for one in self.participant}

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if len(self.actors) < len(self.participant):
            raise PydanticCustomError("duplicate", "Give one participant of each type only.")
        if "Practitioner" not in self.actors:
            raise PydanticCustomError("required", "Add a Practitioner to the participants.")
        return self


class Reasons(Strict):
    """Why a visit is cancelled, as text; codings are refused."""

    text: Annotated[Reason, Field(description="Why; the patient and the staff can read it")]


class CancelledFhirAppointment(BaseModel):
    """An appointment as it was read, with `status` and `cancelationReason` changed."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel)

    resource_type: Annotated[Literal["Appointment"], Field(description="The kind of FHIR resource")]
    id: Annotated[str, Field(description="Id of the appointment, as in the path")]
    status: Annotated[Literal["cancelled"], Field(description="The only status that it can be set to")]
    cancelation_reason: Annotated[Reasons, Field(description="Why it is cancelled")]

    @property
    def kept(self) -> Mapping[str, Any]:
        """The elements that a cancellation does not change, as they were sent: pydantic writes nothing very deep."""
        return {**(self.model_extra or {}), "resourceType": self.resource_type, "id": self.id}


class ReasonParameter(Strict):
    """Why a visit is cancelled."""

    name: Annotated[Literal["reason"], Field(description="The name of the parameter")]
    value_string: Annotated[Reason, Field(description="Why; the patient and the staff can read it")]


class CancelParameters(Strict):
    """The input of `$cancel`."""

    resource_type: Annotated[Literal["Parameters"], Field(description="The kind of FHIR resource")]
    id: Ignored = ABSENT
    meta: Ignored = ABSENT
    parameter: Annotated[
        list[ReasonParameter], Field(min_length=1, max_length=1, description="Exactly one: the reason")
    ]
