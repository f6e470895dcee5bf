"""Who may see what according to the README, computed in Python from all rows."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import inspect

from lambda_function.db.models import (
    Appointment,
    AppointmentEvent,
    CalendarToken,
    ClinicPatient,
    Doctor,
    FreedTime,
    Guardian,
    IdempotencyKey,
    IdempotencySubject,
    Link,
    LinkCode,
    Notification,
    OutboxMessage,
    Patient,
    PatientIdentifier,
    PatientImport,
    PersonEvent,
    PersonWord,
    Recall,
    RecallEvent,
    Receptionist,
    ReceptionistClinic,
    Refusals,
    SlotClaim,
    TimeOff,
    User,
    WaitlistEntry,
)
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Status
from lambda_function.domain.identifiers import IdentifierSystem
from tests.factories import Practice

SCOPED = (
    User,
    Patient,
    PersonEvent,
    PersonWord,
    PatientIdentifier,
    PatientImport,
    Guardian,
    ClinicPatient,
    Doctor,
    Receptionist,
    ReceptionistClinic,
    Appointment,
    AppointmentEvent,
    TimeOff,
    SlotClaim,
    WaitlistEntry,
    CalendarToken,
    IdempotencyKey,
    Link,
    LinkCode,
    Refusals,
    IdempotencySubject,
    OutboxMessage,
    FreedTime,
    Notification,
    Recall,
    RecallEvent,
)
Key = tuple[Any, ...]
Rules = Mapping[type[Any], Callable[[Any], bool]]


def key(mapped: type[Any], row: Any) -> Key:
    return tuple(getattr(row, column.name) for column in inspect(mapped).primary_key)


class Expected:
    """Who may see what according to the README, in Python over all rows."""

    def __init__(self, practice: Practice, actor: Actor) -> None:
        self.actor = actor
        self.rows: Mapping[type[Any], list[Any]] = {mapped: practice.rows(mapped) for mapped in SCOPED}
        self.clinics_of: dict[int, set[int]] = {}
        for row in self.rows[ClinicPatient]:
            self.clinics_of.setdefault(row.patient_id, set()).add(row.clinic_id)
        self.users = {user.user_id: user for user in self.rows[User]}
        self.visits = {visit.appointment_id: visit for visit in self.rows[Appointment]}
        self.recalls = {recall.recall_id: recall for recall in self.rows[Recall]}
        self.doctor_clinic = {doctor.user_id: doctor.clinic_id for doctor in self.rows[Doctor]}

    def patient(self, user_id: int) -> bool:
        clinics = self.clinics_of.get(user_id, set())
        match self.actor.role:
            case Role.PATIENT:
                return user_id in self.actor.patient_ids
            case Role.DOCTOR:
                return bool(clinics & set(self.actor.clinic_ids))
            case Role.RECEPTIONIST:
                return not clinics or bool(clinics & set(self.actor.clinic_ids))

    def user(self, user: User) -> bool:
        if not user.active or user.erased_at or user.merged_into:
            return False
        match user.user_type:
            case Role.PATIENT:
                return self.patient(user.user_id)
            case Role.DOCTOR:
                own_clinic = self.doctor_clinic[user.user_id] in self.actor.clinic_ids
                return self.actor.role is not Role.RECEPTIONIST or own_clinic
            case Role.RECEPTIONIST:
                return user.user_id == self.actor.user_id

    def visit(self, visit: Appointment) -> bool:
        match self.actor.role:
            case Role.PATIENT:
                return visit.patient_id in self.actor.patient_ids
            case Role.DOCTOR:
                return visit.doctor_id == self.actor.user_id
            case Role.RECEPTIONIST:
                return visit.clinic_id in self.actor.clinic_ids

    def time_off(self, time_off: TimeOff) -> bool:
        match self.actor.role:
            case Role.PATIENT:
                return False
            case Role.DOCTOR:
                return time_off.doctor_id == self.actor.user_id
            case Role.RECEPTIONIST:
                return self.doctor_clinic[time_off.doctor_id] in self.actor.clinic_ids

    def wish(self, entry: WaitlistEntry) -> bool:
        match self.actor.role:
            case Role.PATIENT:
                return entry.patient_id in self.actor.patient_ids
            case Role.DOCTOR:
                return False
            case Role.RECEPTIONIST:
                wanted = {entry.clinic_id, self.doctor_clinic.get(entry.doctor_id or 0)} - {None}
                return self.patient(entry.patient_id) and wanted <= set(self.actor.clinic_ids)

    def identifier(self, row: PatientIdentifier) -> bool:
        here = row.system is not IdentifierSystem.CHART or int(row.scope) in self.actor.clinic_ids
        match self.actor.role:
            case Role.PATIENT:
                return row.user_id in self.actor.patient_ids
            case Role.DOCTOR:
                kept = [visit for visit in self.visits.values() if visit.status is not Status.CANCELLED]
                treated = {visit.patient_id for visit in kept if visit.doctor_id == self.actor.user_id}
                return here and row.user_id in treated
            case Role.RECEPTIONIST:
                return here and self.patient(row.user_id)

    def guardian(self, row: Guardian) -> bool:
        if self.actor.role is Role.RECEPTIONIST:
            return self.patient(row.patient_id)
        return row.guardian_id == self.actor.user_id

    def notification(self, row: Notification) -> bool:
        match self.actor.role:
            case Role.PATIENT:
                return row.user_id in self.actor.patient_ids
            case Role.DOCTOR:
                return False
            case Role.RECEPTIONIST:
                return row.clinic_id in self.actor.clinic_ids

    def recall(self, row: Recall) -> bool:
        if self.actor.role is Role.PATIENT:
            return row.patient_id in self.actor.patient_ids
        return row.clinic_id in self.actor.clinic_ids

    def recall_event(self, row: RecallEvent) -> bool:
        return self.actor.role is not Role.PATIENT and self.recall(self.recalls[row.recall_id])

    def keys(self, mapped: type[Any]) -> set[Key]:
        me = self.actor.user_id
        rules: Rules = {
            User: self.user,
            Patient: lambda row: self.patient(row.user_id),
            PersonEvent: lambda row: False,
            PersonWord: lambda row: False,
            PatientIdentifier: self.identifier,
            PatientImport: lambda row: False,
            Guardian: self.guardian,
            Link: lambda row: False,
            LinkCode: lambda row: False,
            Refusals: lambda row: False,
            ClinicPatient: lambda row: self.patient(row.patient_id),
            Doctor: lambda row: self.users[row.user_id].active,
            Receptionist: lambda row: row.user_id == me,
            ReceptionistClinic: lambda row: row.receptionist_id == me,
            Appointment: self.visit,
            AppointmentEvent: lambda row: self.visit(self.visits[row.appointment_id]),
            TimeOff: self.time_off,
            SlotClaim: lambda row: False,
            OutboxMessage: lambda row: False,
            FreedTime: lambda row: False,
            Notification: self.notification,
            WaitlistEntry: self.wish,
            Recall: self.recall,
            RecallEvent: self.recall_event,
            CalendarToken: lambda row: row.user_id == me,
            IdempotencyKey: lambda row: row.user_id == me,
            IdempotencySubject: lambda row: row.user_id == me,
        }
        return {key(mapped, row) for row in self.rows[mapped] if rules[mapped](row)}
