"""The demo practice of demo.yaml and its patients. It is loaded once, and later starts leave it as it is."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache, partial
from pathlib import Path

from sqlalchemy import URL, Engine, NullPool, create_engine, select, update
from sqlalchemy.orm import Session

from lambda_function.cli.yaml_file import YamlFile
from lambda_function.db.models import Clinic, ClinicPatient, Country, Patient, User
from lambda_function.db.repositories.person_words import correct_words
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.services.practice.apply import apply_practice
from lambda_function.services.practice.declaration import Declaration
from lambda_function.services.practice.read_declaration import read_declaration

FILE = Path(__file__).with_name("demo.yaml")
_PATIENTS = {"pat": ("Pat Rojas", "pat@example.org"), "kim": ("Kim Soto", "kim@example.org")}
PEOPLE = ("drjay", "drwu", "drsol", "rita", "rosa", *_PATIENTS)


@cache
def _practice() -> Declaration:
    return read_declaration(YamlFile(FILE).data)


def countries() -> tuple[str, ...]:
    """Returns the codes of those that are to have a register, in a database of their own."""
    return tuple(_practice().countries)


@cache
def _engine(url: URL) -> Engine:
    """Returns an engine that holds no connection; its compiled statements are reused by tests that load the demo."""
    return create_engine(url, poolclass=NullPool, isolation_level="READ COMMITTED", connect_args={"ssl_disabled": True})


def load(url: URL, now: datetime, registers: Collection[str] = (), *, new: Collection[str] = ()) -> None:
    """Writes the demo data into a migrated database, unless it already holds a practice. `registers` are the countries
    that have a register by now: of those of the file, the practice gets no others, whose visits would wait forever. A
    practice that was there before gets those whose registers are `new`.
    """
    Database(_engine(url), lambda: now).transact(partial(_load, registers=registers, new=new))


def link(url: URL, subs: Mapping[str, str]) -> None:
    """Stores each person's `sub` in this run's Cognito pool in the database."""
    engine = _engine(url)
    with Session(engine) as session, session.begin():
        for user_name, sub in subs.items():
            session.execute(update(User).where(User.user_name == user_name).values(cognito_sub=sub))


def known(url: URL, user_name: str) -> bool:
    """Returns whether the database has a person with that name."""
    with Session(_engine(url)) as session:
        return session.scalar(select(User.user_id).where(User.user_name == user_name)) is not None


def _load(work: UnitOfWork, registers: Collection[str], new: Collection[str]) -> None:
    clinics = select(Clinic.clinic_id).execution_options(unscoped=True)
    if work.session.scalar(clinics.limit(1)) is not None:
        known = work.session.scalars(select(Country.code).execution_options(unscoped=True))
        apply_practice(work, read_declaration({"countries": sorted({*known, *new})}))
        return
    with_registers = [code for code in countries() if code in registers]
    apply_practice(work, _practice().model_copy(update={"countries": with_registers}))
    clinic_ids = work.session.scalars(clinics).all()
    for user_name, (full_name, email) in _PATIENTS.items():
        user = User(
            user_name=user_name,
            user_type=Role.PATIENT,
            full_name=full_name,
            email=email,
            created_at=work.now,
            updated_at=work.now,
        )
        work.session.add(user)
        work.session.flush()
        correct_words(work.session, [user.user_id])
        work.session.add(Patient(user_id=user.user_id))
        work.session.flush()
        work.session.add_all(
            ClinicPatient(clinic_id=clinic_id, patient_id=user.user_id, created_at=work.now) for clinic_id in clinic_ids
        )
