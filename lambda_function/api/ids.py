"""Ids in paths and queries that may be `me`."""

from typing import Annotated, Literal, overload

from aws_lambda_powertools.event_handler.openapi.params import Path

from lambda_function.api.schemas.types import ParameterIdOrMe
from lambda_function.db.unit_of_work import UnitOfWork

DoctorId = Annotated[ParameterIdOrMe, Path(description="Id of the doctor, or `me`")]
UserId = Annotated[ParameterIdOrMe, Path(description="Id of the person, or `me`")]


@overload
def acting_id(work: UnitOfWork, user_id: int | Literal["me"]) -> int: ...
@overload
def acting_id(work: UnitOfWork, user_id: int | Literal["me"] | None) -> int | None: ...
def acting_id(work: UnitOfWork, user_id: int | Literal["me"] | None) -> int | None:
    """The id, or the caller's own for `me`. None stays None."""
    return work.actor.user_id if user_id == "me" else user_id
