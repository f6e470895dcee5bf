"""Books the first free check-up, lists the caller's visits, and cancels it again. Needs nothing but Python.

    TOKEN=$(make -s token AS=pat) python docs/examples/book.py

TOKEN is an access token, API the address of the service.
"""

import json
import os
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

API = os.environ.get("API", "http://127.0.0.1:8000")
TOKEN = os.environ.get("TOKEN") or sys.exit(__doc__)


def call(method: str, path: str, body: object = None, **headers: str) -> tuple[Any, str | None]:
    """Returns the answer's body and ETag. If the service is busy (503) or throttles (429), or does not answer, it waits
    and sends the same request again. The key makes this safe: a request that was already carried out is not carried
    out twice.

    Raises:
        HTTPError: any answer other than a success.
    """
    request = Request(API + path, method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Authorization", f"Bearer {TOKEN}")
    request.add_header("Content-Type", "application/json")
    request.add_header("Idempotency-Key", str(uuid.uuid4()))
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    for tries_left in (3, 2, 1, 0):
        try:
            with urlopen(request, timeout=10) as answer:
                return json.load(answer), answer.headers["ETag"]
        except HTTPError as error:
            if error.code not in {429, 503} or not tries_left:
                raise
            # The service says how many seconds it needs; trying earlier would only keep it busy. A 429 may not say it.
            time.sleep(float(error.headers["Retry-After"] or 1))
        except OSError:  # no connection, or no answer in time
            if not tries_left:
                raise
            # Nobody said how long to wait. A second lets a short interruption pass and does not flood the service.
            time.sleep(1)
    raise AssertionError("the last try returns or raises")


def free_slots() -> list[dict[str, Any]]:
    # At least two days ahead, because an appointment can be cancelled until a day before.
    now = datetime.now(UTC).replace(microsecond=0)
    window = {"from": (now + timedelta(days=2)).isoformat(), "to": (now + timedelta(days=16)).isoformat()}
    page, _ = call("GET", f"/availability?{urlencode({'treatment_id': 1, 'limit': 20, **window})}")
    return list(page["items"])


def book() -> tuple[Any, str | None]:
    """Books the first slot that nobody takes before us."""
    for slot in free_slots():
        try:
            wanted = {"doctor_id": slot["doctor_id"], "treatment_id": 1, "starts_at": slot["starts_at"]}
            return call("POST", "/appointments", wanted)
        except HTTPError as error:
            if error.code != 409:
                raise
    sys.exit("There is no free time.")


try:
    appointment, etag = book()
    number = appointment["appointment_id"]
    print(f"Booked appointment {number} at {appointment['starts_at']}")

    now = datetime.now(UTC).isoformat()
    page, _ = call("GET", f"/appointments?{urlencode({'status': 'BOOKED', 'from': now})}")
    print("Booked visits:", *(visit["appointment_id"] for visit in page["items"]))

    # If-Match: cancel it only if nobody has changed it since.
    call("POST", f"/appointments/{number}/cancel", {"reason": "Only an example"}, If_Match=etag or "*")
    print(f"Cancelled appointment {number}")
except HTTPError as error:
    sys.exit(f"The service answers {error.code}: {error.read().decode()}")
