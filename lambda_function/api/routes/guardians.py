"""The guardians of a patient."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from lambda_function.api.ids import UserId, acting_id
from lambda_function.api.middleware import current_work
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.guardians import GuardianPage, NewGuardian, shown_guardian
from lambda_function.api.schemas.paging import DEFAULT_LIMIT, PageCursor, PageLimit
from lambda_function.api.schemas.types import ParameterId
from lambda_function.services import guardian_grants

router = Router()

GuardianId = Annotated[ParameterId, Path(description="Id of the guardian, who is a patient too")]


@router.get("/users/<user_id>/guardians", tags=["people"], summary="List the guardians of a patient")
def list_guardians(user_id: UserId, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None) -> GuardianPage:
    """Lists who acts for a patient today, by id: at most ten people. A guardian who is deactivated is listed, but can
    do nothing.

    Only receptionists may do this, for patients of their clinics, deactivated ones too. They see only guardians who
    are patients of their clinics. 403: the person is staff.
    """
    work = current_work()
    rows = guardian_grants.page(work, acting_id(work, user_id), after=paging.after_id(cursor), limit=limit + 1)
    return paging.page(rows, limit, key=lambda row: (row.user_id,), shown=shown_guardian)


@router.put(
    "/users/<user_id>/guardians/<guardian_id>",
    tags=["people"],
    summary="Make somebody the guardian of a patient",
    status_code=HTTPStatus.NO_CONTENT,
)
def put_guardian(user_id: UserId, guardian_id: GuardianId, wanted: NewGuardian | None = None) -> Response[None]:
    """Lets one patient act for another: find, book, move and cancel the other's appointments and waitlist entries, and
    see the other's profile. Repeated, it renews the reason and the end.

    Only receptionists may do this, for two patients of their clinics. Somebody who belongs to no clinic yet is 404
    until they have a visit in one. 403: one of the two is staff. For a patient under 18, it ends on the eighteenth
    birthday, whatever the reason; send the request again with a reason from then on. For others a `reason` is required
    (422), and only deleting the guardian ends it.

    422 also if the two are the same person; if the guardian has a guardian or the patient is one, because acting is
    not passed on; if the patient has ten guardians; or if the guardian has 50 dependants.
    """
    work = current_work()
    guardian_grants.put(work, acting_id(work, user_id), guardian_id, None if wanted is None else wanted.reason)
    return Response(HTTPStatus.NO_CONTENT)


@router.delete(
    "/users/<user_id>/guardians/<guardian_id>",
    tags=["people"],
    summary="Remove a guardian of a patient",
    status_code=HTTPStatus.NO_CONTENT,
)
def delete_guardian(user_id: UserId, guardian_id: GuardianId) -> Response[None]:
    """Removes the guardian, who can do nothing for the patient from then on. What the guardian has booked stays.

    Only receptionists may do this, for two patients of their clinics, deactivated ones too. 403: one of the two is
    staff. 404: this person is not a guardian of the patient.
    """
    work = current_work()
    guardian_grants.remove(work, acting_id(work, user_id), guardian_id)
    return Response(HTTPStatus.NO_CONTENT)
