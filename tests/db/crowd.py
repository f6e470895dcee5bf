"""A practice with thousands of rows in every table that grows, so that the optimiser has a choice."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import delete, insert, select, text

from lambda_function.db.base import Base
from lambda_function.db.models import (
    Appointment,
    AppointmentEvent,
    Clinic,
    ClinicPatient,
    Doctor,
    DoctorTreatment,
    Guardian,
    Link,
    Notification,
    OutboxMessage,
    Patient,
    PatientIdentifier,
    PersonWord,
    SlotClaim,
    TimeOff,
    User,
    WaitlistEntry,
    WorkingHours,
    WorkingHoursException,
)
from lambda_function.db.repositories.person_words import correct_words
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import Status
from lambda_function.domain.identifiers import IdentifierSystem
from lambda_function.domain.intervals import Interval
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.domain.people import Channel
from lambda_function.domain.person_words import WordKind
from lambda_function.domain.waitlist import WaitlistStatus
from tests.clock import NOW
from tests.factories import Practice, sub_of
from tests.servers import plain_engine

CLINICS, DOCTORS, PATIENTS, VISITS = 10, 100, 2000, 8000
_CHUNK = 2000
VISIT = timedelta(minutes=30)


def _insert(practice: Practice, mapped: type[Any], rows: Iterable[Mapping[str, Any]]) -> None:
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK)):
        practice.session.execute(insert(mapped), chunk)
    practice.session.commit()


def _people(
    practice: Practice, role: Role, number: int, born: Callable[[int], date | None] = lambda _: None
) -> list[int]:
    names = [f"{role.lower()}-{position}" for position in range(number)]
    _insert(
        practice,
        User,
        (
            {
                "user_name": name,
                "user_type": role,
                "full_name": name,
                "cognito_sub": sub_of(name),
                "birth_date": born(position),
                "created_at": NOW,
                "updated_at": NOW,
            }
            for position, name in enumerate(names)
        ),
    )
    ids = practice.ids
    return [ids[name] for name in names]


def crowd(practice: Practice) -> None:
    """Adds ten clinics and their people. Every doctor, including the demo's, has visits before and after NOW."""
    clinics = range(11, 11 + CLINICS)
    _insert(
        practice,
        Clinic,
        ({"clinic_id": number, "name": f"Clinic {number}", "country": "PE", "time_zone": "UTC"} for number in clinics),
    )
    doctors = _people(practice, Role.DOCTOR, DOCTORS)
    clinic_of = {doctor: clinics[position % CLINICS] for position, doctor in enumerate(doctors)}
    _insert(practice, Doctor, ({"user_id": doctor, "clinic_id": clinic} for doctor, clinic in clinic_of.items()))
    _insert(
        practice,
        DoctorTreatment,
        ({"doctor_id": doctor, "treatment_id": 1 + (n % 10 > 0)} for n, doctor in enumerate(doctors)),
    )
    # Each tenth was born on the same day.
    patients = _people(
        practice, Role.PATIENT, PATIENTS, lambda n: date(1980, 1, 1) + timedelta(n) if n % 10 else date(1990, 1, 1)
    )
    _insert(practice, Patient, ({"user_id": patient} for patient in patients))
    _insert(
        practice,
        ClinicPatient,
        ({"clinic_id": 1 + n % 2, "patient_id": patient, "created_at": NOW} for n, patient in enumerate(patients)),
    )
    _known(practice, patients)
    ids = practice.ids
    clinic_of |= {ids["drjay"]: 1, ids["drwu"]: 1, ids["drsol"]: 2}
    _calendars(practice, list(clinic_of))
    _visits(practice, clinic_of, [ids["pat"], ids["kim"], *patients])
    _waiting(practice, patients)
    _families(practice, patients)
    _told(practice, [ids["pat"], ids["kim"], *patients])
    _analyse(practice)


def _known(practice: Practice, patients: list[int]) -> None:
    """Gives everybody an identifier, and the words by which they are found."""
    _insert(
        practice,
        PatientIdentifier,
        (
            {"system": IdentifierSystem.NATIONAL_ID, "scope": "PE", "value": f"{patient:08}", "user_id": patient}
            for patient in patients
        ),
    )
    correct_words(practice.session, patients)
    # All of them have the same words of names, by which no index would find a few.
    whole = PersonWord.kind.in_([WordKind.SAME, WordKind.BIRTH_DATE])
    practice.session.execute(delete(PersonWord).where(PersonWord.user_id.in_(patients), ~whole))
    practice.session.commit()


