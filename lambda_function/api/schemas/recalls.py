"""Recalls, as the API shows and takes them."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from lambda_function.api.ids import acting_id
from lambda_function.api.schemas.appointments import UNCHANGED, TreatmentName
from lambda_function.api.schemas.paging import NextCursor
from lambda_function.api.schemas.types import BodyId, BodyIdOrMe, Day, Note
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.recalls import RecallState
from lambda_function.services.recall_lists import HistoryEntry, RecallListing
from lambda_function.services.recalls import RecallRequest
from lambda_function.services.text_rules import Reason

_DUE_ON = "The day of the clinic's calendar from which the patient is due, from 2000-01-01 to ten years ahead"


class RecalledPatient(TypedDict):
    """The patient of a recall, and how to reach them."""

    user_id: Annotated[int, Field(description="Id of the patient, as in `GET /users/{user_id}`")]
    full_name: Annotated[str, Field(description="The patient's name now")]
    email: Annotated[
        str | None, Field(description="E-mail address; null when there is none, or when the caller may not see it")
    ]
    phone: Annotated[
        str | None, Field(description="Phone number; null when there is none, or when the caller may not see it")
    ]


class Recall(TypedDict):
    """A patient is due for a treatment again."""

    recall_id: Annotated[int, Field(description="Id of the recall")]
    patient: Annotated[RecalledPatient, Field(description="The patient who is due")]
    treatment: Annotated[TreatmentName, Field(description="What the patient is due for; it never changes")]
    clinic_id: Annotated[int, Field(description="The clinic that looks after the recall")]
    doctor_id: Annotated[
        int | None,
        Field(description="The doctor to see: who treated the patient last, or whom staff chose; null if nobody"),
    ]
    due_on: Annotated[date, Field(description="The day of the clinic's calendar from which the patient is due")]
    state: Annotated[
        RecallState,
        Field(
            description=(
                "`UPCOMING` before `due_on` and `DUE` from then on, by the clinic's calendar; `BOOKED` while a visit "
                "of the treatment is ahead, which staff learn of in their own clinics only; `DONE` once such a visit "
                "has been completed, and `DISMISSED` once the recall has ended without one"
            )
        ),
    ]
    appointment_id: Annotated[
        int | None,
        Field(
            description=(
                "The visit that is ahead while the state is `BOOKED`, and the one that ended it when it is `DONE`; "
                "null otherwise, and when the caller may not see that visit"
            )
        ),
    ]
    note: Annotated[
        str | None, Field(description="A note among staff, at most 2,000 characters; always null for patients")
    ]
    last_notified_at: Annotated[
        datetime | None,
        Field(
            description="When the patient or a guardian was last told to come, in UTC; null if not in the last 400 days"
        ),
    ]
    version: Annotated[
        int, Field(description="1 for a new recall, and higher after each change; the ETag has the same number")
    ]


class RecallPage(TypedDict):
    """One page of recalls."""

    items: Annotated[list[Recall], Field(description="The recalls of this page, by `due_on` and then by id")]
    next_cursor: NextCursor


RECALL_PAGE = TypeAdapter(RecallPage)
# The columns of recalls as CSV: the fields in their order, with those of the patient and of the treatment among them.
RECALL_COLUMNS = (
    "recall_id",
    "user_id",
    "full_name",
    "email",
    "phone",
    "treatment_id",
    "code",
    "name",
    "clinic_id",
    "doctor_id",
    "due_on",
    "state",
    "appointment_id",
    "note",
    "last_notified_at",
    "version",
)


def shown_recall(listing: RecallListing, *, staff: bool) -> Recall:
    recall = listing.recall
    return {
        "recall_id": recall.recall_id,
        "patient": {
            "user_id": recall.patient_id,
            "full_name": recall.patient_name,
            "email": listing.email,
            "phone": listing.phone,
        },
        "treatment": {
            "treatment_id": recall.treatment_id,
            "code": recall.treatment_code,
            "name": recall.treatment_name,
        },
        "clinic_id": recall.clinic_id,
        "doctor_id": recall.doctor_id,
        "due_on": recall.due_on,
        "state": listing.state,
        "appointment_id": recall.appointment_id,
        "note": recall.note if staff else None,
        "last_notified_at": recall.last_notified_at,
        "version": recall.version,
    }


class NewRecall(BaseModel):
    """A recall to be opened by hand."""

    model_config = ConfigDict(extra="forbid")

    patient_id: Annotated[BodyId, Field(description="The patient, who must be one of the clinic's")]
    treatment_id: Annotated[BodyId, Field(description="The treatment that the patient is due for")]
    due_on: Annotated[Day, Field(description=_DUE_ON)]
    clinic_id: Annotated[
        BodyId | None,
        Field(
            description=(
                "The clinic that looks after it, which must be active. By default it is the doctor's, else that one of "
                "the caller's active clinics in which the patient had the last visit that was neither cancelled nor "
                "missed, else the one of them with the lowest id"
            )
        ),
    ] = None
    doctor_id: Annotated[
        BodyIdOrMe | None, Field(description="The doctor to see, who must work in the clinic, or `me`")
    ] = None
    note: Annotated[Note | None, Field(description="A note among staff")] = None

    def request(self, work: UnitOfWork) -> RecallRequest:
        return RecallRequest(
            patient_id=self.patient_id,
            treatment_id=self.treatment_id,
            due_on=self.due_on,
            clinic_id=self.clinic_id,
            doctor_id=acting_id(work, self.doctor_id),
            note=self.note,
        )


class RecallChange(BaseModel):
    """What to change about a recall: at least one field. Whatever is left out stays as it is; null removes the doctor
    or the note.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    due_on: Annotated[Day, Field(description=_DUE_ON)] = UNCHANGED
    doctor_id: Annotated[
        BodyIdOrMe | None, Field(description="The doctor to see, who must work in the clinic, or `me`; null for none")
    ] = None
    note: Annotated[Note | None, Field(description="The new note among staff; null removes it")] = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_to_change", "Give at least one field to change.")
        return self

    def values(self, work: UnitOfWork) -> dict[str, Any]:
        """The fields that are given."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: acting_id(work, value) if name == "doctor_id" else value for name, value in given.items()}


class Dismissal(BaseModel):
    """Why a recall is dismissed."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Reason, Field(description="Why; staff can read it in the history")]


