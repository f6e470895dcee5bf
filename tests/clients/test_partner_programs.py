"""The partners' programs of docs/examples/partner, against a service that does what a test orders and against the
local stack. docs/integrations.md says what the programs promise.
"""

import json
import os
import re
from pathlib import Path

import pytest

from dev.aws import PASSWORD as DEMO_PASSWORD
from dev.stack import Addresses
from dev.token import access_token
from tests.clients.partner_programs import FOLDER, PROGRAMS, Partner, each_program, run
from tests.clients.partner_server import BOOKING, FAILED, ON_ITS_WAY, REGISTERED, SLOTS, VISIT, Ordered, PartnerServer
from tests.dev.http_server import Client
from tests.dev.running_stack import REPOSITORY, RunningStack
from tests.docs.documents import rows, spans

PAGE = (REPOSITORY / "docs" / "integrations.md").read_text()
TAKEN = Ordered(409, {"code": "doctor_busy"})
BOOKED = "Patient 6\nBooked appointment 17: 2030-01-09 09:00 America/Lima\n"


def test_no_program_goes_untried() -> None:
    programs = {path.name for path in FOLDER.iterdir() if path.is_file()}
    assert programs == {*PROGRAMS, *(f"srp{Path(name).suffix}" for name in PROGRAMS)}


@each_program
def test_the_page_has_every_argument_variable_and_exit_code_of_a_program(name: str) -> None:
    program = (FOLDER / name).read_text()
    cells = [row[0] for row in rows(PAGE)]
    told = {span for cell in cells for span in spans(cell)}
    variables = set(re.findall(r"environment\([\"']([A-Z_]+)", program))
    assert variables == {span for span in told if re.fullmatch(r"[A-Z_]+", span)}
    arguments = {span.removeprefix("--") for span in told if span.startswith("--")}
    assert all(re.search(rf"[\"'](--)?{argument}[\"']", program) for argument in arguments)
    assert [cell for cell in cells if cell.isdigit()] == [str(code) for code in range(8)]


@each_program
def test_the_first_free_time_is_booked_and_followed_to_the_register(
    server: PartnerServer, partner: Partner, name: str
) -> None:
    server.registrations = [ON_ITS_WAY, ON_ITS_WAY, REGISTERED]
    ran = partner.run(name)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == f"{BOOKED}Registration: PENDING\nRegistration: DONE\n"
    assert [json.loads(body) for body in server.booked.values()] == [
        {"patient_id": 6, "doctor_id": 1, "treatment_id": 1, "starts_at": SLOTS[0]}
    ]


@each_program
def test_a_country_without_a_register_needs_no_registration(partner: Partner, name: str) -> None:
    ran = partner.run(name)
    assert (ran.returncode, ran.stdout) == (0, f"{BOOKED}Registration: not needed\n")


@each_program
def test_a_failed_registration_is_for_the_clinic(server: PartnerServer, partner: Partner, name: str) -> None:
    server.registrations = [ON_ITS_WAY, FAILED]
    ran = partner.run(name)
    assert (ran.returncode, ran.stdout) == (5, f"{BOOKED}Registration: PENDING\nRegistration: FAILED\n")
    assert "unavailable" in ran.stderr
    assert "Tell the clinic" in ran.stderr
    assert "POST /appointments/17/register" in ran.stderr


@each_program
def test_a_registration_that_never_comes_ends_with_the_patience(
    server: PartnerServer, partner: Partner, name: str
) -> None:
    server.registrations = [ON_ITS_WAY]
    ran = partner.run(name, pause=0.02, patience=2)
    assert (ran.returncode, ran.stdout) == (6, f"{BOOKED}Registration: PENDING\n")
    assert "not registered yet" in ran.stderr
    # At least 10, 20, 40, 80, 160, 320 and 640 ms apart, and then no longer within two seconds.
    assert 3 <= sum(request.what == VISIT for request in server.sent) <= 9


