"""The calendar feed and the token that opens it."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import Field
from typing_extensions import TypedDict

from lambda_function.api.calendar_feed import calendar, state_of, zone_of
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
    summary="Create a calendar token",
    status_code=HTTPStatus.CREATED,
)
def create_calendar_token(body: EmptyBody | None = None) -> Response[Token]:
    """Creates the secret that opens the caller's calendar feed, `GET /calendar.ics`. The previous one stops working.

    Every role may do this for itself. The token is shown only once, and a repetition with the same `Idempotency-
    Key` creates another one. It stays bound to the role and the clinics that the caller has now: in another role it
    no longer works. Everybody who knows it can read the feed, so treat it like a password.
    """
    token: Token = {"token": calendar_feed.new_token(current_work())}
    return Response(HTTPStatus.CREATED, content_types.APPLICATION_JSON, token)


@router.delete(
    "/me/calendar-token", tags=["calendar"], summary="Close the calendar feed", status_code=HTTPStatus.NO_CONTENT
)
def delete_calendar_token() -> Response[None]:
    """Ends the caller's calendar token, so that the address of the feed no longer works.

    Every role may do this for itself. 404: the caller has no token.
    """
    calendar_feed.revoke_token(current_work())
    return Response(HTTPStatus.NO_CONTENT)


@router.get(
    "/calendar.ics",
    tags=["calendar"],
    summary="Read the calendar feed",
    responses={
        200: {"description": "iCalendar", "content": {"text/calendar": {"schema": {"type": "string"}}}},
        304: {"description": "The feed has not changed since the ETag was read"},
    },
)
def get_calendar(
    token: Annotated[str, Query(description="The secret that `POST /me/calendar-token` answered")] = "",
    if_none_match: Annotated[
        str | None,
        Header(alias="If-None-Match", description="The ETag that was read; 304 if nothing has changed since"),
    ] = None,
) -> Response[str]:
    """Answers the appointments of the token's owner, and of the patients for whom the owner acts, as iCalendar, for
    calendar programs. Anybody who has the calendar token may read it, without an access token.

    The feed has at most 5,000 appointments: first all that are ahead, then the latest of the past year. It holds no
    notes. Send the ETag in `If-None-Match` to get 304 while nothing has changed, and do not ask more often than
    every few minutes. 404: the token is wrong or has ended; create another one.
    """
    work = current_work()
    mark = calendar_feed.open_feed(work, token)
    role, zone = work.actor.role, zone_of(mark, work.now)
    state = state_of(mark, role, zone)
    headers = {"ETag": f'"{state}"'}
    if if_none_match is not None and names_tag(if_none_match, state):
        return Response(HTTPStatus.NOT_MODIFIED, body="", headers=headers)
    if is_head(router.current_event):
        return Response(HTTPStatus.OK, ICALENDAR, "", headers=headers)
    text = calendar(calendar_feed.feed_entries(work), work.actor, mark.installation_id, zone)
    return Response(HTTPStatus.OK, ICALENDAR, text, headers=headers)
