"""What FHIR clients may send: of each resource, the elements that we keep. Any other is refused by name, so that
nothing is lost in silence; only what FHIR itself lets a server ignore (`id` of a new resource, `meta`, `text`,
`display`) is.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from lambda_function.api.fhir.search import REFERENCE_SCHEMA, Reference, parse_reference
from lambda_function.api.schemas.types import Instant, Note, Reason

# Stands for an element that is not there: FHIR knows no null.
ABSENT: Any = None

_PARTICIPANTS = ("Patient", "Practitioner", "Location")


def _participant(value: Any) -> Reference:
    found = parse_reference(value)
    if found.type not in _PARTICIPANTS:
        raise ValueError(f"must be a reference to one of {', '.join(_PARTICIPANTS)}")
    return found


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class Coding(Strict):
    system: Literal["urn:dentist-appointments:treatment"] = ABSENT
    code: Annotated[str, Field(min_length=1, max_length=64)]
    display: Any = ABSENT


class ServiceType(Strict):
    coding: Annotated[list[Coding], Field(min_length=1, max_length=1)]


class Actor(Strict):
    reference: Annotated[Reference, BeforeValidator(_participant), REFERENCE_SCHEMA]
    type: Literal["Patient", "Practitioner", "Location"] = ABSENT
    display: Any = ABSENT

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.type not in {None, self.reference.type}:
            raise ValueError("type and reference must agree")
        return self


class Participant(Strict):
    actor: Actor
    status: Literal["accepted", "tentative", "needs-action"]
    required: Literal["required"] = ABSENT


class SlotReference(Strict):
    reference: Annotated[str, Field(max_length=80)]
    display: Any = ABSENT


class NewFhirAppointment(Strict):
    """A visit to be booked. `end`, `minutesDuration` and `slot` may be left out, and must agree with the rest."""

    resource_type: Literal["Appointment"]
    id: Any = ABSENT
    meta: Any = ABSENT
    text: Any = ABSENT
    status: Literal["proposed", "pending", "booked"]
    service_type: Annotated[list[ServiceType], Field(min_length=1, max_length=1)]
    slot: Annotated[list[SlotReference], Field(min_length=1, max_length=1)] = ABSENT
    start: Instant
    end: Instant = ABSENT
    minutes_duration: Annotated[int, Field(strict=True, ge=1)] = ABSENT
    participant: Annotated[list[Participant], Field(min_length=1, max_length=3)]
    comment: Annotated[Note, Field(min_length=1)] = ABSENT

    @property
    def actors(self) -> Mapping[str | None, int]:
        """Ids by the type of resource."""
        return {one.actor.reference.type: one.actor.reference.id for one in self.participant}

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if len(self.actors) < len(self.participant):
            raise ValueError("must have one participant of a type")
        if "Practitioner" not in self.actors:
            raise ValueError("must have a Practitioner among the participants")
        return self


class Reasons(Strict):
    """Text only: there is nowhere to keep a coding."""

    text: Reason


class CancelledFhirAppointment(BaseModel):
    """An appointment as it was read, with `status` and `cancelationReason` changed."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel)

    resource_type: Literal["Appointment"]
    id: str
    status: Literal["cancelled"]
    cancelation_reason: Reasons

    @property
    def kept(self) -> Mapping[str, Any]:
        """The elements that a cancellation does not change, as they were sent: pydantic writes nothing very deep."""
        return {**(self.model_extra or {}), "resourceType": self.resource_type, "id": self.id}


class ReasonParameter(Strict):
    name: Literal["reason"]
    value_string: Reason


class CancelParameters(Strict):
    """The input of `$cancel`."""

    resource_type: Literal["Parameters"]
    id: Any = ABSENT
    meta: Any = ABSENT
    parameter: Annotated[list[ReasonParameter], Field(min_length=1, max_length=1)]
