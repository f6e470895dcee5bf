"""How many statements the page sends, whatever the data. A COMMIT counts as one."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from lambda_function.db.models import Appointment, Doctor, DoctorTreatment, User
from lambda_function.domain.actor import Role
from tests.api.conditions import set_clinic
from tests.api.conftest import Statements
from tests.api.desk import Desk, instant, rfc3339
from tests.clock import NOW
from tests.pages.family import Family
from tests.pages.visitor import Visitor

START = instant("17:00")
LATER = rfc3339(START + timedelta(hours=1))
# Of a GET: a visit, one for which nothing can be chosen, an offer, and a wrong or an ended link.
LOOKING = {"visit": 13, "closed": 8, "offer": 7, "wrong": 1, "ended": 6}
# Of what is done, of a repeat, and of a refusal, which shows the page.
DOING = {"confirm": 15, "cancel": 17, "move": 21, "book": 23, "accept": 20, "unsubscribe": 12}
REPEATED = 8
REFUSED = 20


@pytest.fixture(params=[0, 100], ids=["few", "many"], autouse=True)
def much(request: pytest.FixtureRequest, desk: Desk) -> None:
    """Adds so many doctors to the clinic, and visits, and lets visits begin every five minutes."""
    practice = desk.practice
    if not request.param:
        return
    set_clinic(practice, slot_step_minutes=5)
    first = practice.add_doctor("first")
    columns = [column.key for column in Appointment.__table__.c if column.key not in {"appointment_id", "in_place_of"}]
    visit = practice.add_appointment(
        instant("15:00", "2030-03-05"), doctor_id=first.user_id, patient_id=desk.id_of("kim")
    )
    shared = {key: getattr(visit, key) for key in columns}
    later = [timedelta(days=number) for number in range(1, request.param)]
    rows = [{**shared, "starts_at": visit.starts_at + each, "ends_at": visit.ends_at + each} for each in later]
    practice.session.execute(insert(Appointment), rows)
    users = [
        User(user_name=f"d{number}", user_type=Role.DOCTOR, full_name=f"D {number}", created_at=NOW, updated_at=NOW)
        for number in range(request.param)
    ]
    practice.add(*users)
    practice.add(*(Doctor(user_id=user.user_id, clinic_id=1) for user in users))
    practice.add(*(DoctorTreatment(doctor_id=user.user_id, treatment_id=1) for user in users))


def sent(statements: Statements, most: int) -> None:
    count = len(statements)
    statements.clear()
    assert count <= most, count


def test_looking_stays_within_its_budget(visitor: Visitor, desk: Desk, family: Family, statements: Statements) -> None:
    visit = desk.practice.add_appointment(START)
    path, _ = family.told("booked", visit)
    offer, _ = family.offered()
    statements.clear()
    assert visitor.get(path).status == 200
    assert "COMMIT" not in statements.sent
    sent(statements, LOOKING["visit"])
    assert visitor.get(path, day="2030-01-09", doctor_id=desk.id_of("drwu")).status == 200
    sent(statements, LOOKING["visit"])
    assert visitor.get(offer).status == 200
    sent(statements, LOOKING["offer"])
    assert visitor.get(f"{path}x").status == 404
    sent(statements, LOOKING["wrong"])
    visitor.messages.clock.now = START - timedelta(hours=1)
    assert visitor.get(path).status == 200
    sent(statements, LOOKING["closed"])
    visitor.messages.clock.now = START
    assert visitor.get(path).status == 404
    sent(statements, LOOKING["ended"])


def test_acting_stays_within_its_budget(visitor: Visitor, desk: Desk, family: Family, statements: Statements) -> None:
    path, _ = family.told("booked", desk.practice.add_appointment(START))
    for action in ("confirm", "move", "cancel", "book", "accept"):
        link = family.offered()[0] if action == "accept" else path
        statements.clear()
        assert visitor.post(link, action, starts_at=LATER).status == 303
        assert statements.sent.count("COMMIT") == 1
        sent(statements, DOING[action])
        assert visitor.post(link, action, starts_at=LATER).status == 303
        sent(statements, REPEATED)
    assert visitor.post(path, "unsubscribe").status == 303
    sent(statements, DOING["unsubscribe"])
    assert visitor.post(f"{path}x", "cancel").status == 404
    sent(statements, LOOKING["wrong"])


def test_a_refusal_stays_within_its_budget(
    visitor: Visitor, desk: Desk, family: Family, statements: Statements
) -> None:
    path, _ = family.told("booked", desk.practice.add_appointment(START))
    statements.clear()

    assert visitor.post(path, "cancel", seen="something else").status == 409
    sent(statements, REFUSED)
    assert visitor.post(path, "cancel", reason="x" * 501).status == 422
    sent(statements, LOOKING["visit"])
    assert visitor.post(path, "move", starts_at=rfc3339(NOW)).status == 422
    sent(statements, REFUSED + 6)
