"""What the database users may do, table by table: exactly what the statements of db/repositories need. Migrations grant
it (bootstrap/migration_actions.py). A test compares it with the mapped classes, the tests of every
route run with these rights, and a complete run fails if nothing needed one of them (tests/needed_grants.py).

Locking a row needs UPDATE or DELETE, and INSERT … ON DUPLICATE KEY needs UPDATE, so some tables have them although no
row changes.
"""

from collections.abc import Mapping
from types import MappingProxyType

from lambda_function.db.models import (
    Appointment,
    AppointmentEvent,
    AppointmentRegistration,
    CalendarToken,
    Chair,
    Clinic,
    ClinicMessage,
    ClinicPatient,
    Closure,
    Country,
    Doctor,
    DoctorTreatment,
    FreedTime,
    Guardian,
    IdempotencyKey,
    IdempotencyLock,
    IdempotencySubject,
    ImportLock,
    Installation,
    Link,
    LinkCode,
    Notification,
    OfferLock,
    OutboxMessage,
    Patient,
    PatientIdentifier,
    PatientImport,
    PersonEvent,
    PersonWord,
    Recall,
    RecallEvent,
    RecallSweep,
    Receptionist,
    ReceptionistClinic,
    Refusals,
    SlotClaim,
    TimeOff,
    Treatment,
    User,
    UserType,
    WaitlistEntry,
    WorkingHours,
    WorkingHoursException,
)
from lambda_function.db.models.register import RegisteredVisit

_READ = "SELECT"
_LOCKED = "SELECT, UPDATE"
_KEPT = "SELECT, INSERT, UPDATE"
_REPLACED = "SELECT, INSERT, DELETE"
_ALL = "SELECT, INSERT, UPDATE, DELETE"

APP_RIGHTS: Mapping[str, str] = MappingProxyType(
    {
        "alembic_version": _READ,
        Appointment.__tablename__: _KEPT,
        # Events are only added. Erasing a person empties the two columns that may hold text about them.
        AppointmentEvent.__tablename__: "SELECT, INSERT, UPDATE (reason, changes)",
        AppointmentRegistration.__tablename__: _ALL,
        CalendarToken.__tablename__: _ALL,
        Chair.__tablename__: _KEPT,
        Clinic.__tablename__: _KEPT,
        ClinicMessage.__tablename__: _REPLACED,
        ClinicPatient.__tablename__: _ALL,
        Closure.__tablename__: _REPLACED,
        Country.__tablename__: _REPLACED,
        Doctor.__tablename__: _KEPT,
        DoctorTreatment.__tablename__: _ALL,
        FreedTime.__tablename__: _ALL,
        Guardian.__tablename__: _ALL,
        IdempotencyKey.__tablename__: _REPLACED,
        IdempotencyLock.__tablename__: _LOCKED,
        Link.__tablename__: "SELECT, INSERT, DELETE, UPDATE (notification_id)",
        LinkCode.__tablename__: _ALL,
        # The database deletes these rows with the answers.
        IdempotencySubject.__tablename__: "SELECT, INSERT",
        ImportLock.__tablename__: _LOCKED,
        Installation.__tablename__: _READ,
        Notification.__tablename__: _ALL,
        OfferLock.__tablename__: _LOCKED,
        OutboxMessage.__tablename__: _ALL,
        Patient.__tablename__: _KEPT,
        PatientIdentifier.__tablename__: _REPLACED,
        PatientImport.__tablename__: _KEPT,
        # Rows are only added. They hold no values that would have to be erased.
        PersonEvent.__tablename__: "SELECT, INSERT",
        PersonWord.__tablename__: _REPLACED,
        Recall.__tablename__: _ALL,
        RecallEvent.__tablename__: _REPLACED,
        RecallSweep.__tablename__: _KEPT,
        Receptionist.__tablename__: _KEPT,
        ReceptionistClinic.__tablename__: _ALL,
        Refusals.__tablename__: _ALL,
        SlotClaim.__tablename__: _REPLACED,
        TimeOff.__tablename__: _REPLACED,
        Treatment.__tablename__: _KEPT,
        User.__tablename__: _KEPT,
        UserType.__tablename__: _READ,
        WaitlistEntry.__tablename__: _ALL,
        WorkingHours.__tablename__: _REPLACED,
        WorkingHoursException.__tablename__: _REPLACED,
    }
)
# The functions that fill the registers of countries see of the main database the columns that a register is made of. Of
# identifiers that is more than a register holds: all kinds, of all patients, since a right cannot be limited to rows.
READER_RIGHTS: Mapping[str, str] = MappingProxyType(
    {
        Appointment.__tablename__: (
            "SELECT (appointment_id, version, clinic_id, patient_id, treatment_id, status, starts_at, ends_at, "
            "updated_at)"
        ),
        AppointmentRegistration.__tablename__: "SELECT (appointment_id, version, status)",
        Clinic.__tablename__: "SELECT (clinic_id, country, time_zone)",
        PatientIdentifier.__tablename__: _READ,
        Treatment.__tablename__: "SELECT (treatment_id, code)",
        User.__tablename__: "SELECT (user_id, erased_at)",
    }
)
# In the database of a country.
REGISTER_RIGHTS: Mapping[str, str] = MappingProxyType({RegisteredVisit.__tablename__: _ALL})
# On the whole database: DDL, and rows for revisions that fill in what they add. It may grant only the rights above.
MIGRATOR_RIGHTS = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES"