@each_program
def test_a_throttled_program_waits_as_long_as_it_is_told(server: PartnerServer, partner: Partner, name: str) -> None:
    server.ordered[BOOKING] = [Ordered(429, headers={"Retry-After": "0"})]
    server.ordered["GET /users"] = [Ordered(503, {"code": "contention"}, {"Retry-After": "0"})]
    assert partner.run(name, pause=3600).returncode == 0
    assert len({booking.key for booking in server.bookings()}) == 1


@each_program
def test_a_program_that_is_told_to_wait_longer_than_its_patience_gives_up(
    server: PartnerServer, partner: Partner, name: str
) -> None:
    server.ordered["GET /users"] = [Ordered(429, headers={"Retry-After": "3600"})]
    ran = partner.run(name, patience=60)
    assert (ran.returncode, ran.stdout) == (7, "")
    assert ran.stderr == "No answer in time; the last status was 429. Run the same command again.\n"


@each_program
def test_a_throttled_program_that_is_told_nothing_backs_off(server: PartnerServer, partner: Partner, name: str) -> None:
    server.ordered["GET /users"] = [Ordered(429, {"message": "Too Many Requests"})] * 100
    assert partner.run(name, pause=0.02, patience=2).returncode == 7
    assert 3 <= sum(request.what == "GET /users" for request in server.sent) <= 9


@each_program
def test_a_booking_whose_answer_is_lost_is_made_once(server: PartnerServer, partner: Partner, name: str) -> None:
    in_flight = Ordered(409, {"code": "idempotency_in_flight"}, {"Retry-After": "0"})
    server.ordered[BOOKING] = [Ordered(503), Ordered(), in_flight, Ordered()]
    assert partner.run(name).returncode == 0
    assert len(server.bookings()) == 5
    assert len({(booking.key, booking.body) for booking in server.bookings()}) == len(server.booked) == 1


@each_program
def test_a_time_that_was_taken_is_left_for_the_next_one_with_another_key(
    server: PartnerServer, partner: Partner, name: str
) -> None:
    server.ordered[BOOKING] = [TAKEN, Ordered(409, {"code": "chair_busy"})]
    assert partner.run(name).returncode == 0
    assert [json.loads(booking.body)["starts_at"] for booking in server.bookings()] == SLOTS
    assert len({booking.key for booking in server.bookings()}) == 3


@each_program
def test_a_run_that_was_stopped_is_continued_by_the_next_one(
    server: PartnerServer, partner: Partner, name: str
) -> None:
    server.ordered[BOOKING] = [Ordered()]
    assert partner.run(name, pause=3600).returncode == 7
    ran = partner.run(name)
    assert (ran.returncode, ran.stdout) == (0, f"{BOOKED}Registration: not needed\n".removeprefix("Patient 6\n"))
    first, second = server.bookings()
    assert (first.key, first.body) == (second.key, second.body)

    assert partner.run(name).returncode == 0
    assert len(server.bookings()) == 2


@each_program
def test_a_continued_run_takes_another_time_if_its_own_was_taken(
    server: PartnerServer, partner: Partner, name: str
) -> None:
    server.ordered[BOOKING] = [Ordered(503), TAKEN, TAKEN]
    assert partner.run(name, pause=3600).returncode == 7
    assert partner.run(name).returncode == 0
    assert len(server.booked) == 1


@each_program
def test_a_booking_that_was_begun_a_day_ago_is_not_repeated(server: PartnerServer, partner: Partner, name: str) -> None:
    server.ordered[BOOKING] = [Ordered()]
    assert partner.run(name, pause=3600).returncode == 7
    yesterday = partner.file.stat().st_mtime - 24 * 3600
    os.utime(partner.file, (yesterday, yesterday))
    ran = partner.run(name)
    assert ran.returncode == 1
    assert "begun too long ago" in ran.stderr
    assert len(server.bookings()) == 1


