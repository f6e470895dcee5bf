"""E-mail through SES, emulated by moto, and by a small server that misbehaves."""

import email
import email.policy
import json
from collections.abc import Callable
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from lambda_function.aws.mail import Mail, mime_message
from lambda_function.domain.notifications import NotificationKind, Reason
from lambda_function.services.messenger import Sent
from lambda_function.services.notifications.messages import OutcomeStatus
from tests.clock import NOW
from tests.messages import CALENDAR, mail
from tests.provider_server import Behaviour, provider

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

SENDER = "reminders@clinic.example"
ONCE = Config(connect_timeout=1, read_timeout=0.2, retries={"mode": "standard", "total_max_attempts": 1})


@pytest.fixture
def client(aws: pytest.MonkeyPatch) -> "SESV2Client":
    client = boto3.client("sesv2", config=ONCE)
    client.create_email_identity(EmailIdentity=SENDER)
    return client


def sender(client: "SESV2Client") -> Mail:
    return Mail(client, SENDER, "dentist", lambda: NOW)


def requests_of(client: "SESV2Client") -> list[dict[str, Any]]:
    """Returns the requests that the client sends from now on."""
    sent: list[dict[str, Any]] = []
    client.meta.events.register("provide-client-params.sesv2.SendEmail", lambda params, **_: sent.append(params))
    return sent


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def written(**changes: Any) -> EmailMessage:
    return parsed(mime_message(mail(**changes), SENDER, NOW).as_bytes())


def at(url: str) -> Mail:
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
    return sender(session.client("sesv2", endpoint_url=url, config=ONCE))


def test_what_ses_takes_is_sent_with_its_own_id(client: "SESV2Client") -> None:
    sent = sender(client).send(mail())

    assert sent.status is OutcomeStatus.SENT
    assert sent.provider_id


def test_each_mail_is_tagged_with_its_notification_and_goes_through_the_configuration_set(
    client: "SESV2Client",
) -> None:
    requests = requests_of(client)
    sender(client).send(mail())

    [request] = requests
    tags = {tag["Name"]: tag["Value"] for tag in request["EmailTags"]}
    assert tags == {"notification_id": "17", "kind": "BOOKED"}
    assert request["ConfigurationSetName"] == "dentist"
    assert request["Destination"] == {"ToAddresses": ["pat@example.org"]}


def test_the_clinic_is_the_sender_and_gets_the_answers() -> None:
    message = written()

    [clinic] = message["From"].addresses
    assert (clinic.display_name, clinic.addr_spec) == ("Clínica “Sur”, Lima", SENDER)
    assert [each.addr_spec for each in message["Reply-To"].addresses] == ["desk@clinic.example"]
    assert [each.addr_spec for each in message["To"].addresses] == ["pat@example.org"]
    assert message["Subject"] == "Your visit on 7 January"
    assert message["Date"].datetime == NOW
    assert message["Auto-Submitted"] == "auto-generated"


def test_a_clinic_without_an_address_gets_no_answers() -> None:
    assert written(reply_to=None)["Reply-To"] is None


def test_the_text_and_the_html_are_alternatives_and_the_calendar_file_is_attached() -> None:
    message = written()

    assert message.get_content_type() == "multipart/mixed"
    [words, calendar] = message.iter_parts()
    assert [part.get_content_type() for part in words.iter_parts()] == ["text/plain", "text/html"]
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == ["See you on Monday at 9:00.", "Clínica Sur"]
    assert html.get_content().strip() == "<p>See you on <b>Monday</b> at 9:00.</p>"
    assert calendar["Content-Type"].params == {"charset": "utf-8", "method": "PUBLISH"}
    assert (calendar.get_content_type(), calendar.get_filename()) == ("text/calendar", "visit.ics")
    assert calendar.is_attachment()


def test_the_lines_of_a_calendar_file_end_as_its_format_wants() -> None:
    [calendar] = written().iter_attachments()

    assert calendar.get_payload(decode=True) == CALENDAR.text.encode()


def test_a_mail_without_html_and_files_is_a_text() -> None:
    assert written(html=None, attachments=()).get_content_type() == "text/plain"


def test_what_is_sent_is_ascii_in_lines_that_every_server_takes() -> None:
    content = mime_message(mail(text="ñ" * 5000, subject="Cita ñ " * 40), SENDER, NOW).as_bytes()

    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) < 998


@pytest.mark.parametrize(
    "subject",
    [
        "The appointment for Maximiliana of the Long Name is on Tuesday, 8 January",
        "Your appointment at Maximiliana's has been moved to Tuesday, 8 January 2030 at 10:00",
        "Recordatorio: su cita del miércoles 9 de enero de 2030 a las 10:00 en la clínica",
        "The appointment for \u2068\u05d0\u05d1 (\u05d2)\u2069 on Tuesday, 8 January 2030 at 10:00 has been cancelled",
        f"{'A' * 60} and two  blanks in it",
        "A" * 1500,
        "李明" * 100,
    ],
    ids=lambda subject: subject[:20],
)
def test_a_long_subject_is_read_as_it_was_written(subject: str) -> None:
    content = mime_message(mail(subject=subject), SENDER, NOW).as_bytes()

    assert parsed(content)["Subject"] == subject
    lines = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert b"Subject:" not in [line.strip() for line in lines]
    assert max(map(len, lines)) <= 78


