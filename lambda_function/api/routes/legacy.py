"""The original's `/appointment`, for its callers."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler.api_gateway import Router

from lambda_function.api.middleware import current_work
from lambda_function.api.schemas.legacy import LegacyBooking, LegacyReceipt, LegacyVisit
from lambda_function.services import legacy

router = Router()


@router.get("/appointment", tags=["legacy"], summary="List coming visits by user name")
def list_visits_by_name() -> list[LegacyVisit]:
    """Lists the visits from the start of today on that the caller may see, earliest first and at most 1,000. Each
    clinic's own day and clocks count.

    This is a route of the first version of the service; new programs use `GET /appointments`. Patients see their own
    visits and those of their dependants, doctors their own calendar, and receptionists those of their clinics.
    Cancelled and missed visits are left out.
    """
    return [
        {
            "doctor": visit.doctor,
            "receptionist": visit.receptionist,
            "patient": visit.patient,
            "appointment_date": local_start.isoformat(sep=" ", timespec="seconds"),
        }
        for visit, local_start in legacy.upcoming(current_work())
    ]


@router.post("/appointment", tags=["legacy"], summary="Book by user name", status_code=HTTPStatus.CREATED)
def book_visit_by_name(wanted: LegacyBooking) -> LegacyReceipt:
    """Books the doctor's usual treatment for a patient, at a local time of the doctor's clinic.

    This is a route of the first version of the service; new programs use `POST /appointments`. Only receptionists
    may call it, for their clinics. The rules and refusals are those of `POST /appointments`. 404: there is no such
    patient or doctor. 422 `ambiguous_time` or `nonexistent_time`: the clocks change at that time, so choose another
    one or use the new route. The body is read as JSON, whatever its Content-Type says.
    """
    view = legacy.book_by_name(
        current_work(), patient=wanted.patient, doctor=wanted.doctor, local_start=wanted.appointment_date
    )
    return {"verificationNumber": str(view.appointment_id)}
