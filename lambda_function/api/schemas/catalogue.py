"""Clinics, treatments and doctors, as the API shows them."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict


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


class ClinicPage(TypedDict):
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


class TreatmentPage(TypedDict):
    items: list[Treatment]
    next_cursor: str | None


class Doctor(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    user_id: int
    full_name: str
    clinic_id: int
    treatment_ids: list[int]


class DoctorPage(TypedDict):
    items: list[Doctor]
    next_cursor: str | None
