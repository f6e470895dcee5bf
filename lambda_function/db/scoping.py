"""Limits every statement of a caller's session to the rows that the caller may see.

The listener adds the criteria of all scoped classes to every ORM select, whatever the statement mentions, because
criteria only on mentioned classes leak through eager loads. It refuses every other statement, because nothing would
scope it. `UNSCOPED` is for the few repositories that must see or change all rows. They return columns, never entities.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, assert_never
from weakref import WeakKeyDictionary

from sqlalchemy import BigInteger, ColumnElement, Executable, and_, bindparam, exists, false, not_, or_, true
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.interfaces import ORMOption

from lambda_function.db.models import (
    Appointment,
    AppointmentEvent,
    CalendarToken,
    Chair,
    Clinic,
    ClinicPatient,
    Closure,
    Doctor,
    DoctorTreatment,
    FreedTime,
    IdempotencyKey,
    IdempotencyLock,
    IdempotencySubject,
    Installation,
    LinkCode,
    OfferLock,
    OutboxMessage,
    Patient,
    PersonEvent,
    PersonName,
    PersonWord,
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
from lambda_function.db.models.appointments import APPOINTMENT_ROWS
from lambda_function.db.models.people import CLINIC_PATIENT_ROWS, DOCTOR_ROWS, RECEPTIONIST_CLINIC_ROWS, USER_ROWS
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Status
from lambda_function.domain.permissions import VISIBILITY, Entity, Reach

UNSCOPED: Mapping[str, Any] = MappingProxyType({"unscoped": True})
# For an UPDATE or DELETE of many rows, which does not bring the session's entities up to date.
UNSYNCED: Mapping[str, Any] = MappingProxyType({**UNSCOPED, "synchronize_session": False})
_ACTOR = "actor"
_ENTITIES = {Role.PATIENT: Entity.PATIENT, Role.DOCTOR: Entity.DOCTOR, Role.RECEPTIONIST: Entity.RECEPTIONIST}

# These are bound when a statement runs, so that criteria are built once for each role and not for each caller.
_ME = bindparam("actor_id", type_=BigInteger)
_MY_CLINICS = bindparam("actor_clinic_ids", type_=BigInteger, expanding=True)

Criterion = ColumnElement[bool]
Column = ColumnElement[int]


class UnscopedStatementError(RuntimeError):
    """No criteria can be added to the statement, or the session has no actor. This is a defect of ours."""


def _patients(user_id: Column, role: Role) -> Criterion:
    match VISIBILITY[Entity.PATIENT][role]:
        case Reach.ALL:
            return true()
        case Reach.OWN:
            return user_id == _ME
        case Reach.CLINIC:
            rows = CLINIC_PATIENT_ROWS.alias()
            own = exists().where(rows.c.patient_id == user_id, rows.c.clinic_id.in_(_MY_CLINICS))
            return or_(own, of_no_clinic(user_id)) if sees_patients_of_no_clinic(role) else own
        case Reach.NONE:
            return false()


def _works_with_me(doctor_id: Any) -> Criterion:
    """Returns the criterion for doctors of the caller's clinics. The column holds the doctor's id."""
    rows = DOCTOR_ROWS.alias()
    return exists().where(rows.c.user_id == doctor_id, rows.c.clinic_id.in_(_MY_CLINICS))


def _doctors(user_id: Column, role: Role) -> Criterion:
    match VISIBILITY[Entity.DOCTOR][role]:
        case Reach.ALL:
            return true()
        case Reach.OWN:
            return user_id == _ME
        case Reach.CLINIC:
            return _works_with_me(user_id)
        case Reach.NONE:
            return false()


def _receptionists(user_id: Column, role: Role) -> Criterion:
    return user_id == _ME if VISIBILITY[Entity.RECEPTIONIST][role] is Reach.OWN else false()


def here(row: Any) -> Criterion:
    """Returns the criterion for rows of `user` that were neither erased nor merged into another. Only these people
    appear in lists, can come back, and can match.
    """
    return and_(row.erased_at.is_(None), row.merged_into.is_(None))


def _users(row: Any, role: Role) -> Criterion:
    """Active people, each limited according to their role."""
    return and_(
        row.active == true(),
        here(row),
        or_(
            and_(row.user_type == Role.PATIENT, _patients(row.user_id, role)),
            and_(row.user_type == Role.DOCTOR, _doctors(row.user_id, role)),
            and_(row.user_type == Role.RECEPTIONIST, _receptionists(row.user_id, role)),
        ),
    )


def _practising(row: Any, role: Role) -> Criterion:
    """Doctors who are active and still doctors. The catalogue shows only these."""
    rows = USER_ROWS.alias()
    return exists().where(rows.c.user_id == row.user_id, rows.c.user_type == Role.DOCTOR, rows.c.active == true())


def _own_visits(row: Any, role: Role) -> Criterion:
    patient_id: Column = row.patient_id
    doctor_id: Column = row.doctor_id
    match role:
        case Role.PATIENT:
            return patient_id == _ME
        case Role.DOCTOR:
            return doctor_id == _ME
        case Role.RECEPTIONIST:
            return false()
        case _:
            assert_never(role)


def _appointments(row: Any, role: Role, entity: Entity = Entity.APPOINTMENT) -> Criterion:
    match VISIBILITY[entity][role]:
        case Reach.ALL:
            return true()
        case Reach.OWN:
            return _own_visits(row, role)
        case Reach.CLINIC:
            clinic_id: Column = row.clinic_id
            return clinic_id.in_(_MY_CLINICS)
        case Reach.NONE:
            return false()


def _events(row: Any, role: Role) -> Criterion:
    rows = APPOINTMENT_ROWS.alias()
    return exists().where(rows.c.appointment_id == row.appointment_id, _appointments(rows.c, role, Entity.HISTORY))


def _time_off(row: Any, role: Role) -> Criterion:
    doctor_id: Column = row.doctor_id
    match VISIBILITY[Entity.TIME_OFF][role]:
        case Reach.ALL:
            return true()
        case Reach.OWN:
            return doctor_id == _ME
        case Reach.CLINIC:
            return _works_with_me(doctor_id)
        case Reach.NONE:
            return false()


def _waiting(row: Any, role: Role) -> Criterion:
    """Entries that a receptionist sees: those of visible patients whose wish leads only to the
    receptionist's clinics.
    """
    match VISIBILITY[Entity.WAITLIST][role]:
        case Reach.ALL:
            return true()
        case Reach.OWN:
            own: Column = row.patient_id
            return own == _ME
        case Reach.CLINIC:
            return and_(
                _patients(row.patient_id, role),
                or_(row.clinic_id.is_(None), row.clinic_id.in_(_MY_CLINICS)),
                or_(row.doctor_id.is_(None), _works_with_me(row.doctor_id)),
            )
        case Reach.NONE:
            return false()


def _tokens(row: Any, role: Role) -> Criterion:
    own: Column = row.user_id
    return own == _ME if VISIBILITY[Entity.CALENDAR_ACCESS][role] is Reach.OWN else false()


def _keys(row: Any, role: Role) -> Criterion:
    own: Column = row.user_id
    return own == _ME if VISIBILITY[Entity.IDEMPOTENCY_KEY][role] is Reach.OWN else false()


def _all_or_none(entity: Entity) -> Callable[[Any, Role], Criterion]:
    def criterion(_row: Any, role: Role) -> Criterion:
        return true() if VISIBILITY[entity][role] is Reach.ALL else false()

    return criterion


def indexed(role: Role, wanted: Role) -> tuple[Column, Criterion]:
    """Returns a column of ids, and the criterion for the rows in it that the caller may see: those of people of the
    wanted role. An index finds them, except patients of no clinic. The scope still limits what is made of them.
    """
    users, doctors, members = USER_ROWS.c, DOCTOR_ROWS.c, CLINIC_PATIENT_ROWS.c
    clinics: Mapping[Role, tuple[Column, Column]] = {
        Role.PATIENT: (members.patient_id, members.clinic_id),
        Role.DOCTOR: (doctors.user_id, doctors.clinic_id),
    }
    match VISIBILITY[_ENTITIES[wanted]][role]:
        case Reach.ALL:
            return users.user_id, users.user_type == wanted
        case Reach.CLINIC:
            ids, clinic_id = clinics[wanted]
            return ids, clinic_id.in_(_MY_CLINICS)
        case Reach.OWN:
            return users.user_id, users.user_id == _ME
        case Reach.NONE:
            return users.user_id, false()


def of_no_clinic(patient_id: Column) -> Criterion:
    """Returns the criterion for patients whom `indexed` lacks."""
    rows = CLINIC_PATIENT_ROWS.alias()
    return not_(exists().where(rows.c.patient_id == patient_id))


def sees_patients_of_no_clinic(role: Role) -> bool:
    return role is Role.RECEPTIONIST and VISIBILITY[Entity.PATIENT][role] is Reach.CLINIC


def in_clinic(clinic_id: ColumnElement[int]) -> Criterion:
    """Returns the criterion on `User` for people of a clinic. Whose patient somebody is elsewhere is not told."""
    members, doctors, staff = CLINIC_PATIENT_ROWS.alias(), DOCTOR_ROWS.alias(), RECEPTIONIST_CLINIC_ROWS.alias()
    known = or_(members.c.clinic_id.in_(_MY_CLINICS), members.c.patient_id == _ME)
    of_patient = exists().where(members.c.patient_id == User.user_id, members.c.clinic_id == clinic_id, known)
    of_doctor = exists().where(doctors.c.user_id == User.user_id, doctors.c.clinic_id == clinic_id)
    of_staff = exists().where(staff.c.receptionist_id == User.user_id, staff.c.clinic_id == clinic_id)
    return or_(
        and_(User.user_type == Role.PATIENT, of_patient),
        and_(User.user_type == Role.DOCTOR, of_doctor),
        and_(User.user_type == Role.RECEPTIONIST, of_staff),
    )


def contact_visible(role: Role) -> Criterion:
    """Returns the criterion on `User` by which a caller with that role may see a person's e-mail and phone."""
    match VISIBILITY[Entity.CONTACT][role]:
        case Reach.ALL:
            return true()
        case Reach.OWN if role is Role.DOCTOR:
            rows = APPOINTMENT_ROWS.alias()
            treated = exists().where(
                rows.c.patient_id == User.user_id,
                rows.c.doctor_id == _ME,
                rows.c.status != Status.CANCELLED,
            )
            # Said outright, because two subqueries deep SQLAlchemy would take any user instead of that of the row.
            return or_(User.user_id == _ME, treated.correlate(User))
        case Reach.OWN:
            return User.user_id == _ME
        case Reach.CLINIC | Reach.NONE:
            return false()


