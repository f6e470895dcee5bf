"""Messages to people: which there are, and a reminder by hand."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from lambda_function.api.ids import acting_id
from lambda_function.api.middleware import current_work
from lambda_function.api.routes.appointments import AppointmentId
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.empty import EmptyBody
from lambda_function.api.schemas.notifications import Notification, NotificationPage, shown_notification
from lambda_function.api.schemas.paging import DEFAULT_LIMIT, PageCursor, PageLimit
from lambda_function.api.schemas.types import ParameterId, ParameterIdOrMe
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.services.notifications import by_hand, listing

router = Router()


@router.get("/notifications", tags=["notifications"], summary="List messages to people")
def list_notifications(  # noqa: PLR0917 - Powertools passes them by name
    appointment_id: Annotated[ParameterId | None, Query(description="Only those about this appointment")] = None,
    user_id: Annotated[ParameterIdOrMe | None, Query(description="Only those to this person, or `me`")] = None,
    status: Annotated[NotificationStatus | None, Query(description="Only those with this status")] = None,
    kind: Annotated[NotificationKind | None, Query(description="Only those that tell this")] = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> NotificationPage:
    """Lists the messages that the clinic has sent or is about to send, by id, and what became of them. Their text and
    address are stored nowhere.

    Receptionists see those of their clinics, patients those to themselves and to their dependants; doctors get 403. A
    422 names the filter whose id the caller may not see.
    """
    work = current_work()
    wanted = listing.NotificationSearch(
        limit=limit + 1,
        after=paging.after_id(cursor),
        appointment_id=appointment_id,
        user_id=acting_id(work, user_id),
        status=status,
        kind=kind,
    )
    rows = listing.search(work, wanted)
    return paging.page(rows, limit, key=lambda row: (row.notification_id,), shown=shown_notification)


@router.post(
    "/appointments/<appointment_id>/remind",
    tags=["notifications"],
    summary="Remind a patient of an appointment",
    status_code=HTTPStatus.ACCEPTED,
)
def remind_of_appointment(appointment_id: AppointmentId, body: EmptyBody | None = None) -> Response[Notification]:
    """Reminds the patient, or the guardians of a patient who has no address, of a `BOOKED` appointment that is still
    ahead. The answer is the message, which is sent within a minute or two, or as the clinic's quiet hours allow; look
    at its `status` and `reason`.

    Receptionists may do this in their clinics. 409 `reminded_recently`: the last reminder is less than an hour old, or
    is about to be sent. 409 `invalid_transition`: the appointment is not `BOOKED`, or it has started; read it again.
    """
    planned = by_hand.remind(current_work(), appointment_id)
    return Response(HTTPStatus.ACCEPTED, content_types.APPLICATION_JSON, shown_notification(planned))
