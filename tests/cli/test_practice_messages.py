"""What a practice file says about messages, on the demo practice and over a real database."""

from typing import Any

import pytest

from lambda_function.cli.command import Exit
from lambda_function.db.models import Clinic, ClinicMessage
from tests.cli.terminal import Terminal, demo_document
from tests.factories import Practice

LIMA = "Lima Centro"
CHANGED: dict[str, Any] = {
    "address": "Av. Larco 345, Lima",
    "phone": "+51 1 234 5678",
    "email": "new@example.org",
    "reminder_hours": [72],
    "quiet_hours": {"from": "22:30", "to": "07:00"},
    "messages": [{"kind": "RECALL", "channel": "SMS", "language": "es", "text": "{{ clinic }}: le esperamos"}],
}


def test_a_new_clinic_gets_everything_that_a_file_can_say_of_messages(terminal: Terminal, practice: Practice) -> None:
    document = demo_document()
    document["clinics"]["Cusco"] = {
        "country": "PE",
        "time_zone": "America/Lima",
        "address": "Calle Plateros 316, Cusco",
        "phone": "+51 84 000 000",
        "email": "cusco@example.org",
        "reminder_hours": [2, 24],
        "quiet_hours": {"from": "22:30", "to": "07:00"},
        "messages": [{"kind": "RECALL", "channel": "SMS", "language": "es", "text": "{{ clinic }}: le esperamos"}],
    }
    assert terminal.practice_file("apply", document).exit_code == Exit.DONE
    assert terminal.practice_file("plan", document).stdout == "No difference.\n"
    cusco = next(row for row in practice.rows(Clinic) if row.name == "Cusco")
    assert (cusco.address, cusco.phone) == ("Calle Plateros 316, Cusco", "+51 84 000 000")
    assert (cusco.email, cusco.reminder_hours) == ("cusco@example.org", (24, 2))
    assert (cusco.quiet_from_minute, cusco.quiet_to_minute) == (1350, 420)
    [own] = practice.rows(ClinicMessage)
    assert (own.clinic_id, own.kind, own.channel, own.language) == (cusco.clinic_id, "RECALL", "SMS", "es")
    assert (own.subject, own.text) == (None, "{{ clinic }}: le esperamos")


def test_a_new_clinic_reminds_twice_and_has_quiet_nights_by_default(terminal: Terminal, practice: Practice) -> None:
    document = demo_document()
    document["clinics"]["Cusco"] = {"country": "PE", "time_zone": "America/Lima"}
    assert terminal.practice_file("apply", document).exit_code == Exit.DONE
    cusco = next(row for row in practice.rows(Clinic) if row.name == "Cusco")
    assert (cusco.reminder_hours, cusco.quiet_from_minute, cusco.quiet_to_minute) == ((48, 2), 1260, 480)
    assert (cusco.address, cusco.phone, cusco.email) == (None, None, None)


@pytest.mark.parametrize("keys", [*((key,) for key in CHANGED), tuple(CHANGED)], ids=" and ".join)
def test_whatever_a_clinic_says_of_messages_can_be_changed(
    terminal: Terminal, practice: Practice, keys: tuple[str, ...]
) -> None:
    document = demo_document()
    document["clinics"][LIMA] |= {key: CHANGED[key] for key in keys}
    assert set(terminal.changes(document)[f"clinic {LIMA}"]) == set(keys)
    result = terminal.practice_file("apply", document)
    assert (result.exit_code, result.stderr) == (Exit.DONE, "")
    assert terminal.practice_file("plan", document).stdout == "No difference.\n"
    lima = next(row for row in practice.rows(Clinic) if row.name == LIMA)
    stored = {
        "address": lima.address,
        "phone": lima.phone,
        "email": lima.email,
        "reminder_hours": list(lima.reminder_hours),
        "quiet_hours": (lima.quiet_from_minute, lima.quiet_to_minute),
        "messages": [row.text for row in practice.rows(ClinicMessage)],
    }
    expected = CHANGED | {"quiet_hours": (1350, 420), "messages": ["{{ clinic }}: le esperamos"]}
    assert {key: stored[key] for key in keys} == {key: expected[key] for key in keys}


def test_what_messages_say_and_when_they_go_is_changed_and_left_out_again(
    terminal: Terminal, practice: Practice
) -> None:
    document = demo_document()
    own = {"kind": "BOOKED", "channel": "EMAIL", "language": "en", "subject": "{{ day }}", "text": "Welcome.\n\nBye."}
    document["clinics"][LIMA] |= {"messages": [own], "quiet_hours": {"from": "22:00", "to": "24:00"}}
    document["clinics"][LIMA]["reminder_hours"] = []
    assert terminal.practice_file("plan", document).stdout.splitlines()[:4] == [
        f"~ clinic {LIMA}",
        "    reminder_hours: 48, 2 → none",
        "    quiet_hours: 21:00 to 08:00 → 22:00 to 00:00",
        "    messages: + BOOKED EMAIL en (Welcome. Bye.)",
    ]
    assert terminal.practice_file("apply", document).exit_code == Exit.DONE
    assert [row.text for row in practice.rows(ClinicMessage)] == ["Welcome.\n\nBye."]

    document["clinics"][LIMA] |= {"messages": [], "quiet_hours": None}
    assert terminal.changes(document) == {
        f"clinic {LIMA}": {
            "messages": ([own], []),
            "quiet_hours": ({"from": "22:00", "to": "00:00"}, None),
        }
    }
    assert terminal.practice_file("apply", document).exit_code == Exit.DONE
    assert practice.rows(ClinicMessage) == []


def test_a_plan_shows_lists_of_numbers_so_that_nobody_takes_a_sign_for_a_removal(terminal: Terminal) -> None:
    document = demo_document()
    document["clinics"][LIMA] |= {"recall_notice_days": [-7, 0, 14], "reminder_hours": [24]}
    document["clinics"]["Puno"] = {
        "country": "PE",
        "time_zone": "America/Lima",
        "recall_notice_days": [-7, 14],
    }
    shown = terminal.practice_file("plan", document).stdout.splitlines()
    assert {line.strip() for line in shown} >= {
        "recall_notice_days: -14, 14, 60 → -7, 0, 14",
        "reminder_hours: 48, 2 → 24",
        "recall_notice_days: -7, 14",
    }


def test_own_words_that_cannot_be_used_are_refused_with_their_line(terminal: Terminal) -> None:
    document = demo_document()
    own = {"kind": "CANCELLED", "channel": "SMS", "language": "es", "text": "{{ clinic }}: {{ reason }}"}
    document["clinics"][LIMA]["messages"] = [own]
    for action in ("plan", "apply"):
        result = terminal.practice_file(action, document)
        assert result.exit_code == Exit.REFUSED
        assert f"clinics.{LIMA}.messages.0.text: has an unknown name in line 1; " in result.stderr
