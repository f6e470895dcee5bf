"""The mapped classes, one module a part of the schema. Importing this package maps them all."""

from lambda_function.db.models.appointments import Appointment, AppointmentEvent, ClaimKind, SlotClaim
from lambda_function.db.models.clinics import Chair, Clinic, DoctorTreatment, Treatment
from lambda_function.db.models.people import (
    ClinicPatient,
    Doctor,
    Patient,
    PersonName,
    Receptionist,
    ReceptionistClinic,
    User,
    UserType,
)

__all__ = [
    "Appointment",
    "AppointmentEvent",
    "Chair",
    "ClaimKind",
    "Clinic",
    "ClinicPatient",
    "Doctor",
    "DoctorTreatment",
    "Patient",
    "PersonName",
    "Receptionist",
    "ReceptionistClinic",
    "SlotClaim",
    "Treatment",
    "User",
    "UserType",
]