def _calendars(practice: Practice, doctors: list[int]) -> None:
    _insert(
        practice,
        WorkingHours,
        (
            {"doctor_id": doctor, "weekday": weekday, "start_minute": start, "end_minute": start + 120}
            for doctor in doctors[:-3]
            for weekday in range(1, 8)
            for start in (480, 600, 840)
        ),
    )
    days = [NOW + timedelta(days=7 * number) for number in range(-15, 15)]
    _insert(
        practice,
        WorkingHoursException,
        ({"doctor_id": doctor, "day": (day + timedelta(days=6)).date()} for doctor in doctors for day in days),
    )
    _insert(
        practice,
        TimeOff,
        (
            {"doctor_id": doctor, "starts_at": day, "ends_at": day + VISIT, "reason": "Away", "created_at": NOW}
            for doctor in doctors
            for day in days
        ),
    )


def _visits(practice: Practice, clinic_of: Mapping[int, int], patients: list[int]) -> None:
    doctors = list(clinic_of)
    spans = [Interval(start, start + VISIT) for start in (NOW + n * VISIT for n in range(-VISITS // 2, VISITS // 2))]
    _insert(
        practice,
        Appointment,
        (
            {
                "appointment_id": 1 + n,
                "patient_id": patients[n % 7 if n % 10 == 0 else n % len(patients)],
                "doctor_id": doctors[n % len(doctors)],
                "clinic_id": clinic_of[doctors[n % len(doctors)]],
                "treatment_id": 1,
                "status": Status.COMPLETED if span.start < NOW else Status.BOOKED,
                "starts_at": span.start,
                "ends_at": span.end,
                "buffer_before_minutes": 0,
                "buffer_after_minutes": 0,
                "created_at": NOW,
                "updated_at": NOW,
            }
            for n, span in enumerate(spans)
        ),
    )
    _insert(
        practice,
        SlotClaim,
        (
            {"kind": 1, "resource_id": doctors[n % len(doctors)], "slot_at": slot, "appointment_id": 1 + n}
            for n, span in enumerate(spans)
            for slot in islice(span.grid_slots(), 2)
        ),
    )
    _insert(
        practice,
        AppointmentEvent,
        (
            {"appointment_id": 1 + n, "at": NOW, "action": "BOOK", "to_status": Status.BOOKED, "changes": {}}
            for n in range(VISITS)
        ),
    )
    _insert(
        practice,
        OutboxMessage,
        (
            {"kind": "x", "detail": {}, "created_at": NOW, "published_at": NOW if n < VISITS - 20 else None}
            for n in range(VISITS)
        ),
    )


def _waiting(practice: Practice, patients: list[int]) -> None:
    """Adds waitlist entries, of which one in fifty is still open."""
    _insert(
        practice,
        WaitlistEntry,
        (
            {
                "patient_id": patient,
                "treatment_id": 1,
                "clinic_id": 11 + n % CLINICS,
                "status": WaitlistStatus.WITHDRAWN if n % 50 else WaitlistStatus.WAITING,
                "wished_from": NOW,
                "wished_to": NOW + timedelta(days=30),
                "created_at": NOW,
                "updated_at": NOW,
            }
            for n, patient in enumerate(patients)
        ),
    )


def _families(practice: Practice, patients: list[int]) -> None:
    """Gives some patients guardians who have nobody else."""
    rita = practice.ids["rita"]
    pairs = zip(patients[-500:], patients[-1000:-500], strict=True)
    _insert(
        practice,
        Guardian,
        (
            {
                "guardian_id": guardian,
                "patient_id": patient,
                "reason": "Asked for it",
                "created_by": rita,
                "created_at": NOW,
            }
            for guardian, patient in pairs
        ),
    )


def _told(practice: Practice, patients: list[int]) -> None:
    """Adds two messages for each visit, of which nearly all have been sent, each with a link."""
    _insert(
        practice,
        Notification,
        (
            {
                "kind": kind,
                "channel": Channel.EMAIL,
                "status": NotificationStatus.SENT if n % 50 else NotificationStatus.PENDING,
                "user_id": patients[n % len(patients)],
                "clinic_id": 1 + n % CLINICS,
                "appointment_id": 1 + n,
                "subject": f"{kind}:{n}",
                "basis_at": NOW,
                "due_at": NOW + n * VISIT,
                "next_at": None if n % 50 else NOW + n * VISIT,
                "sent_at": NOW - timedelta(hours=2) if n % 50 else None,
                "created_at": NOW,
            }
            for n in range(VISITS)
            for kind in (NotificationKind.BOOKED, NotificationKind.REMINDER)
        ),
    )
    sent = practice.session.scalars(select(Notification.notification_id)).all()
    links = ({"token_hash": f"{number:064}", "notification_id": number, "created_at": NOW} for number in sent)
    _insert(practice, Link, links)


def _analyse(practice: Practice) -> None:
    """Gives the tables statistics as in production."""
    tables = ", ".join(f"`{table.name}`" for table in Base.metadata.sorted_tables)
    with plain_engine(practice.url).connect() as connection:
        connection.execute(text(f"ANALYZE TABLE {tables}")).all()
