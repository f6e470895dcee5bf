"""Users and their roles: patients, doctors and receptionists have a profile row beside their `user` row."""

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, String, text
from sqlalchemy.dialects.mysql import CHAR, TINYINT
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import EXACT, LANGUAGE, Base, Id, Instant, Name, Reason, RoleId, stored_enum, table_args
from lambda_function.domain.actor import Role
from lambda_function.domain.identifiers import LONGEST_IDENTIFIER, IdentifierSystem
from lambda_function.domain.people import Channel, Language
from lambda_function.domain.person_words import LONGEST_WORD


class UserType(Base):
    __tablename__ = "user_type"

    user_type_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    description: Mapped[str] = mapped_column(String(32), unique=True)


class User(Base):
    """A person. `cognito_sub` is NULL until the person has signed up. An inactive user may do nothing. A person who was
    erased or merged into another is inactive for good, appears in no list, and matches nothing.

    `email_trusted` says whether a verified e-mail links an account by itself. NULL means yes as long as the version is
    1. See services/sign_up.py. `bounced_email_hash` is the hash of an address to which mail could not be delivered:
    while the person has that address, nothing is sent there.
    """

    __tablename__ = "user"
    __table_args__ = table_args(
        Index(None, "user_type", "user_id"),
        Index(None, "email"),
        Index(None, "birth_date"),
    )

    user_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    user_name: Mapped[str] = mapped_column(String(64), unique=True)
    user_type: Mapped[Role] = mapped_column(RoleId, ForeignKey("user_type.user_type_id"))
    full_name: Mapped[Name]
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(32))
    cognito_sub: Mapped[str | None] = mapped_column(String(64, collation=EXACT), unique=True)
    active: Mapped[bool] = mapped_column(default=True, server_default=text("1"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    erased_at: Mapped[Instant | None]
    merged_into: Mapped[Id | None]
    email_trusted: Mapped[bool | None]
    birth_date: Mapped[date | None]
    # None in these three means by default: see services/people.py.
    language: Mapped[Language | None] = mapped_column(LANGUAGE)
    contact_by: Mapped[Channel | None] = mapped_column(stored_enum(Channel))
    recalls: Mapped[bool | None]
    bounced_email_hash: Mapped[str | None] = mapped_column(CHAR(64, collation=EXACT))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own way to say it


class PersonName(Base):
    """The name of a person in something that the caller may see, and whether the person is being erased. It is a second
    mapping of `user` with only these columns and without a scope: whoever sees an appointment sees its names.
    """

    __table__ = User.__table__
    __mapper_args__ = {"include_properties": ["user_id", "user_name", "full_name", "erased_at", "merged_into"]}  # noqa: RUF012 - as above

    user_id: Mapped[int]
    user_name: Mapped[str]
    full_name: Mapped[str]
    erased_at: Mapped[datetime | None]
    merged_into: Mapped[int | None]


class Patient(Base):
    __tablename__ = "patient"

    user_id: Mapped[Id] = mapped_column(ForeignKey("user.user_id"), primary_key=True, autoincrement=False)


class Doctor(Base):
    __tablename__ = "doctor"
    __table_args__ = table_args(
        ForeignKeyConstraint(
            ["user_id", "default_treatment_id"],
            ["doctor_treatment.doctor_id", "doctor_treatment.treatment_id"],
            use_alter=True,  # doctor_treatment refers back to doctor
        ),
    )

    user_id: Mapped[Id] = mapped_column(ForeignKey("user.user_id"), primary_key=True, autoincrement=False)
    clinic_id: Mapped[Id] = mapped_column(ForeignKey("clinic.clinic_id"))
    default_treatment_id: Mapped[Id | None]


class Receptionist(Base):
    __tablename__ = "receptionist"

    user_id: Mapped[Id] = mapped_column(ForeignKey("user.user_id"), primary_key=True, autoincrement=False)


class ReceptionistClinic(Base):
    """A clinic in which a receptionist works."""

    __tablename__ = "receptionist_clinic"

    receptionist_id: Mapped[Id] = mapped_column(
        ForeignKey("receptionist.user_id"), primary_key=True, autoincrement=False
    )
    clinic_id: Mapped[Id] = mapped_column(ForeignKey("clinic.clinic_id"), primary_key=True, autoincrement=False)


class ClinicPatient(Base):
    """A clinic whose patient somebody is. It is written with the patient and on the first booking in a clinic."""

    __tablename__ = "clinic_patient"

    clinic_id: Mapped[Id] = mapped_column(ForeignKey("clinic.clinic_id"), primary_key=True, autoincrement=False)
    patient_id: Mapped[Id] = mapped_column(ForeignKey("patient.user_id"), primary_key=True, autoincrement=False)
    created_at: Mapped[Instant]


class PatientIdentifier(Base):
    """A number by which an authority, an insurance or a clinic knows a patient, in the form of domain/identifiers.py.
    `scope` is a country for the first two and the id of a clinic for a chart number.
    """

    __tablename__ = "patient_identifier"
    __table_args__ = table_args(Index(None, "user_id"))

    system: Mapped[IdentifierSystem] = mapped_column(stored_enum(IdentifierSystem), primary_key=True)
    scope: Mapped[str] = mapped_column(String(20, collation=EXACT), primary_key=True)
    value: Mapped[str] = mapped_column(String(LONGEST_IDENTIFIER, collation=EXACT), primary_key=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey("patient.user_id"))


class PatientImport(Base):
    """A row of a clinic's file that has become a patient. The key that the row has there is kept as its SHA-256.
    `user_id` is NULL once the patient was erased: the row stays, so that the same file does not bring them back.
    """

    __tablename__ = "patient_import"
    __table_args__ = table_args(Index(None, "user_id"))

    clinic_id: Mapped[Id] = mapped_column(ForeignKey("clinic.clinic_id"), primary_key=True, autoincrement=False)
    key_hash: Mapped[str] = mapped_column(CHAR(64, collation=EXACT), primary_key=True)
    user_id: Mapped[Id | None] = mapped_column(ForeignKey("patient.user_id"))
    created_at: Mapped[Instant]


class ImportLock(Base):
    """The lock of imports, so that one batch is written at a time. The migration writes its only row, and nothing ever
    changes it.
    """

    __tablename__ = "import_lock"

    stripe: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)


class Guardian(Base):
    """Somebody who acts for a patient until the day `ends_on` of UTC begins. None means until the row is removed."""

    __tablename__ = "guardian"
    __table_args__ = table_args(Index(None, "patient_id"), Index(None, "created_by"))

    guardian_id: Mapped[Id] = mapped_column(ForeignKey("patient.user_id"), primary_key=True, autoincrement=False)
    patient_id: Mapped[Id] = mapped_column(ForeignKey("patient.user_id"), primary_key=True, autoincrement=False)
    reason: Mapped[Reason | None]
    created_by: Mapped[Id] = mapped_column(ForeignKey("user.user_id"))
    created_at: Mapped[Instant]
    ends_on: Mapped[date | None]


class PersonEvent(Base):
    """Something that happened to the person `user_id`. Rows are only added. `actor_id` is NULL if the user pool's
    trigger or an operator did it. `fields` are names, without values.
    """

    __tablename__ = "person_event"
    __table_args__ = table_args(Index(None, "user_id", "person_event_id"))

    person_event_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey("user.user_id"))
    at: Mapped[Instant]
    actor_id: Mapped[Id | None] = mapped_column(ForeignKey("user.user_id"), index=True)
    action: Mapped[str] = mapped_column(String(32))
    fields: Mapped[list[str]] = mapped_column(JSON)


