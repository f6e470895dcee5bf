"""The data of the fuzzed API: rows whose ids are known beforehand, and a document that proposes these ids."""

from collections.abc import Mapping
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, update

from lambda_function.db.models import (
    Appointment,
    AppointmentEvent,
    CalendarToken,
    Recall,
    RecallEvent,
    SlotClaim,
    TimeOff,
    User,
    WaitlistEntry,
    WorkingHours,
    WorkingHoursException,
)
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import Status
from lambda_function.domain.recalls import RecallStatus
from lambda_function.domain.waitlist import WaitlistStatus
from tests.api.desk import at, instant
from tests.clock import NOW
from tests.factories import Practice

PATIENT, OTHER, DOCTOR = "fuzzpat", "fuzzkim", "fuzzdoc"
_PATIENT_ID, _OTHER_ID, _DOCTOR_ID = 20_001, 20_002, 20_003
# One in each status and at each distance from now, so that every step is possible for somebody.
_VISITS = {
    20_011: (Status.REQUESTED, timedelta(days=8, hours=1)),
    20_012: (Status.BOOKED, timedelta(days=8, hours=2)),
    20_013: (Status.BOOKED, timedelta(hours=1)),
    20_014: (Status.BOOKED, timedelta(hours=-1)),
    20_015: (Status.CHECKED_IN, timedelta(hours=-2)),
    20_016: (Status.CANCELLED, timedelta(days=9)),
}
_WAITING = {20_021: WaitlistStatus.WAITING, 20_022: WaitlistStatus.OFFERED}
_TIME_OFF_ID = 20_031
_RECALLS = {20_041: RecallStatus.OPEN, 20_042: RecallStatus.DISMISSED}
_DAYS = ["2030-01-15", "2030-01-16"]
_DAY_OFF = "2030-01-21"
_TOKEN = "the-token-of-fuzzpat"


def _participant(kind: str, user_id: int) -> dict[str, Any]:
    return {"actor": {"reference": f"{kind}/{user_id}"}, "status": "accepted"}


# Values worth trying besides those that the schema allows, by the name of the parameter or field.
SEEDS: Mapping[str, list[Any]] = {
    "appointment_date": [f"{day} 10:00:00" for day in _DAYS],
    "appointment_id": list(_VISITS),
    "clinic_id": [1, 2],
    "date": _DAYS,
    "day": [*_DAYS, _DAY_OFF],
    "due_from": _DAYS,
    "due_on": _DAYS,
    "due_to": _DAYS,
    "doctor": [DOCTOR, "drsol"],
    "doctor_id": ["me", _DOCTOR_ID],
    "ends_at": [at("20:00", "2030-01-22")],
    "exclude_appointment_id": list(_VISITS),
    "If-Match": ['"1"', "*"],
    "patient": [PATIENT, OTHER],
    "location_id": [1, 2],
    "participant": [[_participant("Patient", _PATIENT_ID), _participant("Practitioner", _DOCTOR_ID)]],
    "patient_id": ["me", _PATIENT_ID, _OTHER_ID],
    "practitioner_id": [_DOCTOR_ID],
    "recall_id": list(_RECALLS),
    "schedule_id": [_DOCTOR_ID],
    "service-type": ["checkup"],
    "serviceType": [[{"coding": [{"code": "checkup"}]}]],
    "slot_id": [f"{_DOCTOR_ID}-1-20300115T1500Z"],
    "start": [at("15:00", day) for day in _DAYS],
    "starts_at": [at(time, day) for day in _DAYS for time in ("15:00", "15:30", "16:00")],
    "time_off_id": [_TIME_OFF_ID],
    "token": [_TOKEN],
    "treatment_id": [1, 2, 3],
    "user_id": ["me", _OTHER_ID],
    "waitlist_id": list(_WAITING),
}


def proposing(document: Any) -> Any:
    """Returns the document with the seeds as possible values of every field or parameter with a matching name."""
    if isinstance(document, list):
        return [proposing(item) for item in document]
    if not isinstance(document, dict):
        return document
    found = {name: proposing(item) for name, item in document.items()}
    if found.get("additionalProperties") is False:  # only schemas of requests forbid further fields
        found["properties"] = {name: _seeded(name, schema) for name, schema in found["properties"].items()}
    if "in" in found and "schema" in found:
        found["schema"] = _seeded(found["name"], found["schema"])
        if found["name"] in SEEDS:
            found["example"] = SEEDS[found["name"]][-1]
    return found


