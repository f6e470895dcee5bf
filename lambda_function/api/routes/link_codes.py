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
    summary="Create a link code for a patient",
    status_code=HTTPStatus.CREATED,
)
def create_link_code(user_id: UserId, body: EmptyBody | None = None) -> Response[NewLinkCode]:
    """Creates a code with which a patient who signed up makes the account that of this person (`POST /me/link`). It
    can be used once, within seven days; the previous code stops working.

    Only receptionists may do this, for patients whom they see. The code is shown only once, and a repetition with
    the same `Idempotency-Key` creates another one. 403: the person is staff. 409 `link_refused`: the person has an
    account already.
    """
    work = current_work()
    made = link_codes.new_code(work, acting_id(work, user_id))
    answer: NewLinkCode = {"code": made.code, "expires_at": made.expires_at}
    return Response(HTTPStatus.CREATED, content_types.APPLICATION_JSON, answer)


@router.post("/me/link", tags=["people"], summary="Link the caller's account to a patient")
def link_account(link: Link) -> Response[Person]:
    """Makes the caller's account that of the patient for whom a reception created the code. From then on the caller
    is that patient; what the account was before is emptied.

    Only patients may do this. 409 `link_refused`: the code is wrong, used or expired, or the account has visits, open
    waitlist entries, guardians or dependants of its own; the answer does not say which. Check the code, then ask the
    reception. After ten wrong codes within a day of UTC, every code is refused with 429 until the next day.
    """
    return profile(link_codes.link_account(current_work(), link.code))
