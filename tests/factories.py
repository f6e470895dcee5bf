"""Rows for tests, written without a scope as an operator would."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import URL, select
from sqlalchemy.orm import Session

from dev import demo
from lambda_function.db.base import Base
from lambda_function.db.models import (
    Appointment,
    Chair,
    Clinic,
    ClinicPatient,
    Doctor,
    DoctorTreatment,
    Guardian,
    Patient,
    PatientIdentifier,
    Receptionist,
    ReceptionistClinic,
    SlotClaim,
    Treatment,
    User,
    WorkingHours,
)
from lambda_function.db.repositories.person_words import correct_words
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Status
from lambda_function.domain.identifiers import IdentifierSystem
from tests.clock import NOW
from tests.servers import WRITTEN_BY_MIGRATIONS, plain_engine, run_script, without_foreign_keys


def sub_of(user_name: str) -> str:
    return f"sub-{user_name}"


_DEMO: list[str] = []
# The tables that number their rows. A table that was emptied goes on with the number after its last one.
_NUMBERED = [
    table.name
    for table in Base.metadata.sorted_tables
    if table.autoincrement_column is not None and table.name not in WRITTEN_BY_MIGRATIONS
]


def _load_demo(url: URL, session: Session) -> None:
    """Loads the demo as `make run` does the first time, with ids from 1. Later calls write its rows with one script,
    which takes a tenth of the time.
    """
    loaded = session.scalar(select(Clinic.clinic_id).limit(1)) is not None
    session.rollback()
    if loaded:
        return
    if _DEMO:
        run_script(url, _DEMO[0])
        return
    run_script(url, ";".join(f"ALTER TABLE `{name}` AUTO_INCREMENT = 1" for name in _NUMBERED))
    demo.load(url, NOW)
    demo.link(url, {name: sub_of(name) for name in demo.PEOPLE})
    _DEMO.append(_script_of_rows(url))


def _script_of_rows(url: URL) -> str:
    """Returns a script that writes all rows that are in the database, except for those that migrations write."""
    inserts = []
    with closing(plain_engine(url).raw_connection()) as connection, closing(connection.cursor()) as cursor:
        for name in (table.name for table in Base.metadata.sorted_tables if table.name not in WRITTEN_BY_MIGRATIONS):
            cursor.execute(f"SELECT * FROM `{name}`")
            rows = [cursor.mogrify(f"({', '.join(['%s'] * len(row))})", row) for row in cursor.fetchall()]
            if rows:
                inserts.append(f"INSERT INTO `{name}` VALUES {', '.join(rows)}")
    return without_foreign_keys(inserts)


class Practice:
    """The demo practice and the rows that a test adds. `ids` are user ids by user name."""

    def __init__(self, url: URL, session: Session) -> None:
        self.url = url
        self.session = session
        self._numbers = count(1)

    @classmethod
    @contextmanager
    def open(cls, url: URL) -> Iterator["Practice"]:
        """Everything is written over one connection, since each transaction would make its own otherwise."""
        with plain_engine(url).connect() as connection, Session(connection) as session:
            _load_demo(url, session)
            yield cls(url, session)

    @property
    def ids(self) -> Mapping[str, int]:
        self.session.rollback()
        return {row.user_name: row.user_id for row in self.session.execute(select(User.user_name, User.user_id))}

    def actor(self, user_name: str) -> Actor:
        user = self.user(user_name)
        clinics: list[int] = []
        if user.user_type is Role.DOCTOR:
            clinics = list(self.session.scalars(select(Doctor.clinic_id).where(Doctor.user_id == user.user_id)))
        if user.user_type is Role.RECEPTIONIST:
            works_at = select(ReceptionistClinic.clinic_id).where(ReceptionistClinic.receptionist_id == user.user_id)
            clinics = list(self.session.scalars(works_at))
        acts_for = self.session.scalars(select(Guardian.patient_id).where(Guardian.guardian_id == user.user_id))
        return Actor(user.user_id, user.user_type, tuple(sorted(clinics)), tuple(sorted(acts_for)))

    def user(self, user_name: str) -> User:
        self.session.rollback()
        return self.session.scalars(select(User).where(User.user_name == user_name)).one()

    def add(self, *rows: Any) -> None:
        self.session.add_all(rows)
        self.session.commit()

    def add_user(self, role: Role, user_name: str | None = None, **columns: Any) -> User:
        user = self._new_user(role, user_name, columns)
        self.session.commit()
        return user

    def _new_user(self, role: Role, user_name: str | None, columns: Mapping[str, Any]) -> User:
        """Adds a user with the words that find them, without a commit."""
        name = user_name or f"{role.lower()}{next(self._numbers)}"
        user = User(
            **{
                "user_name": name,
                "user_type": role,
                "full_name": name.title(),
                "cognito_sub": sub_of(name),
                "created_at": NOW,
                "updated_at": NOW,
                **columns,
            }
        )
        self.session.add(user)
        self.session.flush()
        correct_words(self.session, [user.user_id])
        return user

    def correct_words(self, user: User) -> None:
        """Brings the words by which a person is found up to date with the row."""
        correct_words(self.session, [user.user_id])
        self.session.commit()

    def add_patient(self, user_name: str | None = None, *, clinics: tuple[int, ...] = (), **columns: Any) -> User:
        user = self._new_user(Role.PATIENT, user_name, columns)
        self.session.add(Patient(user_id=user.user_id))
        self.session.flush()
        self.add(*(ClinicPatient(clinic_id=clinic, patient_id=user.user_id, created_at=NOW) for clinic in clinics))
        return user

    def add_identifier(self, user_id: int, system: str, scope: str | int, value: str) -> None:
        """Adds an identifier, in the form in which it is stored, with the words by which it is found."""
        self.session.add(
            PatientIdentifier(system=IdentifierSystem(system), scope=str(scope), value=value, user_id=user_id)
        )
        self.session.flush()
        correct_words(self.session, [user_id])
        self.session.commit()

    def add_doctor(
        self, user_name: str | None = None, *, clinic: int = 1, treatments: tuple[int, ...] = (1, 2, 3), **columns: Any
    ) -> User:
        user = self.add_user(Role.DOCTOR, user_name, **columns)
        self.add(Doctor(user_id=user.user_id, clinic_id=clinic))
        self.add(*(DoctorTreatment(doctor_id=user.user_id, treatment_id=treatment) for treatment in treatments))
        self.add_hours(user.user_id, {weekday: [(0, 24 * 60)] for weekday in range(1, 8)})
        return user

    def add_hours(self, doctor_id: int, week: Mapping[int, Sequence[tuple[int, int]]]) -> None:
        """Adds weekly hours in minutes from midnight, by weekday from 1 for Monday."""
        self.add(
            *(
                WorkingHours(doctor_id=doctor_id, weekday=weekday, start_minute=start, end_minute=end)
                for weekday, windows in week.items()
                for start, end in windows
            )
        )

    def add_guardian(self, guardian: str, patient: str, **columns: Any) -> None:
        """Makes the one the guardian of the other, by default until somebody ends it."""
        ids = self.ids
        given = {"created_by": ids["rita"], "created_at": NOW, **columns}
        self.add(Guardian(guardian_id=ids[guardian], patient_id=ids[patient], **given))

    def add_receptionist(self, user_name: str | None = None, *, clinics: tuple[int, ...] = (1,)) -> User:
        user = self.add_user(Role.RECEPTIONIST, user_name)
        self.add(Receptionist(user_id=user.user_id))
        self.add(*(ReceptionistClinic(receptionist_id=user.user_id, clinic_id=clinic) for clinic in clinics))
        return user

    def add_clinic(self, name: str, time_zone: str, *, country: str = "PE", chairs: int = 0, **policies: Any) -> Clinic:
        clinic = Clinic(name=name, country=country, time_zone=time_zone, **policies)
        self.add(clinic)
        self.add(*(Chair(clinic_id=clinic.clinic_id, name=f"Chair {number}") for number in range(1, chairs + 1)))
        return clinic

    def add_treatment(self, code: str, **columns: Any) -> Treatment:
        treatment = Treatment(**{"code": code, "name": code.title(), "duration_minutes": 30, **columns})
        self.add(treatment)
        return treatment

    def add_appointment(self, starts_at: datetime, **columns: Any) -> Appointment:
        """Adds an appointment without claims: by default, a booked check-up of pat with drjay."""
        ids = self.ids
        appointment = Appointment(
            **{
                "patient_id": ids["pat"],
                "doctor_id": ids["drjay"],
                "clinic_id": 1,
                "treatment_id": 1,
                "status": Status.BOOKED,
                "starts_at": starts_at,
                "ends_at": starts_at + timedelta(minutes=30),
                "buffer_before_minutes": 0,
                "buffer_after_minutes": 0,
                "created_at": NOW,
                "updated_at": NOW,
                **columns,
            }
        )
        self.add(appointment)
        return appointment

    def claims(self) -> list[tuple[int, int, datetime, int]]:
        """Returns (kind, resource_id, slot_at, appointment_id), in key order."""
        self.session.rollback()
        statement = select(SlotClaim.kind, SlotClaim.resource_id, SlotClaim.slot_at, SlotClaim.appointment_id).order_by(
            SlotClaim.kind, SlotClaim.resource_id, SlotClaim.slot_at
        )
        rows = self.session.execute(statement)
        return [(row.kind, row.resource_id, row.slot_at, row.appointment_id) for row in rows]

    def rows(self, mapped: type[Any]) -> list[Any]:
        """Returns all current rows of a class."""
        self.session.rollback()
        return list(self.session.scalars(select(mapped).execution_options(populate_existing=True)))
