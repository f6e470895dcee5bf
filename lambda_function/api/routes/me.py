"""The caller."""

from aws_lambda_powertools.event_handler.api_gateway import Router

from lambda_function.api.middleware import current_work
from lambda_function.api.schemas.people import Person
from lambda_function.services import people

router = Router()


@router.get("/me", tags=["people"], summary="The caller's own profile")
def get_me() -> Person:
    return Person.model_validate(people.own_profile(current_work()))