class RecallEvent(TypedDict):
    """Something that happened to a recall."""

    at: Annotated[datetime, Field(description="When it happened, in UTC")]
    user_name: Annotated[
        str | None,
        Field(
            description=(
                "User name of who did it; null when a completed visit did, or somebody who is no user of the API, "
                "for instance an operator"
            )
        ),
    ]
    action: Annotated[
        str,
        Field(
            description=(
                "What was done: `OPEN`, `CHANGE`, `DISMISS`, or `DONE` when the patient came; more may be added"
            )
        ),
    ]
    reason: Annotated[str | None, Field(description="The reason that was given for `DISMISS`; null otherwise")]
    changes: Annotated[
        dict[str, Any],
        Field(
            description=(
                "What `CHANGE` changed, by name: `due_on` and `doctor_id` as `from` and `to`, and `note` as `true`"
            )
        ),
    ]
    appointment_id: Annotated[
        int | None,
        Field(description="The completed visit that opened or ended it; null otherwise, and when it is not visible"),
    ]


class RecallEventPage(TypedDict):
    """One page of the history of a recall."""

    items: Annotated[list[RecallEvent], Field(description="The events of this page, oldest first")]
    next_cursor: NextCursor


def shown_recall_event(entry: HistoryEntry) -> RecallEvent:
    return {
        "at": entry.at,
        "user_name": entry.user_name,
        "action": entry.action,
        "reason": entry.reason,
        "changes": dict(entry.changes or {}),
        "appointment_id": entry.appointment_id,
    }
