"""Recalls: who is due for a treatment again, and what staff do about it."""

from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

from lambda_function.api.csv_table import CSV, MEDIA_TYPE, asks_for_csv, flat, table
from lambda_function.api.etags import etag, expected_versions
from lambda_function.api.ids import acting_id
from lambda_function.api.middleware import current_work
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.paging import DEFAULT_LIMIT, PageCursor, PageLimit
from lambda_function.api.schemas.recalls import (
    RECALL_COLUMNS,
    RECALL_PAGE,
    Dismissal,
    NewRecall,
    Recall,
    RecallChange,
    RecallEventPage,
    RecallPage,
    shown_recall,
    shown_recall_event,
)
from lambda_function.api.schemas.types import Day, ParameterId, ParameterIdOrMe
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.recalls import RecallState
from lambda_function.services import recall_lists, recalls
from lambda_function.services.recall_lists import RecallSearch

router = Router()

RecallId = Annotated[ParameterId, Path(description="Id of the recall")]
RecallMatch = Annotated[
    str | None, Header(alias="If-Match", description="The ETag that was read; 412 if the recall has changed since")
]


def _answer(work: UnitOfWork, recall_id: int, status: HTTPStatus = HTTPStatus.OK) -> Response[Recall]:
    """One recall, with the version as the ETag."""
    listing = recall_lists.get(work, recall_id)
    headers = {"ETag": etag(listing.recall.version)}
    if status is HTTPStatus.CREATED:
        headers["Location"] = f"/recalls/{recall_id}"
    shown = shown_recall(listing, staff=work.actor.is_staff)
    return Response(status, content_types.APPLICATION_JSON, shown, headers=headers)


