"""The mapped classes, with one module for each part of the schema. Importing this package maps all of them."""

from lambda_function.db.models.appointments import Appointment, AppointmentEvent, ClaimKind, SlotClaim
from lambda_function.db.models.calendar_feed import CalendarToken
from lambda_function.db.models.clinics import Chair, Clinic, DoctorTreatment, Treatment
from lambda_function.db.models.freed_time import FreedTime, OfferLock
from lambda_function.db.models.idempotency import IdempotencyKey, IdempotencyLock, IdempotencySubject
from lambda_function.db.models.installation import Installation
from lambda_function.db.models.link_codes import LinkCode, Refusals
from lambda_function.db.models.links import Link
from lambda_function.db.models.notifications import ClinicMessage, Notification
from lambda_function.db.models.outbox import OutboxMessage
from lambda_function.db.models.people import (
    ClinicPatient,
    Doctor,
    Guardian,
    ImportLock,
    Patient,
    PatientIdentifier,
    PatientImport,
    PersonEvent,
    PersonName,
    PersonWord,
    Receptionist,
    ReceptionistClinic,
    User,
    UserType,
)
from lambda_function.db.models.recalls import Recall, RecallEvent, RecallSweep
from lambda_function.db.models.registrations import AppointmentRegistration, Country
from lambda_function.db.models.waitlist import WaitlistEntry
from lambda_function.db.models.working_hours import Closure, TimeOff, WorkingHours, WorkingHoursException

__all__ = [
    "Appointment",
    "AppointmentEvent",
    "AppointmentRegistration",
    "CalendarToken",
    "Chair",
    "ClaimKind",
    "Clinic",
    "ClinicMessage",
    "ClinicPatient",
    "Closure",
    "Country",
    "Doctor",
    "DoctorTreatment",
    "FreedTime",
    "Guardian",
    "IdempotencyKey",
    "IdempotencyLock",
    "IdempotencySubject",
    "ImportLock",
    "Installation",
    "Link",
    "LinkCode",
    "Notification",
    "OfferLock",
    "OutboxMessage",
    "Patient",
    "PatientIdentifier",
    "PatientImport",
    "PersonEvent",
    "PersonName",
    "PersonWord",
    "Recall",
    "RecallEvent",
    "RecallSweep",
    "Receptionist",
    "ReceptionistClinic",
    "Refusals",
    "SlotClaim",
    "TimeOff",
    "Treatment",
    "User",
    "UserType",
    "WaitlistEntry",
    "WorkingHours",
    "WorkingHoursException",
]
