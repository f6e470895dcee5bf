"""Books a visit for an insured patient, and follows it until the country's register has it. Needs nothing but Python.

    python docs/examples/partner/partner.py --insurance RIM-204417 --treatment 1 --booking visit.json

docs/integrations.md explains the arguments, the environment variables, what is printed and the exit codes.
"""

import argparse
import json
import os
import random
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

import srp

REFUSED, WRONG_USE, NO_PATIENT, NO_TIME, NOT_REGISTERED, PENDING, NO_ANSWER = range(1, 8)
TAKEN = {"doctor_busy", "patient_busy", "chair_busy"}
LONGEST_PAUSE = 30
# A token is renewed a minute before it expires, so that it is still good when the request arrives.
MARGIN = 60
# The service forgets a key after 24 hours.
KEY_HOLDS = 23 * 3600


def stop(code: int, message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(code)


class Answer(NamedTuple):
    """Status 0 means that no answer came, so that nobody knows whether the request was carried out."""

    status: int
    text: str = ""
    retry_after: str = ""

    @property
    def body(self) -> dict[str, Any]:
        try:
            document = json.loads(self.text)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    def again(self) -> bool:
        """Whether the same request may succeed a little later."""
        code = self.body.get("code") or self.body.get("__type", "").split("#")[-1]
        later = {"idempotency_in_flight", "TooManyRequestsException", "LimitExceededException"}
        return self.status in {0, 429} or self.status >= 500 or code in later


class Pauses:
    """The pauses between attempts at one thing. Each is about twice as long as the one before, and none ends after the
    patience does. A part of each is left to chance, so that many programs do not come back at the same moment.
    """

    def __init__(self) -> None:
        self._next = options.pause
        self._end = time.monotonic() + options.patience

    def wait(self, retry_after: str = "") -> bool:
        """Waits as long as the service asked, or else for the next pause. False if that is longer than the patience."""
        seconds = float(retry_after) if retry_after.isdecimal() else self._next * random.uniform(0.5, 1)  # noqa: S311 - no secret
        self._next = min(self._next * 2, LONGEST_PAUSE)
        if time.monotonic() + seconds > self._end:
            return False
        time.sleep(seconds)
        return True


def once(method: str, url: str, headers: dict[str, str], body: str | None) -> Answer:
    request = Request(url, method=method, data=body.encode() if body else None, headers=headers)
    try:
        with urlopen(request, timeout=30) as answer:
            return Answer(answer.status, answer.read().decode())
    except HTTPError as error:
        return Answer(error.code, error.read().decode(), error.headers.get("Retry-After", ""))
    except (OSError, HTTPException):
        return Answer(0)


def until_answered(attempt: Callable[[], Answer]) -> Answer:
    """Repeats the same request until the service answers, or until the patience is over."""
    pauses = Pauses()
    while (answer := attempt()).again():
        if not pauses.wait(answer.retry_after):
            stop(NO_ANSWER, f"No answer in time; the last status was {answer.status}. Run the same command again.")
    return answer


class Account:
    """The partner's own account, and its tokens."""

    def __init__(self) -> None:
        self._access = ""
        self._refresh = ""
        self._good_until = 0.0

    def token(self) -> str:
        if time.monotonic() >= self._good_until:
            self._renew()
        return self._access

    def forget(self) -> None:
        """Gets another access token before the next request, because the service refuses this one."""
        self._good_until = 0.0

    def _renew(self) -> None:
        answer = Answer(0)
        if self._refresh:
            answer = self._initiate("REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": self._refresh})
        if answer.status != 200:
            answer = self._log_in()
        result = answer.body.get("AuthenticationResult")
        if not result:
            why = answer.body.get("ChallengeName") or answer.body.get("__type", answer.status)
            stop(REFUSED, f"Cognito does not log {environment('PARTNER_USER')} in: {why}. See docs/integrations.md.")
        self._access = result["AccessToken"]
        self._refresh = result.get("RefreshToken", self._refresh)
        self._good_until = time.monotonic() + result["ExpiresIn"] - MARGIN

    def _log_in(self) -> Answer:
        user, password = environment("PARTNER_USER"), environment("PARTNER_PASSWORD")
        flow = environment("AUTH_FLOW", "USER_SRP_AUTH")
        if flow == "USER_PASSWORD_AUTH":
            return self._initiate(flow, {"USERNAME": user, "PASSWORD": password})
        pool_id, proof = environment("COGNITO_USER_POOL_ID"), srp.Proof()
        answer = self._initiate(flow, {"USERNAME": user, "SRP_A": f"{proof.public:x}"})
        if answer.body.get("ChallengeName") != "PASSWORD_VERIFIER":
            return answer
        responses = proof.answer(pool_id, password, answer.body["ChallengeParameters"])
        return self._cognito(
            "RespondToAuthChallenge", {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": responses}
        )

    def _initiate(self, flow: str, parameters: dict[str, str]) -> Answer:
        return self._cognito("InitiateAuth", {"AuthFlow": flow, "AuthParameters": parameters})

    def _cognito(self, action: str, request: dict[str, Any]) -> Answer:
        body = json.dumps({"ClientId": environment("COGNITO_CLIENT_ID"), **request})
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AWSCognitoIdentityProviderService.{action}",
        }
        return until_answered(lambda: once("POST", environment("COGNITO", "http://127.0.0.1:5000"), headers, body))


