"""People and the catalogue, as the API shows them."""

from decimal import Decimal
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

from lambda_function.domain.actor import Role
from lambda_function.services.texts import Email, PersonName, Phone, UserName

# Stands for "as it is": the field itself does not take null.
UNCHANGED: Any = None


class Person(BaseModel):
    """`email` and `phone` are null where the caller may not see them."""

    model_config = ConfigDict(from_attributes=True)

    user_id: int
    user_name: str
    user_type: Role
    full_name: str
    email: str | None
    phone: str | None
    version: int


class PersonPage(BaseModel):
    items: list[Person]
    next_cursor: str | None


class NewPatient(BaseModel):
    model_config = ConfigDict(extra="forbid")

    user_name: UserName
    full_name: PersonName
    email: Email | None = None
    phone: Phone | None = None


class PersonChange(BaseModel):
    """At least one field; null removes an e-mail or a phone."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    full_name: PersonName = UNCHANGED
    email: Email | None = None
    phone: Phone | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must change something")
        return self

    def changes(self) -> dict[str, str | None]:
        """The fields that are given."""
        return self.model_dump(exclude_unset=True)


class Clinic(BaseModel):
    """Policies are in whole minutes and days."""

    model_config = ConfigDict(from_attributes=True)

    clinic_id: int
    name: str
    country: str
    time_zone: str
    lead_minutes: int
    horizon_days: int
    cutoff_minutes: int
    slot_step_minutes: int


class ClinicPage(BaseModel):
    items: list[Clinic]
    next_cursor: str | None


class Treatment(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    treatment_id: int
    code: str
    name: str
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    needs_approval: bool
    price: Decimal | None


class TreatmentPage(BaseModel):
    items: list[Treatment]
    next_cursor: str | None


class Doctor(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    user_id: int
    full_name: str
    clinic_id: int
    treatment_ids: list[int]


class DoctorPage(BaseModel):
    items: list[Doctor]
    next_cursor: str | None
