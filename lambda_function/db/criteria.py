"""Which rows a caller may see of each class, as criteria for statements: domain/permissions.py in SQL.

The ids of the caller, of their patients and of their clinics are parameters, which are bound when a statement runs.
Criteria are therefore built once for each role and not for each caller.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, assert_never

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Exists,
    and_,
    bindparam,
    cast,
    exists,
    false,
    func,
    not_,
    or_,
    true,
)

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
from lambda_function.db.models.appointments import APPOINTMENT_ROWS
from lambda_function.db.models.people import CLINIC_PATIENT_ROWS, DOCTOR_ROWS, RECEPTIONIST_CLINIC_ROWS, USER_ROWS
from lambda_function.db.models.recalls import RECALL_ROWS
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Status
from lambda_function.domain.identifiers import IdentifierSystem
from lambda_function.domain.permissions import VISIBILITY, Entity, Reach

_ENTITIES = {Role.PATIENT: Entity.PATIENT, Role.DOCTOR: Entity.DOCTOR, Role.RECEPTIONIST: Entity.RECEPTIONIST}

_ME = bindparam("actor_id", type_=BigInteger)
# The caller and, if the caller is a patient, the patients for whom the caller acts.
_MY_PATIENTS = bindparam("actor_patient_ids", type_=BigInteger, expanding=True)
_MY_CLINICS = bindparam("actor_clinic_ids", type_=BigInteger, expanding=True)

Criterion = ColumnElement[bool]
Column = ColumnElement[int]


def patient_visible(user_id: Any, role: Role) -> Criterion:
    """Returns the criterion for patients whom the caller may see, active or not. The column holds the patient's id."""
    match VISIBILITY[Entity.PATIENT][role]:
        case Reach.ALL:
            return true()
        case Reach.OWN:
            return is_one_of_mine(user_id)
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
            and_(row.user_type == Role.PATIENT, patient_visible(row.user_id, role)),
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
            return is_one_of_mine(patient_id)
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


def _waiting(row: Any, role: Role) -> Criterion:
    """Entries that a receptionist sees: those of visible patients whose wish leads only to the
    receptionist's clinics.
    """
    match VISIBILITY[Entity.WAITLIST][role]:
        case Reach.ALL:
            return true()
        case Reach.OWN:
            return is_one_of_mine(row.patient_id)
        case Reach.CLINIC:
            return and_(
                patient_visible(row.patient_id, role),
                or_(row.clinic_id.is_(None), row.clinic_id.in_(_MY_CLINICS)),
                or_(row.doctor_id.is_(None), _works_with_me(row.doctor_id)),
            )
        case Reach.NONE:
            return false()


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
            return users.user_id, is_one_of_mine(users.user_id) if wanted is Role.PATIENT else users.user_id == _ME
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
    known = or_(members.c.clinic_id.in_(_MY_CLINICS), is_one_of_mine(members.c.patient_id))
    of_patient = exists().where(members.c.patient_id == User.user_id, members.c.clinic_id == clinic_id, known)
    of_doctor = exists().where(doctors.c.user_id == User.user_id, doctors.c.clinic_id == clinic_id)
    of_staff = exists().where(staff.c.receptionist_id == User.user_id, staff.c.clinic_id == clinic_id)
    return or_(
        and_(User.user_type == Role.PATIENT, of_patient),
        and_(User.user_type == Role.DOCTOR, of_doctor),
        and_(User.user_type == Role.RECEPTIONIST, of_staff),
    )


def _treated_by_me(patient_id: Any) -> Exists:
    rows = APPOINTMENT_ROWS.alias()
    return exists().where(rows.c.patient_id == patient_id, rows.c.doctor_id == _ME, rows.c.status != Status.CANCELLED)


def _identifiers(row: Any, role: Role) -> Criterion:
    """Identifiers of people whose contact data the caller sees. Staff see the chart numbers of their clinics only."""
    of_person: Column = row.user_id
    shown = chart_visible(row)
    match VISIBILITY[Entity.IDENTIFIER][role]:
        case Reach.ALL:
            return true()
        case Reach.OWN if role is Role.DOCTOR:
            # Compared as a value: in an outer join, MySQL 9.7 makes a join of EXISTS alone and finds wrong rows.
            return and_(_treated_by_me(of_person) == true(), shown)
        case Reach.OWN:
            return is_one_of_mine(of_person)
        case Reach.CLINIC:
            return and_(patient_visible(of_person, role), shown)
        case Reach.NONE:
            return false()


def chart_visible(row: Any) -> Criterion:
    """Returns the criterion for identifiers that are no chart numbers, or chart numbers of the caller's clinics."""
    return or_(row.system != IdentifierSystem.CHART, _is_my_clinic(row.scope))


def _is_my_clinic(text: Any) -> Criterion:
    """Returns the criterion for texts that are the id of one of the caller's clinics."""
    return cast(text, BigInteger).in_(_MY_CLINICS)


