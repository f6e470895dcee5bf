"""A page on another port of this machine calls the local stack in a real browser, without any settings."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dev.token import access_token
from tests.dev.browser import browser, outcome
from tests.dev.running_stack import RunningStack

pytestmark = pytest.mark.skipif(browser() is None, reason="a page needs a browser: apt-get install chromium")

_CALL = """
const call = async (method, path, headers = {}, body = undefined) => {
  const authorization = { authorization: `Bearer ${given.token}` };
  const answer = await fetch(given.api + path, { method, headers: { ...authorization, ...headers }, body });
  const kept = ["etag", "idempotency-replayed", "location"].map(name => [name, answer.headers.get(name)]);
  return { status: answer.status, headers: Object.fromEntries(kept), body: await answer.json() };
};
"""
_BOOK = (
    _CALL
    + """
const json = { "content-type": "application/json" };
const patient = (await call("GET", "/users?q=pat")).body.items.find(user => user.user_name === "pat");
const free = (await call("GET", `/availability?treatment_id=1&clinic_id=1&limit=200&${given.range}`)).body.items.at(-1);
const wish = JSON.stringify(
  { doctor_id: free.doctor_id, patient_id: patient.user_id, treatment_id: 1, starts_at: free.starts_at });
const key = { "idempotency-key": crypto.randomUUID() };
const booked = await call("POST", "/appointments", { ...json, ...key }, wish);
const repeated = await call("POST", "/appointments", { ...json, ...key }, wish);
const cancelled = await call("POST", `${booked.headers.location}/cancel`, { ...json, "if-match": booked.headers.etag },
  JSON.stringify({ reason: "the page has shown what it can" }));
return { booked, repeated, cancelled };
"""
)


def _given(stack: RunningStack, user_name: str) -> dict[str, str]:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    day, fortnight = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (start, start + timedelta(days=14)))
    return {
        "api": f"http://127.0.0.1:{stack.port}",
        "token": access_token(stack.folder, user_name),
        "range": f"from={day}&to={fortnight}",
    }


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_page_books_and_cancels_and_reads_the_headers_that_it_needs(
    stack: RunningStack, tmp_path: Path, host: str
) -> None:
    told = outcome(_BOOK, _given(stack, "rita"), tmp_path, host)

    assert "error" not in told, told
    booked = told["booked"]
    assert (booked["status"], booked["headers"]["etag"]) == (201, '"1"'), booked
    assert booked["headers"]["location"] == f"/appointments/{booked['body']['appointment_id']}"
    assert told["repeated"]["headers"]["idempotency-replayed"] == "true"
    assert (told["cancelled"]["status"], told["cancelled"]["body"]["status"]) == (200, "CANCELLED")


def test_a_page_can_read_why_it_is_refused(stack: RunningStack, tmp_path: Path) -> None:
    script = _CALL + 'return call("GET", "/me", { authorization: "Bearer nonsense" });'

    assert outcome(script, _given(stack, "pat"), tmp_path)["status"] == 401
