"""The waitlist, as the API shows and takes it."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from lambda_function.api.schemas.types import BodyId, BodyIdOrMe, Instant
from lambda_function.domain.waitlist import WaitlistStatus, status_at


class NewWaitlistEntry(BaseModel):
    """The whole visit is to lie between `from` and `to`."""

    model_config = ConfigDict(extra="forbid")

    treatment_id: BodyId
    doctor_id: BodyId | None = None
    clinic_id: BodyId | None = None
    patient_id: BodyIdOrMe | None = None
    from_: Instant = Field(alias="from")
    to: Instant


class Offer(TypedDict):
    doctor_id: int
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime


# `from` is a word of Python's own.
WaitlistEntry = TypedDict(
    "WaitlistEntry",
    {
        "waitlist_id": int,
        "status": WaitlistStatus,
        "patient_id": int,
        "treatment_id": int,
        "doctor_id": int | None,
        "clinic_id": int | None,
        "from": datetime,
        "to": datetime,
        "offer": Offer | None,
        "created_at": datetime,
    },
)


class WaitlistPage(TypedDict):
    items: list[WaitlistEntry]
    next_cursor: str | None


def shown_entry(row: Any, now: datetime) -> WaitlistEntry:
    """From a row of db/repositories/waitlist.py, as it is now. An offer is shown while it stands."""
    offer: Offer | None = None
    status = status_at(row.status, row.wished_to, row.offer_expires_at, now)
    if status is WaitlistStatus.OFFERED:
        offer = {
            "doctor_id": row.offer_doctor_id,
            "starts_at": row.offer_starts_at,
            "ends_at": row.offer_ends_at,
            "expires_at": row.offer_expires_at,
        }
    return {
        "waitlist_id": row.waitlist_id,
        "status": status,
        "patient_id": row.patient_id,
        "treatment_id": row.treatment_id,
        "doctor_id": row.doctor_id,
        "clinic_id": row.clinic_id,
        "from": row.wished_from,
        "to": row.wished_to,
        "offer": offer,
        "created_at": row.created_at,
    }