_CRITERIA: Mapping[type[Any], Callable[[Any, Role], Criterion]] = MappingProxyType(
    {
        User: _users,
        Patient: lambda row, role: _patients(row.user_id, role),
        PersonEvent: _all_or_none(Entity.PERSON_HISTORY),
        PersonWord: _all_or_none(Entity.PERSON_WORD),
        ClinicPatient: lambda row, role: _patients(row.patient_id, role),
        Doctor: _practising,
        Receptionist: lambda row, role: _receptionists(row.user_id, role),
        ReceptionistClinic: lambda row, role: _receptionists(row.receptionist_id, role),
        Appointment: _appointments,
        AppointmentEvent: _events,
        TimeOff: _time_off,
        SlotClaim: _all_or_none(Entity.CLAIM),
        WaitlistEntry: _waiting,
        CalendarToken: _tokens,
        IdempotencyKey: _keys,
        LinkCode: _all_or_none(Entity.LINK_CODE),
        Refusals: _all_or_none(Entity.REFUSALS),
        IdempotencySubject: _keys,
        OutboxMessage: _all_or_none(Entity.MESSAGE),
        FreedTime: _all_or_none(Entity.FREED_TIME),
    }
)
SCOPED = frozenset(_CRITERIA)
# Classes that everybody may read completely: the catalogue, names in visible rows, the id of the installation, and
# locks, which reveal nothing.
OPEN = frozenset(
    {
        Clinic,
        Chair,
        Closure,
        Treatment,
        DoctorTreatment,
        WorkingHours,
        WorkingHoursException,
        PersonName,
        UserType,
        Installation,
        IdempotencyLock,
        OfferLock,
    }
)


