"""Whatever is freed and however many people wait, a request sends a bounded number of statements and changes a bounded
number of rows. The schedule does the rest.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from lambda_function.db.models import FreedTime, Patient, User, WaitlistEntry
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.actor import Role
from lambda_function.domain.waitlist import WaitlistStatus
from lambda_function.services.offer_round import ENTRIES, LOOKS, OFFERS
from lambda_function.services.waitlist_schedule import BATCH, RESERVE, keep_up
from tests.api.conftest import Statements
from tests.api.desk import Desk, at, instant
from tests.api.test_query_budgets import BUDGETS, OFFERING, WRITING_DOWN
from tests.api.waiting import Waitlist
from tests.clock import NOW, Clock

MANY = 10_000
WEEK = {"hours": [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(1, 8)]}
OFFICE = {"hours": [{"weekday": day, "start": "12:00", "end": "13:00"} for day in range(1, 8)]}


@pytest.fixture
def waitlist(desk: Desk) -> Waitlist:
    desk.practice.add_patient("ana", clinics=(1,))
    return Waitlist(desk)


def crowd(desk: Desk, number: int, **columns: Any) -> None:
    """Adds this many patients, each with a wish for a check-up with any doctor in the next 40 days."""
    session = desk.practice.session
    names = range(number)
    people = {"user_type": Role.PATIENT, "created_at": NOW, "updated_at": NOW}
    session.execute(insert(User), [{"user_name": f"w{name}", "full_name": f"W {name}", **people} for name in names])
    ids = session.scalars(select(User.user_id).where(User.user_name.like("w%"), User.user_name != "wu")).all()
    session.execute(insert(Patient), [{"user_id": user_id} for user_id in ids])
    wish = {
        "treatment_id": 1,
        "status": WaitlistStatus.WAITING,
        "wished_from": NOW,
        "wished_to": NOW + timedelta(days=40),
        "created_at": NOW,
        "updated_at": NOW,
        **columns,
    }
    session.execute(insert(WaitlistEntry), [{"patient_id": user_id, **wish} for user_id in ids])
    session.commit()


def statuses(desk: Desk) -> dict[WaitlistStatus, int]:
    session = desk.practice.session
    session.rollback()
    rows = session.execute(select(WaitlistEntry.status, func.count()).group_by(WaitlistEntry.status))
    return {row[0]: row[1] for row in rows}


def parts_of(sent: Sequence[str]) -> Iterator[list[str]]:
    """Returns the statements of each committed transaction."""
    part: list[str] = []
    for statement in sent:
        part.append(statement)
        if statement == "COMMIT":
            yield part
            part = []


def within(statements: Statements, key: str, offers: int) -> None:
    """The transaction that frees time and the transaction that offers it keep to their budgets."""
    freeing, offering = parts_of(statements.sent)
    assert len(freeing) <= BUDGETS[key] + WRITING_DOWN, "\n\n".join(freeing)
    assert not [statement for statement in freeing if "offer_doctor_id=%" in statement]
    assert len(offering) <= OFFERING + offers, "\n\n".join(offering)


@pytest.mark.parametrize("waiting", [1, 60])
def test_cancelling_moving_and_withdrawing_stay_within_their_budgets(
    waitlist: Waitlist, statements: Statements, waiting: int
) -> None:
    desk = waitlist.desk
    crowd(desk, waiting)
    first, second = (desk.booked("rita", at(time), patient="ana")["appointment_id"] for time in ("15:00", "16:00"))
    mine = waitlist.join("pat")
    session = desk.practice.session
    offer = {"offer_doctor_id": desk.id_of("drwu"), "offer_starts_at": instant("18:00")}
    offer |= {"offer_ends_at": instant("18:30"), "offer_expires_at": instant("12:00"), "status": "OFFERED"}
    session.execute(update(WaitlistEntry).where(WaitlistEntry.waitlist_id == mine).values(offer))
    session.commit()
    for key, method, path, body in (
        ("PATCH /appointments/{appointment_id}", "PATCH", f"/appointments/{first}", {"starts_at": at("15:30")}),
        ("POST /appointments/{appointment_id}/cancel", "POST", f"/appointments/{second}/cancel", {"reason": "Away"}),
        ("DELETE /waitlist/{waitlist_id}", "DELETE", f"/waitlist/{mine}", None),
    ):
        statements.clear()
        assert desk.client.call("rita", method, path, body).status in {200, 204}
        within(statements, key, offers=1)


def test_deactivating_a_patient_stays_within_its_budget(waitlist: Waitlist, statements: Statements) -> None:
    crowd(waitlist.desk, 60)
    waitlist.desk.booked("rita", at("15:00"), patient="ana")
    waitlist.join("ana")
    statements.clear()
    assert waitlist.desk.client.call("rita", "DELETE", f"/users/{waitlist.desk.id_of('ana')}").status == 204
    within(statements, "DELETE /users/{user_id}", offers=1)


def test_giving_up_time_off_stays_within_its_budget_with_ten_thousand_waiting(
    waitlist: Waitlist, statements: Statements, database: Database
) -> None:
    desk = waitlist.desk
    path = f"/doctors/{desk.id_of('drjay')}/time-off"
    time_off = {"starts_at": at("00:00"), "ends_at": at("00:00", "2030-02-07"), "reason": "Away"}
    time_off_id = desk.client.post("rita", path, time_off).json["time_off_id"]
    crowd(desk, MANY)
    statements.clear()

    assert desk.client.call("rita", "DELETE", f"{path}/{time_off_id}").status == 204

    within(statements, "DELETE /doctors/{doctor_id}/time-off/{time_off_id}", offers=OFFERS)
    assert statuses(desk)[WaitlistStatus.OFFERED] == OFFERS
    statements.clear()
    keep_up(database, lambda: RESERVE + 1)
    # 26 working days of 20 visits, none of which lies within the hour of lead time.
    assert statuses(desk)[WaitlistStatus.OFFERED] == 26 * 20
    assert all(len(part) <= OFFERING + OFFERS for part in parts_of(statements.sent))
    assert desk.practice.rows(FreedTime) == []


def test_hours_that_give_time_back_stay_within_their_budget(waitlist: Waitlist, statements: Statements) -> None:
    desk = waitlist.desk
    path = f"/doctors/{desk.id_of('drjay')}/working-hours"
    assert desk.client.call("rita", "PUT", path, OFFICE).status == 200
    crowd(desk, MANY)
    statements.clear()
    assert desk.client.call("rita", "PUT", path, WEEK).status == 200
    # Two more statements read the hours before and after.
    freeing, offering = parts_of(statements.sent)
    assert len(freeing) <= BUDGETS["PUT /doctors/{doctor_id}/working-hours"] + 3, "\n\n".join(freeing)
    assert len(offering) <= OFFERING + OFFERS


def test_those_whom_nothing_fits_are_passed_in_bounded_steps(
    waitlist: Waitlist, statements: Statements, database: Database
) -> None:
    """Everybody except the last wants the end of the freed time, which is too short for a visit. The last wish fits."""
    desk = waitlist.desk
    visit = desk.booked("rita", at("15:00"), patient="ana")["appointment_id"]
    crowd(desk, ENTRIES * LOOKS * 2, wished_from=instant("15:15"), wished_to=instant("15:40"))
    last = waitlist.join("kim")
    statements.clear()

    assert desk.cancel("rita", visit).status == 200

    within(statements, "POST /appointments/{appointment_id}/cancel", offers=0)
    [freed] = desk.practice.rows(FreedTime)
    assert 0 < freed.after_waitlist_id < last
    keep_up(database, lambda: RESERVE + 1)
    assert waitlist.offered("kim") == at("15:00")
    assert desk.practice.rows(FreedTime) == []


def test_a_thousand_lapsed_offers_keep_nobody_waiting(
    waitlist: Waitlist, statements: Statements, database: Database, clock: Clock
) -> None:
    desk = waitlist.desk
    visit = desk.booked("rita", at("15:00"), patient="ana")["appointment_id"]
    offer = {"offer_doctor_id": desk.id_of("drjay"), "offer_expires_at": NOW}
    times: dict[str, datetime] = {"offer_starts_at": instant("18:00"), "offer_ends_at": instant("18:30")}
    crowd(desk, 1000, status=WaitlistStatus.OFFERED, **offer, **times)
    waitlist.join("kim")
    statements.clear()

    assert desk.client.get("kim", "/waitlist").status == 200
    assert len(statements) <= BUDGETS["GET /waitlist"]
    statements.clear()
    assert desk.cancel("rita", visit).status == 200
    within(statements, "POST /appointments/{appointment_id}/cancel", offers=1)
    assert statuses(desk)[WaitlistStatus.OFFERED] == 1001

    statements.clear()
    keep_up(database, lambda: RESERVE + 1)
    assert len(list(parts_of(statements.sent))) <= 1000 / BATCH + 2 + 1000 / 100 + 2
    assert statuses(desk) == {WaitlistStatus.WAITING: 999, WaitlistStatus.OFFERED: 2}