def _seeded(name: str, schema: Any) -> Any:
    return {"anyOf": [{"enum": SEEDS[name]}, schema]} if name in SEEDS else schema


class World:
    """The demo practice and the rows that SEEDS names."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        practice.add_patient(PATIENT, clinics=(1,), user_id=_PATIENT_ID)
        practice.add_patient(OTHER, clinics=(1,), user_id=_OTHER_ID)
        practice.add_doctor(DOCTOR, user_id=_DOCTOR_ID)
        self.restore()

    def restore(self) -> None:
        """Undoes all requests, except that people whom one has created stay."""
        session = self._practice.session
        session.rollback()
        volatile = (
            SlotClaim,
            AppointmentEvent,
            Appointment,
            WaitlistEntry,
            RecallEvent,
            Recall,
            TimeOff,
            WorkingHoursException,
            CalendarToken,
        )
        for mapped in volatile:
            session.execute(delete(mapped))
        session.execute(delete(WorkingHours).where(WorkingHours.doctor_id == _DOCTOR_ID))
        session.execute(update(User).values(active=True))
        session.expunge_all()
        session.commit()
        self._practice.add_hours(_DOCTOR_ID, {weekday: [(0, 24 * 60)] for weekday in range(1, 8)})
        self._practice.add(*self._visits(), *self._entries(), *self._recalls(), *self._rest())

    def _visits(self) -> list[Appointment]:
        return [
            Appointment(
                appointment_id=appointment_id,
                patient_id=_PATIENT_ID,
                doctor_id=_DOCTOR_ID,
                clinic_id=1,
                treatment_id=1,
                status=status,
                starts_at=NOW + ahead,
                ends_at=NOW + ahead + timedelta(minutes=30),
                buffer_before_minutes=0,
                buffer_after_minutes=0,
                created_at=NOW,
                updated_at=NOW,
            )
            for appointment_id, (status, ahead) in _VISITS.items()
        ]

    def _entries(self) -> list[WaitlistEntry]:
        start = instant("15:00", "2030-01-23")
        offer = {
            "offer_doctor_id": _DOCTOR_ID,
            "offer_starts_at": start,
            "offer_ends_at": start + timedelta(minutes=30),
            "offer_expires_at": NOW + timedelta(hours=1),
        }
        return [
            WaitlistEntry(
                waitlist_id=waitlist_id,
                patient_id=_PATIENT_ID,
                treatment_id=1,
                doctor_id=_DOCTOR_ID,
                status=status,
                wished_from=start,
                wished_to=start + timedelta(hours=1),
                created_at=NOW,
                updated_at=NOW,
                **(offer if status is WaitlistStatus.OFFERED else {}),
            )
            for waitlist_id, status in _WAITING.items()
        ]

    def _recalls(self) -> list[Recall]:
        return [
            Recall(
                recall_id=recall_id,
                patient_id=_PATIENT_ID,
                treatment_id=1,
                clinic_id=1,
                doctor_id=_DOCTOR_ID,
                due_on=date.fromisoformat(_DAYS[0]),
                due_set_at=NOW,
                status=status,
                open_key=1 if status is RecallStatus.OPEN else None,
                created_at=NOW,
                updated_at=NOW,
            )
            for recall_id, status in _RECALLS.items()
        ]

    def _rest(self) -> list[Any]:
        start = instant("15:00", _DAY_OFF)
        times = {"starts_at": start, "ends_at": start + timedelta(hours=1), "created_at": NOW}
        return [
            TimeOff(time_off_id=_TIME_OFF_ID, doctor_id=_DOCTOR_ID, reason="Test", **times),
            WorkingHoursException(doctor_id=_DOCTOR_ID, day=date.fromisoformat(_DAY_OFF)),
            CalendarToken(
                user_id=_PATIENT_ID,
                token_hash=sha256(_TOKEN.encode()).hexdigest(),
                created_at=NOW,
                user_type=Role.PATIENT,
                clinic_ids=[],
            ),
        ]
