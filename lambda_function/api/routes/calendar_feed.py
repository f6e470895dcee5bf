"""The calendar feed and the token that opens it."""

from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import Field
from typing_extensions import TypedDict

from lambda_function.api.calendar_feed import FORMAT, calendar
from lambda_function.api.etags import names_tag
from lambda_function.api.middleware import current_work, is_head
from lambda_function.api.schemas.empty import EmptyBody
from lambda_function.services import calendar_feed

router = Router()

ICALENDAR = "text/calendar; charset=utf-8"


class Token(TypedDict):
    """The secret that opens a calendar feed."""

    token: Annotated[str, Field(description="The secret, for `GET /calendar.ics`; it is shown only this once")]


@router.post(
    "/me/calendar-token",
    tags=["calendar"],
    summary="A new token for the calendar feed, bound to the role and clinics of now; the one before is no longer good",
    status_code=HTTPStatus.CREATED,
)
def create_calendar_token(body: EmptyBody | None = None) -> Response[Token]:
    token: Token = {"token": calendar_feed.new_token(current_work())}
    return Response(HTTPStatus.CREATED, content_types.APPLICATION_JSON, token)


@router.delete(
    "/me/calendar-token", tags=["calendar"], summary="Close the calendar feed", status_code=HTTPStatus.NO_CONTENT
)
def delete_calendar_token() -> Response[None]:
    calendar_feed.revoke_token(current_work())
    return Response(HTTPStatus.NO_CONTENT)


@router.get(
    "/calendar.ics",
    tags=["calendar"],
    summary="The appointments of the token's owner, for calendar programs",
    responses={
        200: {"description": "iCalendar", "content": {"text/calendar": {"schema": {"type": "string"}}}},
        304: {"description": "It is still what the ETag stands for"},
    },
)
def get_calendar(
    token: Annotated[str, Query(description="From POST /me/calendar-token")] = "",
    if_none_match: Annotated[
        str | None, Header(alias="If-None-Match", description="ETag of the feed that the caller has")
    ] = None,
) -> Response[Any]:  # text, not JSON: there is nothing for Powertools to validate
    work = current_work()
    opened = calendar_feed.open_feed(work, token)
    # Summaries differ by role, and by how this release writes them.
    state = sha256(f"{FORMAT} {work.actor.role} {opened.mark()}".encode()).hexdigest()[:32]
    headers = {"ETag": f'"{state}"'}
    if if_none_match is not None and names_tag(if_none_match, state):
        return Response(HTTPStatus.NOT_MODIFIED, body="", headers=headers)
    text = "" if is_head(router.current_event) else calendar(opened.entries(), work.actor.role)
    return Response(HTTPStatus.OK, ICALENDAR, text, headers=headers)
