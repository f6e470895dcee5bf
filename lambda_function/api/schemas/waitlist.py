"""The waitlist, as the API shows and takes it."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from lambda_function.api.schemas.paging import NextCursor
from lambda_function.api.schemas.types import BodyId, BodyIdOrMe, Instant
from lambda_function.db.repositories.waitlist import WaitlistRow
from lambda_function.domain.waitlist import WaitlistStatus, status_at


class NewWaitlistEntry(BaseModel):
    """What a patient waits for. The whole visit is to lie between `from` and `to`."""

    model_config = ConfigDict(extra="forbid")

    treatment_id: Annotated[BodyId, Field(description="The treatment that the patient needs")]
    doctor_id: Annotated[BodyId | None, Field(description="The doctor to wait for; left out, any doctor will do")] = (
        None
    )
    clinic_id: Annotated[BodyId | None, Field(description="The clinic to wait for; left out, any clinic will do")] = (
        None
    )
    patient_id: Annotated[
        BodyIdOrMe | None,
        Field(
            description=(
                "The patient, or `me`. Patients may leave it out and wait themselves, or give a dependant; "
                "receptionists must give it."
            )
        ),
    ] = None
    from_: Annotated[Instant, Field(alias="from", description="The earliest start of the visit, with an offset")]
    to: Annotated[Instant, Field(description="The latest end of the visit, with an offset; in the future")]


class Offer(TypedDict):
    """Time that is offered to a patient. It is not reserved: another caller may book it first."""

    doctor_id: Annotated[int, Field(description="The doctor who is free")]
    starts_at: Annotated[datetime, Field(description="Start of the visit, in UTC")]
    ends_at: Annotated[datetime, Field(description="End of the visit, in UTC")]
    expires_at: Annotated[datetime, Field(description="Until when the offer can be accepted, in UTC")]


# `from` is a word of Python's own.
WaitlistEntry = TypedDict(
    "WaitlistEntry",
    {
        "waitlist_id": Annotated[int, Field(description="Id of the entry")],
        "status": Annotated[WaitlistStatus, Field(description="Where the entry is in its life")],
        "patient_id": Annotated[int, Field(description="The patient who waits")],
        "treatment_id": Annotated[int, Field(description="The treatment that the patient needs")],
        "doctor_id": Annotated[int | None, Field(description="The doctor to wait for; null when any doctor will do")],
        "clinic_id": Annotated[int | None, Field(description="The clinic to wait for; null when any clinic will do")],
        "from": Annotated[datetime, Field(description="The earliest start of the visit, in UTC")],
        "to": Annotated[datetime, Field(description="The latest end of the visit, in UTC")],
        "offer": Annotated[Offer | None, Field(description="The time on offer; null unless `status` is `OFFERED`")],
        "created_at": Annotated[datetime, Field(description="When the patient joined the waitlist, in UTC")],
    },
)
WaitlistEntry.__doc__ = "A patient's place in the waitlist."


class WaitlistPage(TypedDict):
    """One page of the waitlist."""

    items: Annotated[
        list[WaitlistEntry], Field(description="The entries of this page, in the order in which they joined")
    ]
    next_cursor: NextCursor


def shown_entry(row: WaitlistRow, now: datetime) -> WaitlistEntry:
    """The entry as it is now. An offer is shown while it stands."""
    status = status_at(row.status, row.wished_to, row.offer_expires_at, now)
    offer: Offer | None = None
    if status is WaitlistStatus.OFFERED and row.offer is not None:
        offer = {
            "doctor_id": row.offer.doctor_id,
            "starts_at": row.offer.starts_at,
            "ends_at": row.offer.ends_at,
            "expires_at": row.offer.expires_at,
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
