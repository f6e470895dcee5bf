"""People, as far as the caller may see them."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from lambda_function.api.middleware import current_work
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.paging import DEFAULT_LIMIT, PageCursor, PageLimit
from lambda_function.api.schemas.people import NewPatient, Person, PersonPage
from lambda_function.api.schemas.types import ParameterIdOrMe, SearchText
from lambda_function.domain.actor import Role
from lambda_function.services import people

router = Router()


@router.get("/users", tags=["people"], summary="People whom the caller may see")
def get_users(
    user_type: Annotated[Role | None, Query()] = None,
    q: Annotated[SearchText | None, Query(description="Start of a name, user name, e-mail or phone")] = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> PersonPage:
    rows = people.search(current_work(), role=user_type, prefix=q, after=paging.after_id(cursor), limit=limit + 1)
    page, last = paging.split(rows, limit)
    return PersonPage(
        items=[Person.model_validate(row) for row in page],
        next_cursor=paging.encode(last.user_id) if last else None,
    )


@router.get("/users/<user_id>", tags=["people"], summary="One person")
def get_user(user_id: Annotated[ParameterIdOrMe, Path()]) -> Person:
    work = current_work()
    return Person.model_validate(people.get(work, work.actor.user_id if user_id == "me" else user_id))


@router.post("/users", tags=["people"], summary="Create a patient", status_code=HTTPStatus.CREATED)
def post_user(patient: NewPatient) -> Response[Person]:
    created = people.create_patient(current_work(), **patient.model_dump())
    return Response(
        HTTPStatus.CREATED,
        content_types.APPLICATION_JSON,
        Person.model_validate(created),
        headers={"Location": f"/users/{created.user_id}"},
    )
