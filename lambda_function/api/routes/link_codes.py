"""How an account becomes the person whom a reception has entered."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from typing_extensions import TypedDict

from lambda_function.api.ids import UserId, acting_id
from lambda_function.api.middleware import current_work
from lambda_function.api.routes.users import profile
from lambda_function.api.schemas.empty import EmptyBody
from lambda_function.api.schemas.people import Person
from lambda_function.services import link_codes
from lambda_function.services.text_rules import printable

router = Router()


class NewLinkCode(TypedDict):
    """A code with which a patient links their account."""

    code: Annotated[str, Field(description="The code; it is shown only this once")]
    expires_at: Annotated[datetime, Field(description="Until when the code can be used, in UTC")]


class Link(BaseModel):
    """The code that a reception has handed out."""

    model_config = ConfigDict(extra="forbid")

    # Any text: one that cannot be a code is a wrong one.
    code: Annotated[
        str,
        StringConstraints(min_length=1, max_length=200),
        AfterValidator(printable),
        Field(description="The code; blanks, hyphens and the case of letters do not matter"),
    ]


@router.post(
    "/users/<user_id>/link-code",
    tags=["people"],
    summary="A code with which a patient links their account, once and within 7 days; the one before ends",
    status_code=HTTPStatus.CREATED,
)
def create_link_code(user_id: UserId, body: EmptyBody | None = None) -> Response[NewLinkCode]:
    work = current_work()
    made = link_codes.new_code(work, acting_id(work, user_id))
    answer: NewLinkCode = {"code": made.code, "expires_at": made.expires_at}
    return Response(HTTPStatus.CREATED, content_types.APPLICATION_JSON, answer)


@router.post("/me/link", tags=["people"], summary="Make the caller's account that of the person of a code")
def link_account(link: Link) -> Response[Person]:
    return profile(link_codes.link_account(current_work(), link.code))
