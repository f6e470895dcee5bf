"""Every appointment of ours becomes a valid one of R4."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lambda_function.api.fhir import resources
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.domain.appointment import Status
from lambda_function.domain.registration import Outcome
from lambda_function.services.text_rules import MAX_ID
from tests.api.fhir.valid import expect_resource

_IDS = st.integers(1, MAX_ID)
_NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=30)
# FHIR's pattern for texts is `[ \r\n\t\S]+`. Only Python, in which the validator runs, counts the other spaces of
# Unicode as white space, which `\S` does not match.
_NOTES = st.none() | st.text(st.characters(categories=["L", "N", "P", "S"], include_characters=" "), max_size=50)
_INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@st.composite
def _views(draw: st.DrawFn) -> AppointmentView:
    starts_at = draw(_INSTANTS).replace(minute=0, second=0, microsecond=0)
    return AppointmentView(
        appointment_id=draw(_IDS),
        status=draw(st.sampled_from(Status)),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=5 * draw(st.integers(1, 288))),
        clinic_id=draw(_IDS),
        clinic_name=draw(_NAMES),
        country="PE",
        time_zone="America/Lima",
        doctor_id=draw(_IDS),
        doctor_name=draw(_NAMES),
        patient_id=draw(_IDS),
        patient_name=draw(_NAMES),
        receptionist_id=draw(st.none() | _IDS),
        receptionist_name=draw(st.none() | _NAMES),
        treatment_id=draw(_IDS),
        treatment_code=draw(_NAMES),
        treatment_name=draw(_NAMES),
        chair_id=draw(st.none() | _IDS),
        patient_note=draw(_NOTES),
        internal_note=draw(_NOTES),
        cancel_reason=draw(_NOTES),
        override_reason=draw(_NOTES),
        version=draw(_IDS),
        created_at=draw(_INSTANTS),
        updated_at=draw(_INSTANTS),
        attendance_confirmed_at=draw(st.none() | _INSTANTS),
        register="PE",
        outcome=draw(st.none() | st.sampled_from(Outcome)),
        outcome_error=None,
        outcome_at=draw(st.none() | _INSTANTS),
    )


@given(_views())
def test_every_appointment_is_valid_and_keeps_the_invariants(view: AppointmentView) -> None:
    shown = expect_resource(resources.appointment(view))

    assert shown["status"] == resources.STATUS[view.status]
    assert datetime.fromisoformat(shown["end"]) - datetime.fromisoformat(shown["start"]) == timedelta(
        minutes=shown["minutesDuration"]
    )


def test_every_status_of_ours_is_one_of_r4() -> None:
    assert set(resources.STATUS) == set(Status)
    assert len(set(resources.STATUS.values())) == len(Status)
    assert not set(resources.STATUS.values()) & resources.OTHER_STATUSES


@given(_IDS, _IDS, _INSTANTS)
def test_a_slots_id_is_read_as_it_was_written(doctor_id: int, treatment_id: int, start: datetime) -> None:
    start = start.replace(second=0, microsecond=0)
    text = resources.slot_id(doctor_id, treatment_id, start)

    assert resources.slot_id_parts(text) == (doctor_id, treatment_id, start)
    assert len(text) <= 64
    assert set(text) <= set("0123456789TZ-")