@pytest.mark.parametrize(
    "name",
    ["Lima Dental", 'Lima "Centro"', 'Dental Clinic, of the "North", ' * 5 + "Lima", "Clínica Ñandú " * 9 + "Lima"],
    ids=lambda name: name[:20],
)
def test_a_clinic_of_any_name_is_shown_by_it(name: str) -> None:
    content = mime_message(mail(sender_name=name), SENDER, NOW).as_bytes()

    # The newer parser of Python's library puts blanks between the parts of a name.
    for header, address in (("From", SENDER), ("Reply-To", "desk@clinic.example")):
        shown, found = parseaddr(email.message_from_bytes(content)[header])
        assert (str(make_header(decode_header(shown))), found) == (name, address)
    assert max(map(len, content.partition(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78


def test_a_long_address_stays_in_one_piece() -> None:
    to = f"{'p' * 60}@{'e' * 60}.example"

    assert f"\r\nTo: {to}\r\n".encode() in mime_message(mail(to=to), SENDER, NOW).as_bytes()


def test_a_domain_with_other_letters_is_written_in_ascii(client: "SESV2Client") -> None:
    requests = requests_of(client)
    sender(client).send(mail(to="pat@niño.example"))

    assert requests[0]["Destination"] == {"ToAddresses": ["pat@xn--nio-8ma.example"]}


@pytest.mark.parametrize(
    "to", ["", "pat", "pat@", "@example.org", "pat rojas@example.org", "peña@example.org", "a@b\nc"]
)
def test_what_is_no_address_is_refused_without_asking(client: "SESV2Client", to: str) -> None:
    requests = requests_of(client)

    assert sender(client).send(mail(to=to)) == Sent(OutcomeStatus.REFUSED, reason=Reason.ADDRESS_REFUSED)
    assert requests == []


def test_a_subject_of_two_lines_is_refused_and_cannot_add_a_header(client: "SESV2Client") -> None:
    sent = sender(client).send(mail(subject="Hello\r\nBcc: all@example.org"))

    assert sent == Sent(OutcomeStatus.REFUSED, reason=Reason.REFUSED)


def test_an_address_that_ses_refuses_is_refused(client: "SESV2Client") -> None:
    sent = sender(client).send(mail(to="a@b@example.org"))

    assert (sent.status, sent.reason) == (OutcomeStatus.REFUSED, Reason.ADDRESS_REFUSED)


@pytest.mark.parametrize(
    ("status", "code", "told", "outcome", "reason"),
    [
        (400, "MessageRejected", "invalid content", OutcomeStatus.REFUSED, Reason.ADDRESS_REFUSED),
        (400, "BadRequestException", "invalid address", OutcomeStatus.REFUSED, Reason.ADDRESS_REFUSED),
        (400, "MessageRejected", "Email address is not verified. These failed: x", OutcomeStatus.RETRY, None),
        (400, "AccountSuspendedException", "", OutcomeStatus.RETRY, None),
        (400, "SendingPausedException", "", OutcomeStatus.RETRY, None),
        (400, "MailFromDomainNotVerifiedException", "", OutcomeStatus.RETRY, None),
        (400, "LimitExceededException", "", OutcomeStatus.RETRY, None),
        (404, "NotFoundException", "no configuration set", OutcomeStatus.RETRY, None),
        (403, "AccessDeniedException", "", OutcomeStatus.RETRY, None),
        (429, "TooManyRequestsException", "", OutcomeStatus.RETRY, None),
        (500, "InternalFailure", "", OutcomeStatus.RETRY, None),
        (503, "", "", OutcomeStatus.RETRY, None),
    ],
)
def test_an_error_is_sorted_by_whose_fault_it_is(
    status: int, code: str, told: str, outcome: OutcomeStatus, reason: Reason | None
) -> None:
    with provider(Behaviour(status, json.dumps({"message": told}).encode(), code)) as ses:
        sent = at(ses.url).send(mail())

    assert (sent.status, sent.reason, len(ses.requests)) == (outcome, reason, 1)


@pytest.mark.parametrize("behaviour", [Behaviour(None, hangs=True), Behaviour(None)], ids=["hangs", "drops"])
def test_nobody_knows_what_became_of_a_mail_whose_answer_is_lost_and_it_is_not_sent_again(behaviour: Behaviour) -> None:
    with provider(behaviour) as ses:
        assert at(ses.url).send(mail()) == Sent(OutcomeStatus.UNKNOWN)

    assert len(ses.requests) == 1


def test_a_mail_that_found_no_provider_can_be_sent_again() -> None:
    assert at("http://127.0.0.1:1").send(mail()) == Sent(OutcomeStatus.RETRY)


def test_no_log_names_the_addressee(log_text: Callable[[], str]) -> None:
    refusal = json.dumps({"message": "pat@example.org is no good"}).encode()
    with provider(Behaviour(400, refusal, "MessageRejected")) as ses:
        at(ses.url).send(mail())
        at(ses.url).send(mail(subject="Dear pat\nhello"))

    printed = log_text()
    assert "MessageRejected" in printed
    assert "pat" not in printed


LINK = f"https://appointments.a-long-name-of-a-practice.example/visit/{'x' * 43}"


def test_a_recall_offers_to_unsubscribe_by_one_click_with_the_address_in_one_piece() -> None:
    sent = mime_message(mail(kind=NotificationKind.RECALL, attachments=(), links=(LINK,)), SENDER, NOW).as_bytes()

    assert f"\r\nList-Unsubscribe: <{LINK}>\r\n".encode() in sent
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in sent


@pytest.mark.parametrize("kind", [kind for kind in NotificationKind if kind is not NotificationKind.RECALL])
def test_messages_about_visits_and_offers_are_on_no_list(kind: NotificationKind) -> None:
    assert "List-Unsubscribe" not in written(kind=kind, links=(LINK,))
