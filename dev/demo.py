"""The demo practice: two clinics, their people and treatments. Loaded once; later starts find it as it was left."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import URL, Engine, NullPool, create_engine, select, update
from sqlalchemy.orm import Session

from lambda_function.db.models import (
    Chair,
    Clinic,
    ClinicPatient,
    Doctor,
    DoctorTreatment,
    Patient,
    Receptionist,
    ReceptionistClinic,
    Treatment,
    User,
    WorkingHours,
)
from lambda_function.domain.actor import Role

_CLINICS = {
    1: ("Lima Centro", "PE", "America/Lima", 3),
    2: ("Santiago Norte", "CL", "America/Santiago", 2),
}
_DOCTORS = {"drjay": ("Jay Quispe", 1), "drwu": ("Wu Mei", 1), "drsol": ("Sol Araya", 2)}
_RECEPTIONISTS = {"rita": ("Rita Flores", 1), "rosa": ("Rosa Muñoz", 2)}
_PATIENTS = {"pat": ("Pat Rojas", "pat@example.org"), "kim": ("Kim Soto", "kim@example.org")}
_CHECKUP = 1

PEOPLE = (*_DOCTORS, *_RECEPTIONISTS, *_PATIENTS)


def _engine(url: URL) -> Engine:
    return create_engine(url, poolclass=NullPool, connect_args={"ssl_disabled": True})


def load(url: URL, now: datetime) -> None:
    """Writes the demo data into a migrated database, unless it is there."""
    engine = _engine(url)
    with Session(engine) as session, session.begin():
        if session.scalar(select(Clinic.clinic_id).limit(1)) is None:
            _clinics(session)
            _treatments(session)
            _staff(session, now)
            _patients(session, now)
        if session.scalar(select(WorkingHours.working_hours_id).limit(1)) is None:
            _hours(session)


def link(url: URL, subs: Mapping[str, str]) -> None:
    """Tells the database which `sub` each person has in the Cognito pool of this start."""
    engine = _engine(url)
    with Session(engine) as session, session.begin():
        for user_name, sub in subs.items():
            session.execute(update(User).where(User.user_name == user_name).values(cognito_sub=sub))


def _clinics(session: Session) -> None:
    for clinic_id, (name, country, time_zone, chairs) in _CLINICS.items():
        session.add(Clinic(clinic_id=clinic_id, name=name, country=country, time_zone=time_zone))
        session.flush()
        session.add_all(Chair(clinic_id=clinic_id, name=f"Chair {number}") for number in range(1, chairs + 1))
        session.flush()


def _treatments(session: Session) -> None:
    session.add_all(
        [
            Treatment(treatment_id=_CHECKUP, code="checkup", name="Check-up", duration_minutes=30, price=Decimal(40)),
            Treatment(
                treatment_id=2,
                code="cleaning",
                name="Cleaning",
                duration_minutes=45,
                buffer_after_minutes=10,
                price=Decimal(60),
            ),
            Treatment(
                treatment_id=3,
                code="implant",
                name="Implant",
                duration_minutes=90,
                needs_approval=True,
                price=Decimal(900),
            ),
        ]
    )
    session.flush()


def _user(
    session: Session, user_name: str, role: Role, full_name: str, *, now: datetime, email: str | None = None
) -> int:
    user = User(user_name=user_name, user_type=role, full_name=full_name, email=email, created_at=now, updated_at=now)
    session.add(user)
    session.flush()
    return user.user_id


def _staff(session: Session, now: datetime) -> None:
    for user_name, (full_name, clinic_id) in _DOCTORS.items():
        user_id = _user(session, user_name, Role.DOCTOR, full_name, now=now)
        doctor = Doctor(user_id=user_id, clinic_id=clinic_id)
        session.add(doctor)
        session.flush()
        session.add_all(DoctorTreatment(doctor_id=user_id, treatment_id=number) for number in (_CHECKUP, 2, 3))
        session.flush()
        doctor.default_treatment_id = _CHECKUP
    for user_name, (full_name, clinic_id) in _RECEPTIONISTS.items():
        user_id = _user(session, user_name, Role.RECEPTIONIST, full_name, now=now)
        session.add(Receptionist(user_id=user_id))
        session.flush()
        session.add(ReceptionistClinic(receptionist_id=user_id, clinic_id=clinic_id))


def _hours(session: Session) -> None:
    """Monday to Saturday, 08:00 to 18:00 without a break."""
    session.add_all(
        WorkingHours(doctor_id=doctor_id, weekday=weekday, start_minute=8 * 60, end_minute=18 * 60)
        for doctor_id in session.scalars(select(User.user_id).where(User.user_name.in_(_DOCTORS)))
        for weekday in range(1, 7)
    )


def _patients(session: Session, now: datetime) -> None:
    for user_name, (full_name, email) in _PATIENTS.items():
        user_id = _user(session, user_name, Role.PATIENT, full_name, now=now, email=email)
        session.add(Patient(user_id=user_id))
        session.flush()
        session.add_all(
            ClinicPatient(clinic_id=clinic_id, patient_id=user_id, created_at=now) for clinic_id in _CLINICS
        )
