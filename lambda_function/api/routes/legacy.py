"""The original's `/appointment`, for its callers."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler.api_gateway import Router

from lambda_function.api.middleware import current_work
from lambda_function.api.schemas.legacy import LegacyBooking, LegacyReceipt, LegacyVisit
from lambda_function.services import legacy

router = Router()


@router.get("/appointment", tags=["legacy"], summary="Visits from today on, by user name")
def list_visits_by_name() -> list[LegacyVisit]:
    return [
        {
            "doctor": visit.doctor,
            "receptionist": visit.receptionist,
            "patient": visit.patient,
            "appointment_date": visit.local_start.isoformat(sep=" ", timespec="seconds"),
        }
        for visit in legacy.upcoming(current_work())
    ]


@router.post("/appointment", tags=["legacy"], summary="Book by user name", status_code=HTTPStatus.CREATED)
def book_visit_by_name(wanted: LegacyBooking) -> LegacyReceipt:
    view = legacy.book_by_name(
        current_work(), patient=wanted.patient, doctor=wanted.doctor, local_start=wanted.appointment_date
    )
    return {"verificationNumber": str(view.appointment_id)}
