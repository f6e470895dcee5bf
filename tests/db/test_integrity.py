"""What the database itself refuses, whoever writes it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from lambda_function.db.models import Appointment, ClaimKind, Doctor, SlotClaim, Treatment
from tests.clock import NOW
from tests.factories import Practice

START = NOW + timedelta(days=1)


def test_a_doctor_who_is_no_doctor(practice: Practice) -> None:
    with pytest.raises(IntegrityError):
        practice.add_appointment(START, doctor_id=practice.ids["pat"])


def test_a_patient_who_is_no_patient(practice: Practice) -> None:
    with pytest.raises(IntegrityError):
        practice.add_appointment(START, patient_id=practice.ids["drjay"])


def test_a_receptionist_who_is_none(practice: Practice) -> None:
    with pytest.raises(IntegrityError):
        practice.add_appointment(START, receptionist_id=practice.ids["pat"])


def test_a_chair_of_another_clinic(practice: Practice) -> None:
    with pytest.raises(IntegrityError):
        practice.add_appointment(START, clinic_id=1, chair_id=4)


@pytest.mark.parametrize("off", [timedelta(minutes=1), timedelta(seconds=1), timedelta(microseconds=1)])
def test_a_start_off_the_grid(practice: Practice, off: timedelta) -> None:
    with pytest.raises(DBAPIError):
        practice.add_appointment(START + off)


def test_an_end_that_is_not_after_the_start(practice: Practice) -> None:
    with pytest.raises(DBAPIError):
        practice.add_appointment(START, ends_at=START)


def _claim(practice: Practice) -> Callable[..., SlotClaim]:
    appointment_id = practice.add_appointment(START).appointment_id

    def claim(offset: timedelta = timedelta(0), kind: int = ClaimKind.DOCTOR) -> SlotClaim:
        return SlotClaim(kind=kind, resource_id=1, slot_at=START + offset, appointment_id=appointment_id)

    return claim


def test_the_same_five_minutes_twice(practice: Practice) -> None:
    claim = _claim(practice)
    practice.add(claim())
    practice.session.expunge_all()
    with pytest.raises(IntegrityError):
        practice.add(claim())


@pytest.mark.parametrize("off", [timedelta(minutes=1), timedelta(seconds=1), timedelta(microseconds=1)])
def test_a_claim_off_the_grid_which_could_hide_an_overlap(practice: Practice, off: timedelta) -> None:
    claim = _claim(practice)
    with pytest.raises(DBAPIError):
        practice.add(claim(off))


def test_a_claim_of_an_unknown_kind(practice: Practice) -> None:
    claim = _claim(practice)
    with pytest.raises(DBAPIError):
        practice.add(claim(kind=4))


def test_a_default_treatment_that_the_doctor_does_not_offer(practice: Practice) -> None:
    other = practice.add_treatment("whitening")
    doctor = practice.session.get_one(Doctor, practice.ids["drjay"])
    doctor.default_treatment_id = other.treatment_id
    with pytest.raises(IntegrityError):
        practice.session.commit()


def test_a_duration_that_is_no_whole_five_minutes(practice: Practice) -> None:
    with pytest.raises(DBAPIError):
        practice.add(Treatment(code="odd", name="Odd", duration_minutes=31))


def test_a_user_name_twice_even_in_another_case(practice: Practice) -> None:
    with pytest.raises(IntegrityError):
        practice.add_patient("Pat")


def test_an_appointment_that_somebody_claims_cannot_vanish(practice: Practice) -> None:
    claim = _claim(practice)
    practice.add(claim())
    practice.session.delete(practice.rows(Appointment)[0])
    with pytest.raises(IntegrityError):
        practice.session.commit()
