"""Appointments: book, find, move, and the steps of their life."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

from lambda_function.api.etags import etag, expected_versions
from lambda_function.api.ids import acting_id
from lambda_function.api.middleware import current_work
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.appointments import (
    APPOINTMENT_PAGE,
    Appointment,
    AppointmentChange,
    AppointmentPage,
    Cancellation,
    EventPage,
    NewAppointment,
    shown,
    shown_event,
)
from lambda_function.api.schemas.empty import EmptyBody
from lambda_function.api.schemas.paging import DEFAULT_LIMIT, PageCursor, PageLimit
from lambda_function.api.schemas.types import CountryCode, Day, Instant, ParameterFlag, ParameterId, ParameterIdOrMe
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import Status, Step
from lambda_function.domain.registration import RegistrationStatus
from lambda_function.services import appointments, attendance, booking, lifecycle, moving, register_again

router = Router()

AppointmentId = Annotated[ParameterId, Path(description="Id of the appointment")]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The ETag that was read; 412 if the appointment has changed since")
]
FromFilter = Annotated[
    Instant | None, Query(alias="from", description="Only those that start at or after this time, with an offset")
]
DateFilter = Annotated[
    Day | None,
    Query(description="Only those on this day of the clinic's calendar; needs `clinic_id`, except for doctors"),
]
AttendanceFilter = Annotated[
    ParameterFlag | None,
    Query(description="`true` for only those whose patient has said that they will come, `false` for the others"),
]
CountryFilter = Annotated[
    CountryCode | None, Query(description="Only those in clinics of this country, two capital letters")
]
RegistrationFilter = Annotated[
    RegistrationStatus | None,
    Query(description="Only those whose `registration` has this `status`; only staff may give it"),
]


def answer_appointment(
    work: UnitOfWork, view: AppointmentView, status: HTTPStatus = HTTPStatus.OK
) -> Response[Appointment]:
    headers = {"ETag": etag(view.version)}
    if status is HTTPStatus.CREATED:
        headers["Location"] = f"/appointments/{view.appointment_id}"
    return Response(status, content_types.APPLICATION_JSON, shown(view, staff=work.actor.is_staff), headers=headers)


@router.get(
    "/appointments",
    tags=["appointments"],
    summary="Find appointments",
    responses={200: {"description": "A page", "content": {"application/json": {"model": AppointmentPage}}}},
)
def list_appointments(  # noqa: PLR0917 - Powertools passes them by name
    from_: FromFilter = None,
    to: Annotated[Instant | None, Query(description="Only those that start before this time, with an offset")] = None,
    date: DateFilter = None,
    status: Annotated[Status | None, Query(description="Only those with this status")] = None,
    doctor_id: Annotated[ParameterIdOrMe | None, Query(description="Only those with this doctor, or `me`")] = None,
    patient_id: Annotated[ParameterIdOrMe | None, Query(description="Only those of this patient, or `me`")] = None,
    clinic_id: Annotated[ParameterId | None, Query(description="Only those in this clinic")] = None,
    attendance_confirmed: AttendanceFilter = None,
    country: CountryFilter = None,
    registration: RegistrationFilter = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response[Any]:  # a closer type would make Powertools validate the page a second time
    """Lists the appointments that the caller may see and that match every filter, by start.

    Patients see their own appointments and those of their dependants, doctors their own calendar, and receptionists all
    appointments of their clinics, whatever the status. `date` cannot be combined with `from` or `to`. A 422 names the
    filter that is wrong, such as an id of something that the caller may not see.

    With `registration`, a page ends after some thousands of appointments have been looked at. It may then be short or
    even empty, and only `next_cursor` says whether there is more; `from` and `to` make it quicker.
    """
    work = current_work()
    found = appointments.search(
        work,
        appointments.AppointmentSearch(
            limit=limit + 1,
            after=paging.after_start(cursor),
            starts_from=from_,
            starts_before=to,
            day=date,
            statuses=None if status is None else {status},
            doctor_id=acting_id(work, doctor_id),
            patient_id=acting_id(work, patient_id),
            clinic_id=clinic_id,
            attendance_confirmed=attendance_confirmed,
            country=country,
            registration=registration,
        ),
    )
    body: AppointmentPage = paging.page(
        found.visits,
        limit,
        key=lambda row: (row.starts_at, row.appointment_id),
        shown=lambda row: shown(row, staff=work.actor.is_staff),
        until=found.until,
    )
    return Response(HTTPStatus.OK, content_types.APPLICATION_JSON, APPOINTMENT_PAGE.dump_json(body).decode())


@router.get("/appointments/<appointment_id>", tags=["appointments"], summary="Read an appointment")
def get_appointment(appointment_id: AppointmentId) -> Response[Appointment]:
    """Answers one appointment, with its version as the ETag.

    Patients see their own and their dependants', doctors their own, receptionists those of their clinics; any other is
    404. Only staff get `internal_note` and `override_reason`.
    """
    work = current_work()
    return answer_appointment(work, appointments.get(work, appointment_id))


@router.post("/appointments", tags=["appointments"], summary="Book an appointment", status_code=HTTPStatus.CREATED)
def book_appointment(wanted: NewAppointment) -> Response[Appointment]:
    """Books a visit and reserves doctor, patient and chair for its time.

    Patients book for themselves and their dependants, doctors in their own calendar for patients of their clinic, and
    receptionists for anybody in their clinics. When the treatment needs approval and a patient books, the status is
    `REQUESTED`: the time is reserved, and the clinic confirms. Otherwise it is `BOOKED`. The patient becomes a patient
    of the clinic.

    409 `doctor_busy`, `patient_busy` or `chair_busy`: the time is taken; ask `GET /availability` again and offer
    another one. Patients can book only starts that are listed there (422 `off_grid`), staff any five minutes. Nobody
    can book during the doctor's time off; with `override_reason`, receptionists can book outside working hours. 409
    `too_many_open_visits` or `too_many_requests_open`: a patient has to wait, or to cancel another visit first. 422
    names the field that breaks a rule; `too_soon` and `too_late` are the clinic's limits for patients.
    """
    work = current_work()
    return answer_appointment(work, booking.book(work, wanted.request(work)), HTTPStatus.CREATED)


@router.patch(
    "/appointments/<appointment_id>", tags=["appointments"], summary="Move an appointment or change its notes"
)
def change_appointment(
    appointment_id: AppointmentId, wanted: AppointmentChange, if_match: IfMatch = None
) -> Response[Appointment]:
    """Moves an appointment to another time, doctor or chair, and sets its notes. The id stays the same; the whole
    change happens or nothing does.

    Patients may move their own appointments and those of their dependants until the clinic's cut-off, doctors may move
    those in their own calendar, and receptionists any in their clinics, also to another doctor. All of them may set
    `patient_note`; staff may set `internal_note`. Only `REQUESTED` and `BOOKED` appointments that have not started can
    be moved. A visit that needs approval and that a patient moves is `REQUESTED` again. The time that it leaves is
    offered to the waitlist.

    Send the ETag in `If-Match`; 412 means that somebody changed the appointment: read it again and ask the person. 409
    `doctor_busy`, `patient_busy` or `chair_busy`: ask `GET /availability` with `exclude_appointment_id` for another
    time. Patients can move only to starts that are listed there: 422 `off_grid`. 422 `past_cutoff`: the patient has to
    call the clinic.
    """
    work = current_work()
    view = moving.change(work, appointment_id, wanted.request(work), expected_versions=expected_versions(if_match))
    return answer_appointment(work, view)


def _take(appointment_id: int, step: Step, if_match: str | None, reason: str | None = None) -> Response[Appointment]:
    work = current_work()
    view = lifecycle.take(work, appointment_id, step, reason=reason, expected_versions=expected_versions(if_match))
    return answer_appointment(work, view)


@router.post("/appointments/<appointment_id>/cancel", tags=["appointments"], summary="Cancel an appointment")
def cancel_appointment(
    appointment_id: AppointmentId, cancellation: Cancellation, if_match: IfMatch = None
) -> Response[Appointment]:
    """Cancels an appointment, which frees its time at once; the time is offered to the waitlist. This cannot be
    undone.

    Patients may cancel their own `REQUESTED` and `BOOKED` appointments, and those of their dependants, until the
    clinic's cut-off, doctors those in their own calendar, and receptionists any in their clinics. Staff may also cancel
    a `CHECKED_IN` appointment, and a request whose start has passed.

    409 `invalid_transition`: it has ended or started; read it again. 422 `past_cutoff`: the patient has to call the
    clinic.
    """
    return _take(appointment_id, Step.CANCEL, if_match, cancellation.reason)


@router.post("/appointments/<appointment_id>/confirm", tags=["appointments"], summary="Confirm a request")
def confirm_appointment(
    appointment_id: AppointmentId, body: EmptyBody | None = None, if_match: IfMatch = None
) -> Response[Appointment]:
    """Turns a `REQUESTED` appointment into a `BOOKED` one, before its start.

    The doctor of the appointment and the receptionists of its clinic may do this; a receptionist who confirms
    becomes its `receptionist`. 409 `invalid_transition`: it is no longer a request, or its start has passed; read it
    again.
    """
    return _take(appointment_id, Step.CONFIRM, if_match)


@router.post(
    "/appointments/<appointment_id>/confirm-attendance",
    tags=["appointments"],
    summary="Say that the patient will come",
)
def confirm_attendance(
    appointment_id: AppointmentId, body: EmptyBody | None = None, if_match: IfMatch = None
) -> Response[Appointment]:
    """Notes that the patient will come to a `BOOKED` appointment that is still ahead. Its status stays the same.

    Patients may say so of their own appointments and those of their dependants, and receptionists of any in their
    clinics, for instance after a call. A repeated request changes nothing. A move to another time or doctor takes it
    back. 409 `invalid_transition`: the appointment is not `BOOKED`, or it has started; read it again.
    """
    work = current_work()
    view = attendance.confirm(work, appointment_id, expected_versions=expected_versions(if_match))
    return answer_appointment(work, view)


@router.post("/appointments/<appointment_id>/check-in", tags=["appointments"], summary="Check a patient in")
def check_in_appointment(
    appointment_id: AppointmentId, body: EmptyBody | None = None, if_match: IfMatch = None
) -> Response[Appointment]:
    """Notes that the patient has arrived: `BOOKED` becomes `CHECKED_IN`.

    Receptionists may do this in their clinics, on the day of the appointment by the clinic's calendar. 409
    `invalid_transition`: it is another day, or the appointment is not `BOOKED`.
    """
    return _take(appointment_id, Step.CHECK_IN, if_match)


@router.post("/appointments/<appointment_id>/complete", tags=["appointments"], summary="Complete an appointment")
def complete_appointment(
    appointment_id: AppointmentId, body: EmptyBody | None = None, if_match: IfMatch = None
) -> Response[Appointment]:
    """Notes that the visit took place: `CHECKED_IN` becomes `COMPLETED`.

    Only the doctor of the appointment may do this, after its start. 409 `invalid_transition`: it has not started, or
    the patient has not been checked in.
    """
    return _take(appointment_id, Step.COMPLETE, if_match)


@router.post(
    "/appointments/<appointment_id>/no-show", tags=["appointments"], summary="Record that a patient did not come"
)
def mark_no_show(
    appointment_id: AppointmentId, body: EmptyBody | None = None, if_match: IfMatch = None
) -> Response[Appointment]:
    """Turns a `BOOKED` appointment whose patient did not come into a `NO_SHOW`, which frees the rest of its time.

    The doctor of the appointment and the receptionists of its clinic may do this, after its start. 409
    `invalid_transition`: it has not started, or it is not `BOOKED`.
    """
    return _take(appointment_id, Step.NO_SHOW, if_match)


@router.post(
    "/appointments/<appointment_id>/register",
    tags=["appointments"],
    summary="Register an appointment again",
    status_code=HTTPStatus.ACCEPTED,
)
def register_appointment(appointment_id: AppointmentId, body: EmptyBody | None = None) -> Response[Appointment]:
    """Sends an appointment to the register of its country again, for instance after it has `FAILED`.

    Receptionists may do this in their clinics. `registration` is `PENDING` until there is a new outcome; nothing else
    changes, and the version stays the same. 409 `no_register`: the country of the clinic has no register.
    """
    work = current_work()
    return answer_appointment(work, register_again.register_again(work, appointment_id), HTTPStatus.ACCEPTED)


@router.get(
    "/appointments/<appointment_id>/history", tags=["appointments"], summary="Read the history of an appointment"
)
def list_appointment_history(
    appointment_id: AppointmentId, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None
) -> EventPage:
    """Lists everything that happened to an appointment, oldest first: who did what, when and why.

    Whoever may see the appointment may read its history. Patients do not see changes of internal notes and override
    reasons.
    """
    work = current_work()
    rows = appointments.history(work, appointment_id, after=paging.after_id(cursor), limit=limit + 1)
    return paging.page(
        rows, limit, key=lambda row: (row.event_id,), shown=lambda row: shown_event(row, staff=work.actor.is_staff)
    )
