"""People, as far as the caller may see them."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Header, Query

from lambda_function.api.etags import etag, expected_versions
from lambda_function.api.ids import UserId, acting_id
from lambda_function.api.middleware import current_work
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.empty import EmptyBody
from lambda_function.api.schemas.paging import DEFAULT_LIMIT, PageCursor, PageLimit
from lambda_function.api.schemas.people import NewPatient, Person, PersonChange, PersonPage
from lambda_function.api.schemas.types import SearchText
from lambda_function.db.repositories.people import PersonView
from lambda_function.domain.actor import Role
from lambda_function.services import deactivation, people

router = Router()

ProfileMatch = Annotated[str | None, Header(alias="If-Match", description="ETag that the profile must still have")]


def profile(row: PersonView, status: HTTPStatus = HTTPStatus.OK) -> Response[Person]:
    """One person, with the version as the ETag."""
    person = Person.model_validate(row)
    headers = {"ETag": etag(person.version)}
    if status is HTTPStatus.CREATED:
        headers["Location"] = f"/users/{person.user_id}"
    return Response(status, content_types.APPLICATION_JSON, person, headers=headers)


@router.get("/users", tags=["people"], summary="People whom the caller may see")
def list_users(
    user_type: Annotated[Role | None, Query()] = None,
    q: Annotated[SearchText | None, Query(description="Start of a name, user name, e-mail or phone")] = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> PersonPage:
    rows = people.search(current_work(), role=user_type, prefix=q, after=paging.after_id(cursor), limit=limit + 1)
    return paging.page(rows, limit, key=lambda row: (row.user_id,), shown=Person.model_validate)


@router.get("/users/<user_id>", tags=["people"], summary="One person")
def get_user(user_id: UserId) -> Response[Person]:
    work = current_work()
    return profile(people.get(work, acting_id(work, user_id)))


@router.patch("/users/<user_id>", tags=["people"], summary="Change a patient's name and contact data")
def change_user(user_id: UserId, change: PersonChange, if_match: ProfileMatch = None) -> Response[Person]:
    work = current_work()
    expected = expected_versions(if_match)
    return profile(people.change_patient(work, acting_id(work, user_id), change.changes(), expected))


@router.delete(
    "/users/<user_id>",
    tags=["people"],
    summary="Deactivate a patient, and cancel what is ahead",
    status_code=HTTPStatus.NO_CONTENT,
)
def deactivate_user(user_id: UserId) -> Response[None]:
    work = current_work()
    deactivation.deactivate_patient(work, acting_id(work, user_id))
    return Response(HTTPStatus.NO_CONTENT)


@router.post("/users", tags=["people"], summary="Create a patient", status_code=HTTPStatus.CREATED)
def create_user(patient: NewPatient) -> Response[Person]:
    return profile(people.create_patient(current_work(), patient.new_user()), HTTPStatus.CREATED)


@router.post("/users/<user_id>/reactivate", tags=["people"], summary="Let a deactivated patient back in")
def reactivate_user(user_id: UserId, body: EmptyBody | None = None) -> Response[Person]:
    work = current_work()
    return profile(deactivation.reactivate_patient(work, acting_id(work, user_id)))
