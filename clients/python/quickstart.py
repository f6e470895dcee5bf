"""Books the first free check-up, lists the caller's visits, and cancels it again, all through the generated client.

    make clients && pip install build/clients/python
    TOKEN=$(make -s token AS=pat) python clients/python/quickstart.py

TOKEN is an access token, API the address of the service.
"""

import os
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from dentist_client import AuthenticatedClient
from dentist_client.api.appointments import book_appointment, cancel_appointment, list_appointments
from dentist_client.api.availability import list_free_slots
from dentist_client.models import (
    Appointment,
    AppointmentPage,
    Cancellation,
    FreeSlot,
    FreeSlotPage,
    NewAppointment,
    Status,
)
from dentist_client.types import Response

CHECKUP = 1
CONFLICT = 409
# The gateway throttles, or the service is busy.
WAIT = frozenset({429, 503})
_Answer = TypeVar("_Answer")


def sent(send: Callable[[], Response[Any]]) -> Response[Any]:
    """Sends a request, and sends it again after as many seconds as the service asks for, up to three times. Its key
    makes this safe: a request that was already carried out is not carried out twice.
    """
    for _ in range(3):
        answer = send()
        if answer.status_code not in WAIT:
            return answer
        time.sleep(float(answer.headers.get("Retry-After", 1)))  # as long as the service asks for
    return send()


def parsed(response: Response[Any], kind: type[_Answer]) -> _Answer:
    if not isinstance(response.parsed, kind):
        sys.exit(f"The service answers {response.status_code}: {response.content.decode()}")
    return response.parsed


def book(client: AuthenticatedClient, slots: list[FreeSlot]) -> tuple[Appointment, str]:
    """Books the first slot that nobody takes before us, and returns the appointment and its ETag."""
    for slot in slots:
        wanted = NewAppointment(doctor_id=slot.doctor_id, treatment_id=CHECKUP, starts_at=slot.starts_at)
        key = str(uuid.uuid4())
        answer = sent(partial(book_appointment.sync_detailed, client=client, body=wanted, idempotency_key=key))
        if answer.status_code != CONFLICT:
            return parsed(answer, Appointment), answer.headers["ETag"]
    sys.exit("There is no free time.")


def main(api: str, token: str) -> None:
    now = datetime.now(UTC)
    with AuthenticatedClient(base_url=api, token=token) as client:
        # At least two days ahead, because an appointment can be cancelled until a day before.
        start, end = now + timedelta(days=2), now + timedelta(days=16)
        free = sent(
            partial(list_free_slots.sync_detailed, client=client, treatment_id=CHECKUP, from_=start, to=end, limit=20)
        )
        booked, etag = book(client, parsed(free, FreeSlotPage).items)
        print(f"Booked appointment {booked.appointment_id} with {booked.doctor.full_name}")

        page = sent(partial(list_appointments.sync_detailed, client=client, status=Status.BOOKED, from_=now))
        print("Booked visits:", *(visit.appointment_id for visit in parsed(page, AppointmentPage).items))

        # If-Match: cancel it only if nobody has changed it since.
        cancelled = sent(
            partial(
                cancel_appointment.sync_detailed,
                booked.appointment_id,
                client=client,
                body=Cancellation(reason="Only an example"),
                if_match=etag,
                idempotency_key=str(uuid.uuid4()),
            )
        )
        print(f"Cancelled appointment {parsed(cancelled, Appointment).appointment_id}")


if __name__ == "__main__":
    main(os.environ.get("API", "http://127.0.0.1:8000"), os.environ.get("TOKEN") or sys.exit(__doc__))