@each_program
def test_an_insurance_number_that_nobody_has_is_told(server: PartnerServer, partner: Partner, name: str) -> None:
    server.patients = []
    ran = partner.run(name)
    assert ran.returncode == 3
    assert "No patient of your clinics has this insurance number" in ran.stderr


@each_program
def test_an_insurance_number_of_two_countries_is_told(server: PartnerServer, partner: Partner, name: str) -> None:
    server.patients = [6, 7]
    ran = partner.run(name)
    assert ran.returncode == 3
    assert "Use an account for one country" in ran.stderr


@each_program
def test_a_program_says_that_there_is_no_free_time(server: PartnerServer, partner: Partner, name: str) -> None:
    server.ordered[BOOKING] = [TAKEN] * 3
    ran = partner.run(name)
    assert ran.returncode == 4
    assert "There is no free time" in ran.stderr
    assert not partner.file.exists()


@each_program
def test_a_program_says_what_the_service_says(server: PartnerServer, partner: Partner, name: str) -> None:
    server.ordered[BOOKING] = [Ordered(422, {"code": "too_soon", "request_id": "abc"})]
    ran = partner.run(name)
    assert ran.returncode == 1
    assert ran.stderr == 'The service answers 422: {"code": "too_soon", "request_id": "abc"}\n'


@each_program
def test_a_program_says_which_variable_is_missing(partner: Partner, name: str) -> None:
    ran = partner.run(name, PARTNER_USER="")
    assert (ran.returncode, ran.stderr) == (2, "PARTNER_USER is needed. See docs/integrations.md.\n")


@each_program
def test_a_program_says_which_argument_is_wrong(name: str) -> None:
    ran = run(name, "--insurance", "RIM-204417", "--treatment", "check-up", "--booking", "visit.json")
    assert ran.returncode == 2
    assert "--treatment" in ran.stderr


@pytest.fixture(scope="module")
def insurer(stack: RunningStack) -> dict[str, str]:
    """The environment of an insurer whose account an operator has made as docs/integrations.md says."""
    create = (
        "users create insurer --type receptionist --name Insurer --email insurer@example.org --clinic 'Lima Centro'"
    )
    made = stack.make("operator", f"ARGS={create}")
    assert made.returncode == 0, made.stderr
    assert stack.make("token", "AS=insurer").returncode == 0
    addresses = Addresses.of_running_stack(stack.folder)
    return {
        "API": addresses.api,
        "COGNITO": addresses.aws,
        "COGNITO_CLIENT_ID": addresses.client_id,
        "COGNITO_USER_POOL_ID": addresses.pool_id,
        "PARTNER_USER": "insurer",
        "PARTNER_PASSWORD": DEMO_PASSWORD,
    }


@each_program
def test_an_insured_patient_is_booked_at_the_local_stack(
    stack: RunningStack, insurer: dict[str, str], tmp_path: Path, name: str
) -> None:
    patient = {"full_name": f"Rosario {name}", "identifiers": [{"system": "insurance", "value": f"RIM {name}"}]}
    headers = [("Authorization", f"Bearer {access_token(stack.folder, 'rita')}"), ("Content-Type", "application/json")]
    entered = Client(stack.port).send("POST", "/users", headers, json.dumps(patient).encode())
    assert entered.status == 201, entered.body

    partner = Partner(insurer["API"], tmp_path)
    ran = partner.run(name, insurance=f"rim {name}", pause=0.2, patience=60, **insurer)

    assert (ran.returncode, ran.stderr) == (0, "")
    told = re.fullmatch(
        r"Patient (\d+)\nBooked appointment (\d+): \d{4}-\d\d-\d\d \d\d:\d\d America/Lima\n"
        r"(?:Registration: PENDING\n)?Registration: DONE\n",
        ran.stdout,
    )
    assert told, ran.stdout
    visit = Client(stack.port).send("GET", f"/appointments/{told[2]}", headers).json()
    assert visit["patient"]["user_id"] == int(told[1]) == entered.json()["user_id"]
    assert visit["receptionist"]["full_name"] == "Insurer"
