"""How the partners' programs of docs/examples/partner log in and keep their tokens."""

import pytest

from tests.clients.partner_programs import Partner, each_program
from tests.clients.partner_server import BOOKING, ON_ITS_WAY, PASSWORD, REGISTERED, VISIT, Ordered, PartnerServer


@each_program
def test_one_token_serves_all_requests_until_it_expires(server: PartnerServer, partner: Partner, name: str) -> None:
    server.registrations = [ON_ITS_WAY, REGISTERED]
    assert partner.run(name).returncode == 0
    assert server.log_ins == ["USER_PASSWORD_AUTH"]


@each_program
def test_a_token_is_renewed_shortly_before_it_expires(server: PartnerServer, partner: Partner, name: str) -> None:
    server.expires_in = 59
    assert partner.run(name).returncode == 0
    requests = [request.token for request in server.sent if request.token]
    assert requests == ["access-1", "access-2", "access-3", "access-4"]
    assert server.log_ins == ["USER_PASSWORD_AUTH", *["REFRESH_TOKEN_AUTH"] * 3]


@each_program
def test_the_program_logs_in_again_when_the_refresh_token_is_refused(
    server: PartnerServer, partner: Partner, name: str
) -> None:
    server.expires_in, server.refreshes = 59, False
    assert partner.run(name).returncode == 0
    assert server.log_ins == ["USER_PASSWORD_AUTH", *["REFRESH_TOKEN_AUTH", "USER_PASSWORD_AUTH"] * 3]


@each_program
def test_a_token_that_the_service_refuses_is_renewed_once(server: PartnerServer, partner: Partner, name: str) -> None:
    refused = Ordered(401, {"message": "Unauthorized"})
    server.ordered[BOOKING] = [refused]
    server.ordered[VISIT] = [refused, refused]
    ran = partner.run(name)
    assert (ran.returncode, ran.stdout) == (1, "Patient 6\n")
    assert "The service answers 401" in ran.stderr
    first, second = server.bookings()
    assert first.key == second.key
    assert (first.token, second.token) == ("access-1", "access-2")


@each_program
def test_cognito_may_ask_to_slow_down_too(server: PartnerServer, partner: Partner, name: str) -> None:
    server.ordered["POST /"] = [Ordered(400, {"__type": "TooManyRequestsException"}), Ordered(500)]
    assert partner.run(name).returncode == 0


@each_program
def test_a_program_proves_that_it_knows_the_password_without_sending_it(
    server: PartnerServer, partner: Partner, name: str
) -> None:
    # The numbers are random, and some of them begin with zeros or a high bit, so one log-in is not enough.
    server.expires_in, server.refreshes = 59, False
    assert partner.run(name, AUTH_FLOW="").returncode == 0
    assert server.log_ins[:2] == ["USER_SRP_AUTH", "RespondToAuthChallenge"]
    assert server.log_ins.count("RespondToAuthChallenge") == 4
    assert not any(PASSWORD in request.body for request in server.sent)


@each_program
@pytest.mark.parametrize(("flow", "wrong"), [("USER_PASSWORD_AUTH", 1), ("USER_SRP_AUTH", 4)])
def test_a_wrong_password_ends_the_program(partner: Partner, name: str, flow: str, wrong: int) -> None:
    # With a wrong password the numbers of SRP may be such as never come with the right one.
    for number in range(wrong):
        ran = partner.run(name, AUTH_FLOW=flow, PARTNER_PASSWORD=f"wrong-{number}")
        assert (ran.returncode, ran.stdout) == (1, "")
        assert ran.stderr == "Cognito does not log insurer in: NotAuthorizedException. See docs/integrations.md.\n"


@each_program
def test_an_account_with_the_password_of_its_invitation_is_told(
    server: PartnerServer, partner: Partner, name: str
) -> None:
    server.ordered["POST /"] = [Ordered(200, {"ChallengeName": "NEW_PASSWORD_REQUIRED"})]
    ran = partner.run(name)
    assert ran.returncode == 1
    assert "NEW_PASSWORD_REQUIRED" in ran.stderr
