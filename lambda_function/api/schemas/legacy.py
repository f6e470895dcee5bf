"""The bodies of the original's `/appointment`."""

from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict

from lambda_function.api.schemas.types import SomeName, WallClock


class LegacyVisit(TypedDict):
    """User names; `appointment_date` is what the clinic's clocks show."""

    doctor: str
    receptionist: str | None
    patient: str
    appointment_date: str


class LegacyBooking(BaseModel):
    model_config = ConfigDict(extra="forbid")

    patient: SomeName
    doctor: SomeName
    appointment_date: WallClock


class LegacyReceipt(TypedDict):
    verificationNumber: str
