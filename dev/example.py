"""The first booking, ready to be pasted: its people and its free time are looked up through the API."""

import json
import urllib.request
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from dev.stack import StackError

_FRIDAY = 5
_STEP = timedelta(minutes=30)


class _Api:
    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token

    def items(self, path: str, **query: str | int) -> list[dict[str, Any]]:
        """The first page of a list.

        Raises:
            StackError: the API does not answer with one.
        """
        request = urllib.request.Request(  # noqa: S310 - the address is ours, and http
            f"{self._url}{path}?{urlencode(query)}", headers={"Authorization": f"Bearer {self._token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - see above
                items: list[dict[str, Any]] = json.load(response)["items"]
        except (URLError, TimeoutError) as error:
            raise StackError(f"The API does not answer GET {path} as it should: {error}") from error
        return items

    def user_id(self, user_name: str) -> int:
        found = self.items("/users", q=user_name)
        return int(next(user["user_id"] for user in found if user["user_name"] == user_name))


def booking_command(url: str, token: str, token_command: str) -> str | None:
    """The curl with which `rita` books `pat` a check-up with `drjay`; None if he is busy all month.

    Args:
        url: of the API.
        token: an access token of rita's.
        token_command: what prints one at the terminal.
    """
    api = _Api(url, token)
    doctor_id = api.user_id("drjay")
    patient_id = api.user_id("pat")
    starts_at = _free_time(api, doctor_id, patient_id)
    if starts_at is None:
        return None
    booking = {
        "doctor_id": doctor_id,
        "patient_id": patient_id,
        "treatment_id": 1,
        "starts_at": starts_at.isoformat(),
    }
    return (
        f"curl -i -X POST {url}/appointments \\\n"
        f'  -H "Authorization: Bearer $({token_command})" \\\n'
        f"  -H 'Content-Type: application/json' \\\n"
        f"  -d '{json.dumps(booking)}'"
    )


def _free_time(api: _Api, doctor_id: int, patient_id: int) -> datetime | None:
    """The first half-hour in office hours of a weekday, from tomorrow on, that is far from both people's visits."""
    clinic_id = next(item["clinic_id"] for item in api.items("/doctors") if item["user_id"] == doctor_id)
    zone = ZoneInfo(next(c["time_zone"] for c in api.items("/clinics") if c["clinic_id"] == clinic_id))
    today = datetime.now(zone).date()
    for day in (today + timedelta(days=days) for days in range(1, 31)):
        if day.isoweekday() <= _FRIDAY:
            opens, closes = (datetime.combine(day, time(hour), zone).astimezone(UTC) for hour in (9, 17))
            visits = [
                *_visits(api, opens, closes, doctor_id=doctor_id),
                *_visits(api, opens, closes, patient_id=patient_id),
            ]
            times = (opens + number * _STEP for number in range((closes - opens) // _STEP))
            for starts_at in times:
                if all(starts_at + _STEP <= starts or ends <= starts_at for starts, ends in visits):
                    return starts_at.astimezone(zone)
    return None


def _visits(api: _Api, opens: datetime, closes: datetime, **person: int) -> list[tuple[datetime, datetime]]:
    """When the person is busy, with room for the buffers round a visit."""
    window = {"from": (opens - 6 * _STEP).isoformat(), "to": (closes + _STEP).isoformat()}
    items = api.items("/appointments", limit=100, **window, **person)
    return [
        (datetime.fromisoformat(item["starts_at"]) - _STEP, datetime.fromisoformat(item["ends_at"]) + _STEP)
        for item in items
        if item["status"] not in {"CANCELLED", "NO_SHOW"}
    ]