def chart_word_visible(word: Any, role: Role) -> Criterion:
    """Returns the criterion for words of kind CHART that the caller may search, of people whose contact data the caller
    sees.
    """
    own = role is Role.PATIENT and VISIBILITY[Entity.IDENTIFIER][role] is Reach.OWN
    return true() if own else _is_my_clinic(func.substring_index(word, " ", -1))


def in_my_clinics(clinic_id: Any) -> Criterion:
    mine: Criterion = clinic_id.in_(_MY_CLINICS)
    return mine


def is_one_of_mine(patient_id: Any) -> Criterion:
    """Returns the criterion for the caller and, if the caller is a patient, the patients for whom the caller acts."""
    mine: Criterion = patient_id.in_(_MY_PATIENTS)
    return mine


def deactivated(role: Role) -> Criterion:
    """Returns the criterion on `User` for deactivated patients who may come back, of those whom the caller may see."""
    return and_(User.active.is_(False), here(User), User.user_type == Role.PATIENT, patient_visible(User.user_id, role))


def _reached(entity: Entity, role: Role, *, own: Criterion, clinic: Criterion | None = None) -> Criterion:
    """Returns the criterion that the table of visibility asks for. `own` and `clinic` are those for these rows. Nobody
    sees rows of a clinic if these rows have none.
    """
    of_clinic = false() if clinic is None else clinic
    return {Reach.ALL: true(), Reach.OWN: own, Reach.CLINIC: of_clinic, Reach.NONE: false()}[VISIBILITY[entity][role]]


def _recalls(row: Any, role: Role, entity: Entity = Entity.RECALL) -> Criterion:
    return _reached(entity, role, own=is_one_of_mine(row.patient_id), clinic=in_my_clinics(row.clinic_id))


def _keys(row: Any, role: Role) -> Criterion:
    return _reached(Entity.IDEMPOTENCY_KEY, role, own=row.user_id == _ME)


def _recall_events(row: Any, role: Role) -> Criterion:
    rows = RECALL_ROWS.alias()
    return exists().where(rows.c.recall_id == row.recall_id, _recalls(rows.c, role, Entity.RECALL_HISTORY))


def contact_visible(role: Role) -> Criterion:
    """Returns the criterion on `User` by which a caller with that role may see a person's e-mail and phone."""
    match VISIBILITY[Entity.CONTACT][role]:
        case Reach.ALL:
            return true()
        case Reach.OWN if role is Role.DOCTOR:
            # Said outright, because two subqueries deep SQLAlchemy would take any user instead of that of the row.
            return or_(User.user_id == _ME, _treated_by_me(User.user_id).correlate(User))
        case Reach.OWN:
            return is_one_of_mine(User.user_id)
        case Reach.CLINIC | Reach.NONE:
            return false()


CRITERIA: Mapping[type[Any], Callable[[Any, Role], Criterion]] = MappingProxyType(
    {
        User: _users,
        Patient: lambda row, role: patient_visible(row.user_id, role),
        PersonEvent: _all_or_none(Entity.PERSON_HISTORY),
        PersonWord: _all_or_none(Entity.PERSON_WORD),
        PatientIdentifier: _identifiers,
        PatientImport: _all_or_none(Entity.PATIENT_IMPORT),
        Guardian: lambda row, role: _reached(
            Entity.GUARDIAN, role, own=row.guardian_id == _ME, clinic=patient_visible(row.patient_id, role)
        ),
        ClinicPatient: lambda row, role: patient_visible(row.patient_id, role),
        Doctor: _practising,
        Receptionist: lambda row, role: _receptionists(row.user_id, role),
        ReceptionistClinic: lambda row, role: _receptionists(row.receptionist_id, role),
        Appointment: _appointments,
        AppointmentEvent: _events,
        TimeOff: lambda row, role: _reached(
            Entity.TIME_OFF, role, own=row.doctor_id == _ME, clinic=_works_with_me(row.doctor_id)
        ),
        SlotClaim: _all_or_none(Entity.CLAIM),
        WaitlistEntry: _waiting,
        CalendarToken: lambda row, role: _reached(Entity.CALENDAR_ACCESS, role, own=row.user_id == _ME),
        IdempotencyKey: _keys,
        Link: _all_or_none(Entity.LINK),
        LinkCode: _all_or_none(Entity.LINK_CODE),
        Refusals: _all_or_none(Entity.REFUSALS),
        IdempotencySubject: _keys,
        OutboxMessage: _all_or_none(Entity.MESSAGE),
        FreedTime: _all_or_none(Entity.FREED_TIME),
        Notification: lambda row, role: _reached(
            Entity.NOTIFICATION, role, own=is_one_of_mine(row.user_id), clinic=in_my_clinics(row.clinic_id)
        ),
        Recall: _recalls,
        RecallEvent: _recall_events,
    }
)


def caller_values(actor: Actor) -> dict[str, Any]:
    """Returns the values of the parameters in criteria."""
    return {
        "actor_id": actor.user_id,
        "actor_clinic_ids": actor.clinic_ids,
        "actor_patient_ids": actor.patient_ids,
    }
