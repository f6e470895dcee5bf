"""Cognito and the service as a partner's program sees them, on one port. They behave well, except where a test orders
something else.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

POOL_ID = "us-east-1_Partners"
PASSWORD = "A-passw0rd-of-its-0wn"
PATIENT = 6
SLOTS = ["2030-01-09T14:00:00Z", "2030-01-09T14:15:00Z", "2030-01-09T14:30:00Z"]
BOOKING = "POST /appointments"
VISIT = "GET /appointments/17"
REGISTERED = {"status": "DONE", "version": 1, "error": None, "at": "2030-01-07T14:00:01Z"}
ON_ITS_WAY = {"status": "PENDING", "version": 1, "error": None, "at": None}
FAILED = {"status": "FAILED", "version": 1, "error": "unavailable", "at": "2030-01-07T14:00:01Z"}


class Ordered(NamedTuple):
    """What one request is answered with instead. Without a status it is carried out, but the connection breaks before
    the answer.
    """

    status: int | None = None
    body: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it
    headers: dict[str, str] = {}  # noqa: RUF012


class Sent(NamedTuple):
    what: str
    token: str
    key: str
    body: str


class PartnerServer(ThreadingHTTPServer):
    """`ordered` names the answers of the next requests, by method and path. `registrations` are those that the visit
    has when it is read, one after the other; it keeps the last. `log_ins` are the flows of Cognito that were used.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ordered: defaultdict[str, list[Ordered]] = defaultdict(list)
        self.registrations: list[dict[str, Any] | None] = [None]
        self.patients = [PATIENT]
        self.expires_in = 900
        self.refreshes = True
        self.log_ins: list[str] = []
        self.tokens: list[str] = []
        self.sent: list[Sent] = []
        self.booked: dict[str, str] = {}
        self._srp = Verifier()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def bookings(self) -> list[Sent]:
        return [request for request in self.sent if request.what == BOOKING]

    def answer(self, sent: Sent, query: str) -> Ordered:
        self.sent.append(sent)
        ordered = self.ordered[sent.what].pop(0) if self.ordered[sent.what] else None
        if ordered and ordered.status:
            return ordered
        result = self._cognito(sent) if sent.what == "POST /" else self._service(sent, query)
        return ordered or result

    def _service(self, sent: Sent, query: str) -> Ordered:
        if sent.token not in self.tokens[-1:]:
            return Ordered(401, {"message": "Unauthorized"})
        if sent.what == "GET /users":
            assert query == "identifier=insurance%3ARIM-204417"
            return Ordered(200, {"items": [{"user_id": one} for one in self.patients], "next_cursor": None})
        if sent.what == "GET /availability":
            assert f"patient_id={PATIENT}" in query
            items = [{"doctor_id": 1, "clinic_id": 1, "starts_at": start} for start in SLOTS]
            return Ordered(200, {"items": items, "next_cursor": None})
        if sent.what == BOOKING:
            assert self.booked.setdefault(sent.key, sent.body) == sent.body
            return Ordered(201, {"appointment_id": 17})
        assert sent.what == VISIT
        shown = self.registrations.pop(0) if len(self.registrations) > 1 else self.registrations[0]
        clinic = {"clinic_id": 1, "time_zone": "America/Lima"}
        return Ordered(200, {"starts_at": SLOTS[0], "clinic": clinic, "registration": shown})

    def _cognito(self, sent: Sent) -> Ordered:
        request = json.loads(sent.body)
        assert request["ClientId"] == "a-client"
        flow = request.get("AuthFlow", "RespondToAuthChallenge")
        parameters = request.get("AuthParameters", {})
        self.log_ins.append(flow)
        if flow == "USER_SRP_AUTH":
            challenge = self._srp.challenge(int(parameters["SRP_A"], 16))
            return Ordered(200, {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": challenge})
        right: dict[str, Callable[[], bool]] = {
            "USER_PASSWORD_AUTH": lambda: parameters == {"USERNAME": "insurer", "PASSWORD": PASSWORD},
            "REFRESH_TOKEN_AUTH": lambda: self.refreshes and parameters == {"REFRESH_TOKEN": "a-refresh-token"},
            "RespondToAuthChallenge": lambda: self._srp.accepts(request["ChallengeResponses"]),
        }
        if not right[flow]():
            return Ordered(400, {"__type": "NotAuthorizedException", "message": "Incorrect username or password."})
        self.tokens.append(f"access-{len(self.tokens) + 1}")
        result = {"AccessToken": self.tokens[-1], "ExpiresIn": self.expires_in, "TokenType": "Bearer"}
        again = {} if flow == "REFRESH_TOKEN_AUTH" else {"RefreshToken": "a-refresh-token"}
        return Ordered(200, {"AuthenticationResult": result | again})


class Verifier:
    """The other side of SRP as Cognito has it, which knows only a verifier of the password."""

    n = int(
        "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
        "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
        "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
        "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
        "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
        "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
        "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
        "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
        16,
    )
    who = "Partners" + "a-user-id"

    def __init__(self) -> None:
        self._salt = secrets.randbits(128)
        inner = hashlib.sha256(f"{self.who}:{PASSWORD}".encode()).digest()
        self._verifier = pow(2, _number(_padded(self._salt) + inner), self.n)
        self._block = secrets.token_bytes(48)
        self._key = b""

    def challenge(self, theirs: int) -> dict[str, str]:
        secret = secrets.randbits(1024)
        multiplier = _number(_padded(self.n) + _padded(2))
        ours = (multiplier * self._verifier + pow(2, secret, self.n)) % self.n
        scramble = _number(_padded(theirs) + _padded(ours))
        shared = pow(theirs * pow(self._verifier, scramble, self.n), secret, self.n)
        drawn = hmac.digest(_padded(scramble), _padded(shared), "sha256")
        self._key = hmac.digest(drawn, b"Caldera Derived Key\x01", "sha256")[:16]
        block = base64.b64encode(self._block).decode()
        return {
            "SALT": f"{self._salt:x}",
            "SRP_B": f"{ours:x}",
            "SECRET_BLOCK": block,
            "USERNAME": "insurer",
            "USER_ID_FOR_SRP": "a-user-id",
        }

    def accepts(self, responses: dict[str, str]) -> bool:
        signed = self.who.encode() + self._block + responses["TIMESTAMP"].encode()
        return responses["USERNAME"] == "insurer" and hmac.compare_digest(
            responses["PASSWORD_CLAIM_SIGNATURE"],
            base64.b64encode(hmac.digest(self._key, signed, "sha256")).decode(),
        )


def _number(hashed: bytes) -> int:
    return int(hashlib.sha256(hashed).hexdigest(), 16)


def _padded(number: int) -> bytes:
    """Cognito's numbers are those of Java, whose first bit is the sign."""
    text = f"{number:x}"
    text = "0" * (len(text) % 2) + text
    return bytes.fromhex(text if text[0] in "01234567" else f"00{text}")


@contextmanager
def partner_server() -> Iterator[PartnerServer]:
    with PartnerServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: PartnerServer
    # A program that keeps connections meets one that the server closes without an answer, too.
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
        """Logs nothing."""

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        sent = Sent(f"{self.command} {path}", token, self.headers.get("Idempotency-Key", ""), body)
        answer = self.server.answer(sent, query)
        if answer.status is None:
            self.close_connection = True
            return
        text = json.dumps(answer.body).encode()
        self.send_response_only(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)