def _option(mapped: type[Any], role: Role) -> ORMOption:
    """Returns the criteria as a function, because SQLAlchemy adapts nothing else to aliases. It caches the function's
    result by the function's code, and looks into closures and globals for values to bind. This function therefore has
    neither, and has its own code object: with a shared one, the criteria of the first role would serve every role.
    """

    def criterion(
        row: Any, build: Callable[[Any, Role], Criterion] = _CRITERIA[mapped], role: Role = role
    ) -> Criterion:
        return build(row, role)

    criterion.__code__ = criterion.__code__.replace(co_name=f"{mapped.__name__}_as_{role}")
    return with_loader_criteria(mapped, criterion, include_aliases=True)


_OPTIONS: Mapping[Role, tuple[ORMOption, ...]] = MappingProxyType(
    {role: tuple(_option(mapped, role) for mapped in _CRITERIA) for role in Role}
)
# The keys are weak, so an entry goes with its statement. No value refers to the statement from which it was made.
_SCOPED: Mapping[Role, WeakKeyDictionary[Executable, Executable]] = MappingProxyType(
    {role: WeakKeyDictionary() for role in Role}
)


def caller_values(actor: Actor) -> dict[str, Any]:
    """Returns the values of the parameters in criteria."""
    return {"actor_id": actor.user_id, "actor_clinic_ids": actor.clinic_ids}


def act_as(session: Session, actor: Actor) -> None:
    """Limits the session to what the actor may see, from here on."""
    session.info[_ACTOR] = actor


def _scoped(statement: Executable, role: Role) -> Executable:
    """Returns the statement with the criteria of the role. It is made once for each statement of a module, because
    making the criteria and hashing the result for SQLAlchemy's cache costs as much as the rest of the call.
    """
    known = _SCOPED[role]
    found = known.get(statement)
    if found is None:
        found = known[statement] = statement.options(*_OPTIONS[role])
    return found


def scope(state: ORMExecuteState) -> None:
    """Limits a statement. This is the `do_orm_execute` listener of every session: see the module's docstring."""
    if state.execution_options.get("unscoped"):
        return
    actor: Actor | None = state.session.info.get(_ACTOR)
    if actor is None or not state.is_orm_statement or not state.is_select:
        raise UnscopedStatementError("only ORM selects of a known actor are scoped; see db/scoping.py")
    state.statement = _scoped(state.statement, actor.role)
    given = state.parameters
    caller = caller_values(actor)
    state.parameters = {**given, **caller} if isinstance(given, Mapping) else caller