class PersonWord(Base):
    """A word by which a person is found, made of the person's own row: see domain/person_words.py. Somebody who was
    erased or merged into another has none. `kind` is a WordKind. The index answers a search without the table.
    """

    __tablename__ = "person_word"
    __table_args__ = table_args(Index(None, "word", "user_id", "kind"))

    user_id: Mapped[Id] = mapped_column(ForeignKey("user.user_id"), primary_key=True, autoincrement=False)
    kind: Mapped[int] = mapped_column(TINYINT(), primary_key=True, autoincrement=False)
    word: Mapped[str] = mapped_column(String(LONGEST_WORD, collation=EXACT), primary_key=True)


# The tables of three classes, only for db/criteria, whose own criteria must see all rows.
USER_ROWS = Base.metadata.tables[User.__tablename__]
PATIENT_ROWS = Base.metadata.tables[Patient.__tablename__]
DOCTOR_ROWS = Doctor.__table__
RECEPTIONIST_CLINIC_ROWS = ReceptionistClinic.__table__
CLINIC_PATIENT_ROWS = Base.metadata.tables[ClinicPatient.__tablename__]
# For searches, which compare words of people whom the scope of another class limits.
# For a condition that also scoped statements have.
GUARDIAN_ROWS = Base.metadata.tables[Guardian.__tablename__]
PERSON_WORD_ROWS = Base.metadata.tables[PersonWord.__tablename__]
# For the insert of many rows.
PATIENT_IDENTIFIER_ROWS = Base.metadata.tables[PatientIdentifier.__tablename__]
PATIENT_IMPORT_ROWS = Base.metadata.tables[PatientImport.__tablename__]
PERSON_EVENT_ROWS = Base.metadata.tables[PersonEvent.__tablename__]