def call(method: str, path: str, body: str | None = None, key: str | None = None) -> Answer:
    """Sends a request with the account's token, and with a new one if the service refuses that."""

    def attempt() -> Answer:
        headers = {"Authorization": f"Bearer {account.token()}", "Content-Type": "application/json"}
        return once(method, api + path, headers | ({"Idempotency-Key": key} if key else {}), body)

    answer = until_answered(attempt)
    if answer.status == 401:
        account.forget()
        answer = until_answered(attempt)
    return answer


def expected(answer: Answer) -> dict[str, Any]:
    """Returns the body of a success, and stops at a refusal."""
    if not 200 <= answer.status < 300:
        stop(REFUSED, f"The service answers {answer.status}: {answer.text}")
    return answer.body


def patient() -> int:
    query = urlencode({"identifier": f"insurance:{options.insurance}"})
    found = expected(call("GET", f"/users?{query}"))["items"]
    if not found:
        stop(
            NO_PATIENT, "No patient of your clinics has this insurance number. Register the patient first: POST /users."
        )
    if len(found) > 1:
        stop(NO_PATIENT, "Patients of several countries have this insurance number. Use an account for one country.")
    return int(found[0]["user_id"])


def free_times(patient_id: int) -> list[dict[str, Any]]:
    start = options.start or datetime.now(UTC).replace(microsecond=0)
    end = start + timedelta(days=options.days)
    query = {"treatment_id": options.treatment, "patient_id": patient_id, "limit": 50}
    query |= {"from": start.isoformat(), "to": end.isoformat()} | (
        {"clinic_id": options.clinic} if options.clinic else {}
    )
    return list(expected(call("GET", f"/availability?{urlencode(query)}"))["items"])


class Booking:
    """A booking, whose key and request are kept in a file before they are sent. Whatever stops the program, the next
    run sends the same again, so that nothing is booked twice.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}

    def made(self) -> int:
        """Returns the id of the appointment, which is booked unless an earlier run has done it."""
        if "appointment_id" in self._kept:
            return int(self._kept["appointment_id"])
        if self._kept and time.time() - self._file.stat().st_mtime > KEY_HOLDS:
            stop(
                REFUSED,
                "This booking was begun too long ago to repeat it. See what the patient has; then delete the file.",
            )
        if self._kept and (begun := self._sent()):
            return begun
        patient_id = patient()
        print(f"Patient {patient_id}")
        for slot in free_times(patient_id):
            wanted = {"patient_id": patient_id, "doctor_id": slot["doctor_id"], "starts_at": slot["starts_at"]}
            self._keep({"key": str(uuid.uuid4()), "request": json.dumps(wanted | {"treatment_id": options.treatment})})
            if made := self._sent():
                return made
        self._file.unlink(missing_ok=True)  # nothing is booked
        stop(NO_TIME, "There is no free time. Look at other days (--from, --days), or at another clinic.")

    def _sent(self) -> int | None:
        """Returns the id, or None if somebody else has the time."""
        answer = call("POST", "/appointments", self._kept["request"], self._kept["key"])
        if answer.status == 409 and answer.body.get("code") in TAKEN:
            return None
        appointment_id = int(expected(answer)["appointment_id"])
        self._keep(self._kept | {"appointment_id": appointment_id})
        return appointment_id

    def _keep(self, kept: dict[str, Any]) -> None:
        """Replaces the file as a whole, so that it is never half written."""
        self._kept = kept
        new = self._file.with_name(self._file.name + ".new")
        new.write_text(json.dumps(kept))
        new.replace(self._file)


def follow(appointment_id: int) -> None:
    """Asks until the register of the clinic's country has the visit, less and less often."""
    pauses, told = Pauses(), ""
    appointment = expected(call("GET", f"/appointments/{appointment_id}"))
    starts_at = datetime.fromisoformat(appointment["starts_at"])
    zone = appointment["clinic"]["time_zone"]
    print(f"Booked appointment {appointment_id}: {starts_at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}")
    while registration := appointment.get("registration"):
        if registration["status"] != told:
            told = registration["status"]
            print(f"Registration: {told}")
        if told == "DONE":
            return
        if told == "FAILED":
            stop(
                NOT_REGISTERED,
                f"The register refuses the visit: {registration['error']}. Tell the clinic, which sends it again with "
                f"POST /appointments/{appointment_id}/register. Then run the same command again.",
            )
        if not pauses.wait():
            stop(PENDING, "The visit is booked, but not registered yet. Run the same command again later.")
        appointment = expected(call("GET", f"/appointments/{appointment_id}"))
    print("Registration: not needed")


def environment(name: str, default: str = "") -> str:
    return os.environ.get(name) or default or stop(WRONG_USE, f"{name} is needed. See docs/integrations.md.")


def instant(text: str) -> datetime:
    if (parsed := datetime.fromisoformat(text)).tzinfo is None:
        raise ValueError
    return parsed


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Books a visit for an insured patient. See docs/integrations.md.")
    parser.add_argument("--insurance", required=True)
    parser.add_argument("--treatment", required=True, type=int)
    parser.add_argument("--booking", required=True, type=Path)
    parser.add_argument("--clinic", type=int)
    parser.add_argument("--from", dest="start", type=instant)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--pause", type=float, default=1)
    parser.add_argument("--patience", type=float, default=300)
    return parser.parse_args()


options = arguments()
api = environment("API", "http://127.0.0.1:8000")
account = Account()
follow(Booking(options.booking).made())
