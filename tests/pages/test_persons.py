"""A link acts as the person to whom the message went, with the rights that this person has now."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import delete, update

from lambda_function.db.models import Clinic, Guardian
from lambda_function.domain.actor import Role
from lambda_function.services.operators.arguments import Erasure, Merger
from lambda_function.services.operators.erasing import erase
from lambda_function.services.operators.merging import merge
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, instant, rfc3339
from tests.clock import NOW
from tests.pages.family import Family
from tests.pages.seen import history, statuses
from tests.pages.visitor import Visitor

START = instant("15:00", "2030-01-10")


def _no_guardian(family: Family) -> None:
    mother_id = family.desk.id_of("mother")
    family.desk.practice.session.execute(delete(Guardian).where(Guardian.guardian_id == mother_id))
    family.desk.practice.session.commit()


def _of_age(family: Family) -> None:
    family.desk.practice.session.execute(update(Guardian).values(ends_on=NOW.date()))
    family.desk.practice.session.commit()


def _erased(family: Family) -> None:
    erase(family.visitor.messages.database, None, Erasure(user_name="mother"))


def _clinic_gone(family: Family) -> None:
    family.desk.practice.session.execute(update(Clinic).values(active=False))
    family.desk.practice.session.commit()


GONE: dict[str, Callable[[Family], None]] = {
    "no longer a guardian": _no_guardian,
    "the patient is of age": _of_age,
    "deactivated": lambda family: family.visitor.messages.change_user("mother", active=False),
    "became staff": lambda family: family.visitor.messages.change_user("mother", user_type=Role.RECEPTIONIST),
    "the patient was deactivated": lambda family: family.visitor.messages.change_user("pat", active=False),
    "the patient became staff": lambda family: family.visitor.messages.change_user("pat", user_type=Role.DOCTOR),
    "erased": _erased,
    "the clinic is gone": _clinic_gone,
}


@pytest.mark.parametrize("what", GONE)
def test_who_may_no_longer_act_has_a_link_to_nothing(family: Family, fingerprint: Fingerprint, what: str) -> None:
    mother, _ = family.told("booked", family.desk.practice.add_appointment(START))
    offer, _ = family.offered()
    GONE[what](family)
    before = fingerprint()

    for path, action in ((mother, "cancel"), (offer, "accept")):
        assert family.visitor.get(path).status == 404
        assert family.visitor.post(path, action).status == 404
    assert fingerprint() == before


def test_the_history_says_which_guardian_it_was(family: Family) -> None:
    visit = family.desk.practice.add_appointment(START)
    _, father = family.told("booked", visit)

    assert family.visitor.post(father, "cancel").status == 303

    answer = family.desk.client.get("rita", f"/appointments/{visit.appointment_id}/history")
    assert answer.json["items"][0]["actor"] == {"user_name": "father", "user_type": "PATIENT"}


def test_a_guardian_acts_for_the_patient_of_the_message_only(family: Family, fingerprint: Fingerprint) -> None:
    """The mother has a visit at the wanted time, which is no matter of pat's, and books for pat, not for herself."""
    practice = family.desk.practice
    practice.add_appointment(START, patient_id=family.desk.id_of("mother"), doctor_id=family.desk.id_of("drwu"))
    mother, _ = family.told("booked", practice.add_appointment(instant("16:00", "2030-01-10")))

    assert family.visitor.post(mother, "move", starts_at=rfc3339(START)).status == 303


def test_the_patients_own_link_works_whoever_acts_for_the_patient_now(visitor: Visitor, desk: Desk) -> None:
    visit = desk.practice.add_appointment(START)
    path = visitor.told("booked", visit)
    desk.practice.add_patient("mother", email="mother@example.org")
    desk.practice.add_guardian("mother", "pat")
    visitor.messages.change_user("pat", birth_date=date(2020, 1, 31))

    assert visitor.post(path, "confirm").status == 303
    assert history(desk, visit.appointment_id) == [("CONFIRM_ATTENDANCE", "LINK")]


def test_unsubscribing_changes_the_guardian_and_not_the_patient(family: Family) -> None:
    mother, _ = family.told("booked", family.desk.practice.add_appointment(START))

    assert family.visitor.post(mother, "unsubscribe").status == 303

    user = family.desk.practice.user
    assert [user(name).recalls for name in ("mother", "father", "pat")] == [False, None, None]


@pytest.mark.parametrize(("source", "target"), [("mother", "father"), ("pat", "kim")])
def test_links_stay_with_whoever_remains_after_a_merge(family: Family, source: str, target: str) -> None:
    """Both guardians were told of the same, so one of the messages is gone after their merge, and no link is."""
    links = family.told("booked", family.desk.practice.add_appointment(START))
    family.visitor.messages.change_user(source, cognito_sub=None)
    merge(family.visitor.messages.database, None, Merger(source=source, target=target))

    assert [family.visitor.get(path).status for path in links] == [200, 200]
    assert family.visitor.post(links[0], "cancel").status == 303
    assert family.visitor.post(links[1], "cancel").status == 303
    assert statuses(family.desk) == ["CANCELLED"]
