"""The bodies of the original's `/appointment`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from lambda_function.api.schemas.types import SomeName, WallClock


class LegacyVisit(TypedDict):
    """A visit, by user names and local time."""

    doctor: Annotated[str, Field(description="User name of the doctor")]
    receptionist: Annotated[
        str | None,
        Field(description="User name of the receptionist who booked or confirmed it; null when there is none"),
    ]
    patient: Annotated[str, Field(description="User name of the patient")]
    appointment_date: Annotated[
        str, Field(description="Start of the visit as the clinic's clocks show it: `YYYY-MM-DD HH:MM:SS`")
    ]


class LegacyBooking(BaseModel):
    """A visit to be booked by user names, for the doctor's usual treatment."""

    model_config = ConfigDict(extra="forbid")

    patient: Annotated[SomeName, Field(description="User name of the patient")]
    doctor: Annotated[SomeName, Field(description="User name of the doctor")]
    appointment_date: Annotated[
        WallClock,
        Field(description="Start of the visit as the clocks of the doctor's clinic show it: `YYYY-MM-DD HH:MM:SS`"),
    ]


class LegacyReceipt(TypedDict):
    """What was booked."""

    verificationNumber: Annotated[str, Field(description="The `appointment_id` of the new appointment, as text")]