@router.get(
    "/recalls",
    tags=["recalls"],
    summary="List recalls",
    responses={
        200: {
            "description": "A page",
            "content": {
                "application/json": {"model": RecallPage},
                MEDIA_TYPE: {"schema": {"type": "string"}},
            },
        }
    },
)
def list_recalls(  # noqa: PLR0917 - Powertools passes them by name
    clinic_id: Annotated[ParameterId | None, Query(description="Only those of this clinic")] = None,
    patient_id: Annotated[ParameterIdOrMe | None, Query(description="Only those of this patient, or `me`")] = None,
    treatment_id: Annotated[ParameterId | None, Query(description="Only those for this treatment")] = None,
    state: Annotated[RecallState | None, Query(description="Only those in this state now")] = None,
    due_from: Annotated[Day | None, Query(description="Only those that are due on or after this day")] = None,
    due_to: Annotated[Day | None, Query(description="Only those that are due on or before this day")] = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response[Any]:  # a closer type would make Powertools validate the page a second time
    """Lists the recalls that the caller may see and that match every filter, by `due_on` and then by id.

    Patients see their own and those of their dependants, doctors and receptionists those of their clinics. Contact data
    are null where the caller may not see them, and `note` is null for patients. A 422 names the filter that is wrong,
    such as an id of something that the caller may not see.

    With `treatment_id`, or with the state `UPCOMING`, `DUE` or `BOOKED`, a page ends after some thousands of recalls
    have been looked at. It may then be short or even empty, and only `next_cursor` says whether there is more;
    `due_from` and `due_to` make it quicker.

    With `Accept: text/csv`, receptionists get the page as CSV (others: 403); the header `Link` then has the address of
    the next page. A text that a spreadsheet would take for a formula has an apostrophe in front.
    """
    work = current_work()
    as_csv = asks_for_csv(router.current_event.headers.get("accept"))
    wanted = RecallSearch(
        limit=limit + 1,
        after=paging.after_due(cursor),
        clinic_id=clinic_id,
        patient_id=acting_id(work, patient_id),
        treatment_id=treatment_id,
        state=state,
        due_from=due_from,
        due_to=due_to,
    )
    found = recall_lists.search(work, wanted, export=as_csv)
    until = None if found.until is None else (found.until.due_on.isoformat(), found.until.recall_id)
    body: RecallPage = paging.page(
        found.recalls,
        limit,
        key=lambda row: (row.recall.due_on.isoformat(), row.recall.recall_id),
        shown=lambda row: shown_recall(row, staff=work.actor.is_staff),
        until=until,
    )
    if as_csv:
        return _csv(body)
    return Response(HTTPStatus.OK, content_types.APPLICATION_JSON, RECALL_PAGE.dump_json(body).decode())


def _csv(body: RecallPage) -> Response[Any]:
    headers = {}
    if body["next_cursor"] is not None:
        query = dict(parse_qsl(router.current_event.raw_event["rawQueryString"]))
        headers["Link"] = f'</recalls?{urlencode({**query, "cursor": body["next_cursor"]})}>; rel="next"'
    return Response(HTTPStatus.OK, CSV, table(RECALL_COLUMNS, map(flat, body["items"])), headers=headers)


@router.get("/recalls/<recall_id>", tags=["recalls"], summary="Read a recall")
def get_recall(recall_id: RecallId) -> Response[Recall]:
    """Answers one recall, with its version as the ETag.

    Patients see their own and those of their dependants, doctors and receptionists those of their clinics; any other is
    404.
    """
    return _answer(current_work(), recall_id)


@router.get("/recalls/<recall_id>/history", tags=["recalls"], summary="Read the history of a recall")
def list_recall_history(
    recall_id: RecallId, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None
) -> RecallEventPage:
    """Lists everything that happened to a recall, oldest first: who did what, when and why, and which visits opened and
    ended it.

    Doctors and receptionists may read it for recalls of their clinics; patients get 403.
    """
    after = None if cursor is None else paging.after_id(cursor)
    rows = recall_lists.history(current_work(), recall_id, after=after, limit=limit + 1)
    return paging.page(rows, limit, key=lambda row: (row.place,), shown=shown_recall_event)


@router.post("/recalls", tags=["recalls"], summary="Open a recall", status_code=HTTPStatus.CREATED)
def open_recall(wanted: NewRecall) -> Response[Recall]:
    """Notes that a patient is due for a treatment. Completing a visit does the same by itself if the treatment has
    `recall_months`, and ends the open recall for it.

    Doctors and receptionists may do this for patients of their clinics. The patient gets a message on each of the days
    before and after `due_on` that the clinic has chosen, as far as they are still ahead. 409 `already_recalled`: the
    patient has an open recall for the treatment, perhaps in another clinic; change or dismiss it there. An open one of
    a clinic that is no longer active is dismissed instead. 422 names the field that is wrong, such as a clinic that is
    no longer active; choose another one.
    """
    work = current_work()
    return _answer(work, recalls.open_recall(work, wanted.request(work)), HTTPStatus.CREATED)


@router.patch("/recalls/<recall_id>", tags=["recalls"], summary="Change a recall")
def change_recall(recall_id: RecallId, wanted: RecallChange, if_match: RecallMatch = None) -> Response[Recall]:
    """Changes the day, the doctor or the note of an open recall. If the day changes, the patient gets new messages.

    Doctors and receptionists may do this for recalls of their clinics. 412: somebody changed the recall since the ETag
    in `If-Match` was read; read it again. 409 `invalid_transition`: it is done or dismissed; open another one.
    """
    work = current_work()
    recalls.change(work, recall_id, wanted.values(work), expected_versions=expected_versions(if_match))
    return _answer(work, recall_id)


@router.post("/recalls/<recall_id>/dismiss", tags=["recalls"], summary="Dismiss a recall")
def dismiss_recall(recall_id: RecallId, dismissal: Dismissal, if_match: RecallMatch = None) -> Response[Recall]:
    """Ends an open recall without a visit; the patient gets no more messages about it. This cannot be undone, but
    another one can be opened.

    Doctors and receptionists may do this for recalls of their clinics. 409 `invalid_transition`: it is done or
    dismissed already; read it again.
    """
    work = current_work()
    recalls.dismiss(work, recall_id, dismissal.reason, expected_versions=expected_versions(if_match))
    return _answer(work, recall_id)
