"""Clinics, treatments and doctors, as the API shows them."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from lambda_function.api.schemas.paging import NextCursor


class Clinic(BaseModel):
    """A clinic: where it is, how to reach it, and its rules for booking."""

    model_config = ConfigDict(from_attributes=True)

    clinic_id: Annotated[int, Field(description="Id of the clinic")]
    name: Annotated[str, Field(description="The clinic's name")]
    country: Annotated[str, Field(description="ISO 3166-1 alpha-2 code of the country, such as `PE`")]
    time_zone: Annotated[
        str, Field(description="IANA name of the time zone; working hours and dates of the clinic are local to it")
    ]
    address: Annotated[str | None, Field(description="Where the clinic is, on one line; null when none is set")]
    phone: Annotated[str | None, Field(description="The clinic's phone number; null when none is set")]
    email: Annotated[str | None, Field(description="The clinic's e-mail address; null when none is set")]
    lead_minutes: Annotated[int, Field(description="How many minutes before the start patients must have booked")]
    horizon_days: Annotated[int, Field(description="How many days ahead patients can book")]
    cutoff_minutes: Annotated[
        int, Field(description="How many minutes before the start patients can last move or cancel a visit")
    ]
    slot_step_minutes: Annotated[
        int,
        Field(description="How many minutes lie between the starts that are offered, from the start of each window"),
    ]


class ClinicPage(TypedDict):
    """One page of clinics."""

    items: Annotated[list[Clinic], Field(description="The clinics of this page, by id")]
    next_cursor: NextCursor


class Treatment(BaseModel):
    """A treatment that can be booked."""

    model_config = ConfigDict(from_attributes=True)

    treatment_id: Annotated[int, Field(description="Id of the treatment")]
    code: Annotated[str, Field(description="Stable short name, for programs")]
    name: Annotated[str, Field(description="Name, for people")]
    duration_minutes: Annotated[int, Field(description="How many minutes the visit takes")]
    buffer_before_minutes: Annotated[
        int, Field(description="How many minutes doctor and chair stay free before the visit")
    ]
    buffer_after_minutes: Annotated[
        int, Field(description="How many minutes doctor and chair stay free after the visit")
    ]
    needs_approval: Annotated[
        bool, Field(description="Whether a visit that a patient books is `REQUESTED` until the clinic confirms it")
    ]
    recall_months: Annotated[
        int | None,
        Field(description="After how many months a patient is due for it again; null when patients are not recalled"),
    ]
    price: Annotated[
        Decimal | None,
        Field(
            description="Price of a visit as a decimal number, in the currency of the practice; null when none is set"
        ),
    ]


class TreatmentPage(TypedDict):
    """One page of treatments."""

    items: Annotated[list[Treatment], Field(description="The treatments of this page, by id")]
    next_cursor: NextCursor


class Doctor(BaseModel):
    """A doctor who can be booked."""

    model_config = ConfigDict(from_attributes=True)

    user_id: Annotated[int, Field(description="Id of the doctor: the `doctor_id` of the other routes")]
    full_name: Annotated[str, Field(description="The doctor's name")]
    clinic_id: Annotated[int, Field(description="The clinic where the doctor works")]
    treatment_ids: Annotated[list[int], Field(description="The treatments that the doctor offers")]


class DoctorPage(TypedDict):
    """One page of doctors."""

    items: Annotated[list[Doctor], Field(description="The doctors of this page, by id")]
    next_cursor: NextCursor
