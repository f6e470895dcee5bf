"""Changes the practice to what a file declares, all of it in the caller's transaction or nothing."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from lambda_function.db.base import Base
from lambda_function.db.models import (
    Clinic,
    ClinicMessage,
    Closure,
    Doctor,
    Receptionist,
    ReceptionistClinic,
    Treatment,
    User,
)
from lambda_function.db.repositories import claims, practice
from lambda_function.db.repositories.booking import doctor_clinics
from lambda_function.db.repositories.person_words import correct_words
from lambda_function.db.repositories.working_hours import replace_weekly
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import ContentionError, HasBookingsError
from lambda_function.domain.people import PersonAction
from lambda_function.services.deactivation import end_access
from lambda_function.services.freed_hours import free_after_change, free_all_time, read_before_change
from lambda_function.services.person_events import note_person
from lambda_function.services.practice.changes import ChangeAction, PracticeChange
from lambda_function.services.practice.conflicts import affected_doctors
from lambda_function.services.practice.declaration import Declaration
from lambda_function.services.practice.gains import doctors_with_more_to_offer, doctors_with_new_hours, new_chairs
from lambda_function.services.practice.plan import Plan, doctors_to_lock, make_plan
from lambda_function.services.practice.state import Fields, Kind


class PracticeConflictsError(HasBookingsError):
    """Future appointments need what the plan takes away, and nobody has accepted that. Nothing was changed."""

    def __init__(self, plan: Plan, *, accept_conflicts: bool) -> None:
        refused = plan.refused(accept_conflicts=accept_conflicts)
        ids = sorted({number for conflict in refused for number in conflict.appointment_ids})
        super().__init__(
            "Appointments ahead need what this file takes away, so nothing was changed. Move or cancel them first.", ids
        )
        self.plan = plan


def apply_practice(work: UnitOfWork, declaration: Declaration, *, accept_conflicts: bool = False) -> Plan:
    """Applies the declaration and returns the plan that is now done.

    Holds the locks of the affected doctors, as booking holds that of one: a visit that is booked at the same time is
    either seen here or sees the change. Raises DeclarationError, PracticeConflictsError, NameTakenError, and
    ContentionError if the practice has changed in the meantime so that more doctors are affected.
    """
    concerned = doctors_to_lock(work, declaration)
    claims.lock_doctors(work.session, concerned)
    plan = make_plan(work, declaration)
    if not affected_doctors(plan.changes, plan.state) <= concerned:
        raise ContentionError("Another operator is changing the practice; try again.")
    if plan.refused(accept_conflicts=accept_conflicts):
        raise PracticeConflictsError(plan, accept_conflicts=accept_conflicts)
    doctor_ids = doctors_with_new_hours(plan)
    before = read_before_change(work, doctor_ids)
    writer = _Writer(work, plan)
    for change in plan.changes:
        writer.write(change)
    if before is not None:
        free_after_change(work, before, doctor_clinics(work.session, doctor_ids))
    free_all_time(work, writer.doctor_ids(doctors_with_more_to_offer(plan)), writer.chair_ids(new_chairs(plan)))
    return plan


def _person_action(change: PracticeChange) -> PersonAction:
    match change.action, change.new.get("active"):
        case ChangeAction.CREATE, _:
            return PersonAction.CREATE
        case ChangeAction.DEACTIVATE, _:
            return PersonAction.DEACTIVATE
        case ChangeAction.CHANGE, True:
            return PersonAction.REACTIVATE
        case _:
            return PersonAction.CHANGE


def _as_columns(fields: Fields) -> Fields:
    """Returns the fields with quiet hours as the two columns that hold them."""
    if "quiet_hours" not in fields:
        return fields
    quiet = fields["quiet_hours"]
    return {
        **fields,
        "quiet_from_minute": quiet and quiet.from_minute,
        "quiet_to_minute": quiet and quiet.to_minute,
    }


class _Writer:
    """Writes changes in an order in which references come last. It knows the ids of the rows that it has made."""

    def __init__(self, work: UnitOfWork, plan: Plan) -> None:
        self._work = work
        self._now = work.now
        self._session = work.session
        self._ids = {kind: dict(ids) for kind, ids in plan.state.ids.items()}

    def doctor_ids(self, names: Iterable[str]) -> list[int]:
        return [self._ids[Kind.DOCTOR][name] for name in names]

    def chair_ids(self, names: Collection[tuple[str, str]]) -> list[tuple[int, int]]:
        """Returns the clinic_id and chair_id of chairs that are given by the names of clinic and chair."""
        if not names:
            return []
        wanted = {(self._ids[Kind.CLINIC][clinic], chair) for clinic, chair in names}
        rows = practice.chairs(self._session)
        return [(row.clinic_id, row.chair_id) for row in rows if (row.clinic_id, row.name) in wanted]

    def write(self, change: PracticeChange) -> None:
        match change.kind:
            case Kind.COUNTRY:
                practice.set_register(self._session, change.name, is_there=change.created)
            case Kind.TREATMENT:
                self._row(change, Treatment.treatment_id, lambda columns: Treatment(code=change.name, **columns))
            case Kind.CLINIC:
                self._clinic(change)
            case Kind.DOCTOR:
                self._doctor(change)
            case Kind.RECEPTIONIST:
                self._receptionist(change)

    def _row(
        self, change: PracticeChange, key: InstrumentedAttribute[int], make: Callable[[dict[str, Any]], Base]
    ) -> int:
        """Writes the fields that are columns of the class of `key`, and returns the id of the row."""
        new = _as_columns(change.new)
        columns = {name: value for name, value in new.items() if name in key.class_.__mapper__.columns}
        ids = self._ids[change.kind]
        if change.created:
            row = make(columns)
            practice.add(self._session, [row])
            ids[change.name] = getattr(row, key.key)
        elif columns:
            stamp: dict[str, Any] = {"updated_at": self._now} if hasattr(key.class_, "updated_at") else {}
            if "email" in columns and key.class_ is User:
                stamp["email_trusted"] = False  # as with any change that the person does not make
            practice.change(self._session, key, ids[change.name], {**columns, **stamp})
        return ids[change.name]

    def _clinic(self, change: PracticeChange) -> None:
        clinic_id = self._row(change, Clinic.clinic_id, lambda columns: Clinic(name=change.name, **columns))
        if "messages" in change.new:
            messages = [ClinicMessage(clinic_id=clinic_id, **each._asdict()) for each in change.new["messages"]]
            practice.replace(self._session, ClinicMessage.clinic_id, clinic_id, messages)
        if "chairs" in change.new:
            practice.set_chairs(self._session, clinic_id, change.new["chairs"])
        if "closures" in change.new:
            closures = [
                Closure(clinic_id=clinic_id, first_day=each.first_day, last_day=each.last_day, reason=each.reason)
                for each in change.new["closures"]
            ]
            practice.replace(self._session, Closure.clinic_id, clinic_id, closures)

    def _person(self, change: PracticeChange, role: Role) -> int:
        def make(columns: dict[str, Any]) -> User:
            return User(user_name=change.name, user_type=role, created_at=self._now, updated_at=self._now, **columns)

        user_id = self._row(change, User.user_id, make)
        correct_words(self._session, [user_id])
        if change.action is ChangeAction.DEACTIVATE:
            end_access(self._work, user_id)
        note_person(self._work, user_id, _person_action(change), change.new)
        return user_id

    def _doctor(self, change: PracticeChange) -> None:
        new = change.new
        doctor_id = self._person(change, Role.DOCTOR)
        if "clinic" in new:
            clinic_id = self._ids[Kind.CLINIC][new["clinic"]]
            if change.created:
                practice.add(self._session, [Doctor(user_id=doctor_id, clinic_id=clinic_id)])
            else:
                practice.change(self._session, Doctor.user_id, doctor_id, {"clinic_id": clinic_id})
        if "treatments" in new:
            treatment_ids = [self._ids[Kind.TREATMENT][code] for code in new["treatments"]]
            practice.set_offered_treatments(self._session, doctor_id, treatment_ids)
        if "default_treatment" in new:
            default = new["default_treatment"]
            default_id = self._ids[Kind.TREATMENT][default] if default else None
            practice.change(self._session, Doctor.user_id, doctor_id, {"default_treatment_id": default_id})
        if "hours" in new:
            replace_weekly(self._session, doctor_id, new["hours"])

    def _receptionist(self, change: PracticeChange) -> None:
        receptionist_id = self._person(change, Role.RECEPTIONIST)
        if change.created:
            practice.add(self._session, [Receptionist(user_id=receptionist_id)])
        if "clinics" in change.new:
            places = [
                ReceptionistClinic(receptionist_id=receptionist_id, clinic_id=self._ids[Kind.CLINIC][clinic])
                for clinic in change.new["clinics"]
            ]
            practice.replace(self._session, ReceptionistClinic.receptionist_id, receptionist_id, places)
