"""The caller."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from lambda_function.api.etags import expected_versions
from lambda_function.api.middleware import current_work
from lambda_function.api.routes.users import ProfileMatch, profile
from lambda_function.api.schemas.people import Person, PersonChange
from lambda_function.services import people

router = Router()


@router.get("/me", tags=["people"], summary="Read the caller's profile")
def get_me() -> Response[Person]:
    """Answers the person who is calling, with the version as the ETag. Every role may do this."""
    return profile(people.own_profile(current_work()))


@router.patch("/me", tags=["people"], summary="Change the caller's profile")
def change_me(change: PersonChange, if_match: ProfileMatch = None) -> Response[Person]:
    """Changes the caller's name, e-mail address or telephone number. Every role may do this for itself.

    Send the ETag in `If-Match`; 412 means that somebody changed the profile: read it again. A change that changes
    nothing keeps the version.
    """
    return profile(people.change_own(current_work(), change.changes(), expected_versions(if_match)))
