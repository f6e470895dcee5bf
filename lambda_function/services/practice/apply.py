"""Making the practice as it is declared: all of it in the caller's transaction, or nothing."""

from collections.abc import Callable
from typing import Any

from lambda_function.db.models import (
    Clinic,
    Closure,
    Doctor,
    Receptionist,
    ReceptionistClinic,
    Treatment,
    User,
)
from lambda_function.db.repositories import claims
from lambda_function.db.repositories.booking import doctor_clinics
from lambda_function.db.repositories.practice import PracticeRows
from lambda_function.db.repositories.working_hours import OpeningHours
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import ContentionError, HasBookingsError
from lambda_function.domain.people import PersonAction
from lambda_function.services.deactivation import end_access
from lambda_function.services.given_back import give_back, look_before
from lambda_function.services.person_events import note_person
from lambda_function.services.practice.changes import Change, Sort
from lambda_function.services.practice.conflicts import doctors_of
from lambda_function.services.practice.declaration import Declaration
from lambda_function.services.practice.plan import Plan, doctors_concerned, make_plan
from lambda_function.services.practice.state import Kind


class RefusedError(HasBookingsError):
    """The plan would do to appointments what is not accepted; nothing was changed."""

    def __init__(self, plan: Plan, *, accept_conflicts: bool) -> None:
        refused = plan.refused(accept_conflicts=accept_conflicts)
        ids = sorted({number for conflict in refused for number in conflict.appointment_ids})
        super().__init__("There are appointments in the way; nothing was changed.", ids)
        self.plan = plan


def apply_practice(work: UnitOfWork, declaration: Declaration, *, accept_conflicts: bool = False) -> Plan:
    """Answers the plan that is now done.

    Holds the locks of the doctors whom it concerns, as booking holds that of one: a visit booked at the same time is
    either seen here or sees the change. Raises DeclarationError, RefusedError, NameTakenError, and ContentionError when
    somebody else changed the practice in such a way that more doctors are concerned.
    """
    concerned = doctors_concerned(work, declaration)
    claims.lock_doctors(work.session, concerned)
    plan = make_plan(work, declaration)
    if not doctors_of(plan.changes, plan.state) <= concerned:
        raise ContentionError("Somebody else is changing the practice; try again.")
    if plan.refused(accept_conflicts=accept_conflicts):
        raise RefusedError(plan, accept_conflicts=accept_conflicts)
    rostered = _rostered(plan)
    before = look_before(work, rostered)
    writer = _Writer(work, plan)
    for change in plan.changes:
        writer.write(change)
    if before is not None:
        give_back(work, before, doctor_clinics(work.session, rostered))
    return plan


def _rostered(plan: Plan) -> list[int]:
    """The doctors, known before, whose hours change or whose clinic's closures do."""
    rostered = {change.name for change in plan.changes if change.kind is Kind.DOCTOR and "hours" in change.new}
    closed = {change.name for change in plan.changes if change.kind is Kind.CLINIC and "closures" in change.new}
    return [
        plan.state.ids[Kind.DOCTOR][name]
        for name, doctor in plan.state.things[Kind.DOCTOR].items()
        if name in rostered or doctor["clinic"] in closed
    ]


def _happened_to(change: Change) -> PersonAction:
    match change.sort, change.new.get("active"):
        case Sort.CREATE, _:
            return PersonAction.CREATE
        case Sort.DEACTIVATE, _:
            return PersonAction.DEACTIVATE
        case Sort.CHANGE, True:
            return PersonAction.REACTIVATE
        case _:
            return PersonAction.CHANGE


class _Writer:
    """Writes changes in their order: what is referred to comes first. Knows the ids of what it has made."""

    def __init__(self, work: UnitOfWork, plan: Plan) -> None:
        self._work = work
        self._now = work.now
        self._session = work.session
        self._rows = PracticeRows(work.session)
        self._ids = {kind: dict(ids) for kind, ids in plan.state.ids.items()}

    def write(self, change: Change) -> None:
        match change.kind:
            case Kind.TREATMENT:
                self._row(change, Treatment.treatment_id, lambda columns: Treatment(code=change.name, **columns))
            case Kind.CLINIC:
                self._clinic(change)
            case Kind.DOCTOR:
                self._doctor(change)
            case Kind.RECEPTIONIST:
                self._receptionist(change)

    def _row(self, change: Change, key: Any, make: Callable[[dict[str, Any]], Any]) -> int:
        """Writes the fields that are columns of the class of `key`; answers the id of the row."""
        columns = {name: value for name, value in change.new.items() if name in key.class_.__mapper__.columns}
        ids = self._ids[change.kind]
        if change.created:
            row = make(columns)
            self._rows.add(row)
            ids[change.name] = getattr(row, key.key)
        elif columns:
            stamp: dict[str, Any] = {"updated_at": self._now} if hasattr(key.class_, "updated_at") else {}
            if "email" in columns:
                stamp["email_trusted"] = False  # as with any change by others than the person
            self._rows.change(key, ids[change.name], {**columns, **stamp})
        return ids[change.name]

    def _clinic(self, change: Change) -> None:
        clinic_id = self._row(change, Clinic.clinic_id, lambda columns: Clinic(name=change.name, **columns))
        if "chairs" in change.new:
            self._rows.set_chairs(clinic_id, change.new["chairs"])
        if "closures" in change.new:
            closures = [
                Closure(clinic_id=clinic_id, first_day=each.first_day, last_day=each.last_day, reason=each.reason)
                for each in change.new["closures"]
            ]
            self._rows.replace(Closure.clinic_id, clinic_id, closures)

    def _person(self, change: Change, role: Role) -> int:
        def make(columns: dict[str, Any]) -> User:
            return User(user_name=change.name, user_type=role, created_at=self._now, updated_at=self._now, **columns)

        user_id = self._row(change, User.user_id, make)
        if change.sort is Sort.DEACTIVATE:
            end_access(self._work, user_id)
        note_person(self._work, user_id, _happened_to(change), change.new)
        return user_id

    def _doctor(self, change: Change) -> None:
        new = change.new
        doctor_id = self._person(change, Role.DOCTOR)
        if change.created:
            self._rows.add(Doctor(user_id=doctor_id, clinic_id=self._ids[Kind.CLINIC][new["clinic"]]))
        elif "clinic" in new:
            self._rows.change(Doctor.user_id, doctor_id, {"clinic_id": self._ids[Kind.CLINIC][new["clinic"]]})
        if "treatments" in new:
            self._rows.set_offer(doctor_id, [self._ids[Kind.TREATMENT][code] for code in new["treatments"]])
        if "default_treatment" in new:
            default = new["default_treatment"]
            default_id = self._ids[Kind.TREATMENT][default] if default else None
            self._rows.change(Doctor.user_id, doctor_id, {"default_treatment_id": default_id})
        if "hours" in new:
            OpeningHours(self._session, doctor_id).replace_weekly(new["hours"])

    def _receptionist(self, change: Change) -> None:
        receptionist_id = self._person(change, Role.RECEPTIONIST)
        if change.created:
            self._rows.add(Receptionist(user_id=receptionist_id))
        if "clinics" in change.new:
            places = [
                ReceptionistClinic(receptionist_id=receptionist_id, clinic_id=self._ids[Kind.CLINIC][clinic])
                for clinic in change.new["clinics"]
            ]
            self._rows.replace(ReceptionistClinic.receptionist_id, receptionist_id, places)
