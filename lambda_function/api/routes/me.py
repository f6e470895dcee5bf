"""The caller."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from lambda_function.api.etags import expected_versions
from lambda_function.api.middleware import current_work
from lambda_function.api.routes.users import ProfileMatch, profile
from lambda_function.api.schemas.people import Person, PersonChange
from lambda_function.services import people

router = Router()


@router.get("/me", tags=["people"], summary="The caller's own profile")
def get_me() -> Response[Person]:
    return profile(people.own_profile(current_work()))


@router.patch("/me", tags=["people"], summary="Change one's own name and contact data")
def change_me(change: PersonChange, if_match: ProfileMatch = None) -> Response[Person]:
    return profile(people.change_own(current_work(), change.changes(), expected_versions(if_match)))
