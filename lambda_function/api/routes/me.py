"""The caller."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router

from lambda_function.api.etags import etag, expected_versions
from lambda_function.api.middleware import current_work
from lambda_function.api.routes.users import ProfileMatch
from lambda_function.api.schemas.people import Caller, OwnChange, shown_caller
from lambda_function.services import people, person_changes
from lambda_function.services.people import OwnProfile

router = Router()


def answer_caller(profile: OwnProfile) -> Response[Caller]:
    """The caller, with the version as the ETag."""
    caller = shown_caller(profile)
    return Response(HTTPStatus.OK, content_types.APPLICATION_JSON, caller, headers={"ETag": etag(caller.version)})


@router.get("/me", tags=["people"], summary="Read the caller's profile")
def get_me() -> Response[Caller]:
    """Answers the person who is calling, and the patients for whom they act, with the person's version as the ETag.
    Every role may do this.
    """
    return answer_caller(people.own_profile(current_work()))


@router.patch("/me", tags=["people"], summary="Change the caller's profile")
def change_me(change: OwnChange, if_match: ProfileMatch = None) -> Response[Caller]:
    """Changes the caller's name and contact data, and how and in which language the caller hears from the clinic.
    Every role may do this for itself. 403: another date of birth is known already, which receptionists can correct.

    Send the ETag in `If-Match`; 412 means that somebody changed the profile: read it again. A change that changes
    nothing keeps the version.
    """
    return answer_caller(person_changes.change_own(current_work(), change.changes(), expected_versions(if_match)))
