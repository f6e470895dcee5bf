"""The one table of the codes of problems: the status that each is answered with, and what it means."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple


class ProblemCode(NamedTuple):
    """`meaning` is a sentence that could be the `detail` of a problem; openapi.json explains the code with it."""

    status: HTTPStatus
    meaning: str


PROBLEM_CODES: Mapping[str, ProblemCode] = MappingProxyType(
    {
        "malformed_json": ProblemCode(
            HTTPStatus.BAD_REQUEST, "The body is not JSON in UTF-8, or JSON that can be read in two ways."
        ),
        "not_supported": ProblemCode(
            HTTPStatus.BAD_REQUEST, "FHIR has this parameter or value, but this service does not support it."
        ),
        "unauthenticated": ProblemCode(HTTPStatus.UNAUTHORIZED, "A valid access token is needed."),
        "forbidden": ProblemCode(
            HTTPStatus.FORBIDDEN, "The account is unknown or deactivated, or the role of the caller may not do this."
        ),
        "not_found": ProblemCode(HTTPStatus.NOT_FOUND, "There is no such thing, or the caller may not see it."),
        "method_not_allowed": ProblemCode(HTTPStatus.METHOD_NOT_ALLOWED, "This address does not support the method."),
        "name_taken": ProblemCode(
            HTTPStatus.CONFLICT, "Somebody has this user name already, in capital or small letters."
        ),
        "possible_duplicate": ProblemCode(
            HTTPStatus.CONFLICT, "There are patients who may be the same person. Look at them first."
        ),
        "identifier_taken": ProblemCode(
            HTTPStatus.CONFLICT, "Another person has one of these identifiers. Check them, and ask the patient."
        ),
        "doctor_busy": ProblemCode(HTTPStatus.CONFLICT, "The doctor is busy or off at that time. Choose another time."),
        "patient_busy": ProblemCode(
            HTTPStatus.CONFLICT, "The patient has another visit at that time. Choose another time."
        ),
        "chair_busy": ProblemCode(
            HTTPStatus.CONFLICT, "The chair is taken at that time, or no chair is free. Choose another time."
        ),
        "has_bookings": ProblemCode(HTTPStatus.CONFLICT, "There are visits that have to be moved or cancelled first."),
        "invalid_transition": ProblemCode(
            HTTPStatus.CONFLICT, "The current status does not allow this step. Read it again."
        ),
        "too_many_requests_open": ProblemCode(
            HTTPStatus.CONFLICT, "The patient has three requests that the clinic has not confirmed yet."
        ),
        "too_many_open_visits": ProblemCode(
            HTTPStatus.CONFLICT, "The patient has as many visits ahead as the clinic allows. Cancel one first."
        ),
        "already_waiting": ProblemCode(
            HTTPStatus.CONFLICT, "The patient is already waiting for the same, at overlapping times."
        ),
        "reminded_recently": ProblemCode(
            HTTPStatus.CONFLICT, "The patient has been reminded within the last hour, or is about to be."
        ),
        "already_recalled": ProblemCode(
            HTTPStatus.CONFLICT, "The patient has an open recall for this treatment already."
        ),
        "no_register": ProblemCode(HTTPStatus.CONFLICT, "The country of the appointment has no register of visits."),
        "link_refused": ProblemCode(
            HTTPStatus.CONFLICT, "The person has an account already, or this code cannot link this account."
        ),
        "too_many_waiting": ProblemCode(
            HTTPStatus.CONFLICT, "The patient has ten open waitlist entries. Withdraw one first."
        ),
        "offer_expired": ProblemCode(HTTPStatus.CONFLICT, "The offer has expired or has been taken back."),
        "idempotency_in_flight": ProblemCode(
            HTTPStatus.CONFLICT, "The first request with this Idempotency-Key is still being served."
        ),
        "stale_version": ProblemCode(
            HTTPStatus.PRECONDITION_FAILED, "It has changed since the ETag in If-Match was read. Read it again."
        ),
        "too_large": ProblemCode(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is larger than 64 KiB."),
        "unsupported_media_type": ProblemCode(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The media type of the body is not supported here."
        ),
        "validation_error": ProblemCode(
            HTTPStatus.UNPROCESSABLE_ENTITY, "A field, a parameter or the body as a whole breaks a rule."
        ),
        "too_soon": ProblemCode(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "The start is in the past, or sooner than the clinic allows patients to book.",
        ),
        "too_late": ProblemCode(HTTPStatus.UNPROCESSABLE_ENTITY, "The start is further ahead than can be booked."),
        "outside_hours": ProblemCode(HTTPStatus.UNPROCESSABLE_ENTITY, "The doctor does not work at that time."),
        "range_too_wide": ProblemCode(HTTPStatus.UNPROCESSABLE_ENTITY, "The range is longer than this route allows."),
        "past_cutoff": ProblemCode(
            HTTPStatus.UNPROCESSABLE_ENTITY, "It is too late for the patient to change this visit. Call the clinic."
        ),
        "off_grid": ProblemCode(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "A start must be on a whole five minutes; for patients, one that is offered.",
        ),
        "ambiguous_time": ProblemCode(
            HTTPStatus.UNPROCESSABLE_ENTITY, "This local time occurs twice, because the clocks go back."
        ),
        "nonexistent_time": ProblemCode(
            HTTPStatus.UNPROCESSABLE_ENTITY, "This local time does not occur, because the clocks go forward."
        ),
        "treatment_not_offered": ProblemCode(
            HTTPStatus.UNPROCESSABLE_ENTITY, "The doctor does not offer this treatment."
        ),
        "idempotency_mismatch": ProblemCode(
            HTTPStatus.UNPROCESSABLE_ENTITY, "This Idempotency-Key has been used with another request."
        ),
        "throttled": ProblemCode(
            HTTPStatus.TOO_MANY_REQUESTS,
            "There are too many requests, or there were too many wrong codes or identifiers today.",
        ),
        "internal_error": ProblemCode(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side."),
        "contention": ProblemCode(
            HTTPStatus.SERVICE_UNAVAILABLE, "Other requests are changing the same data. Try again."
        ),
        "unavailable": ProblemCode(
            HTTPStatus.SERVICE_UNAVAILABLE, "The service is temporarily unavailable. Try again."
        ),
    }
)
