"""Who may do what, and who may see what: two total tables, read by the services and by db/criteria.

A role without a cell is a defect, not a default: tests/unit/domain/test_permissions.py keeps both tables total.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.errors import ForbiddenError


class Reach(StrEnum):
    """How far a cell of either table goes. OWN and CLINIC are spelled out for each role beside the tables."""

    NONE = "NONE"
    OWN = "OWN"
    CLINIC = "CLINIC"
    ALL = "ALL"


class Action(StrEnum):
    READ_OWN_PROFILE = "READ_OWN_PROFILE"
    READ_CATALOGUE = "READ_CATALOGUE"
    READ_PEOPLE = "READ_PEOPLE"
    READ_DEACTIVATED = "READ_DEACTIVATED"
    CREATE_PATIENT = "CREATE_PATIENT"
    CHANGE_OWN_PROFILE = "CHANGE_OWN_PROFILE"
    CHANGE_PATIENT = "CHANGE_PATIENT"
    DEACTIVATE_PATIENT = "DEACTIVATE_PATIENT"
    REACTIVATE_PATIENT = "REACTIVATE_PATIENT"
    CREATE_LINK_CODE = "CREATE_LINK_CODE"
    LINK_ACCOUNT = "LINK_ACCOUNT"
    READ_GUARDIANS = "READ_GUARDIANS"
    SET_GUARDIANS = "SET_GUARDIANS"
    READ_APPOINTMENTS = "READ_APPOINTMENTS"
    BOOK = "BOOK"
    BOOK_BY_NAME = "BOOK_BY_NAME"
    CHOOSE_CHAIR = "CHOOSE_CHAIR"
    MOVE = "MOVE"
    NOTE = "NOTE"
    NOTE_INTERNALLY = "NOTE_INTERNALLY"
    OVERRIDE_HOURS = "OVERRIDE_HOURS"
    CANCEL = "CANCEL"
    CONFIRM = "CONFIRM"
    CHECK_IN = "CHECK_IN"
    COMPLETE = "COMPLETE"
    MARK_NO_SHOW = "MARK_NO_SHOW"
    READ_HISTORY = "READ_HISTORY"
    SET_HOURS = "SET_HOURS"
    SEE_TIME_OFF = "SEE_TIME_OFF"
    SET_TIME_OFF = "SET_TIME_OFF"
    WAIT = "WAIT"
    SHARE_CALENDAR = "SHARE_CALENDAR"
    READ_NOTIFICATIONS = "READ_NOTIFICATIONS"
    REMIND = "REMIND"
    CONFIRM_ATTENDANCE = "CONFIRM_ATTENDANCE"
    FIND_BY_REGISTRATION = "FIND_BY_REGISTRATION"
    REGISTER = "REGISTER"
    READ_RECALLS = "READ_RECALLS"
    READ_RECALL_HISTORY = "READ_RECALL_HISTORY"
    EXPORT_RECALLS = "EXPORT_RECALLS"
    SET_RECALLS = "SET_RECALLS"


class Entity(StrEnum):
    """What a row tells about. Each class of rows in the database belongs to one entity, except `user`,
    whose rows are patients, doctors or receptionists.
    """

    CATALOGUE = "CATALOGUE"
    PATIENT = "PATIENT"
    DOCTOR = "DOCTOR"
    RECEPTIONIST = "RECEPTIONIST"
    CONTACT = "CONTACT"
    PERSON_HISTORY = "PERSON_HISTORY"
    PERSON_WORD = "PERSON_WORD"
    APPOINTMENT = "APPOINTMENT"
    HISTORY = "HISTORY"
    TIME_OFF = "TIME_OFF"
    WAITLIST = "WAITLIST"
    CALENDAR_ACCESS = "CALENDAR_ACCESS"
    IDEMPOTENCY_KEY = "IDEMPOTENCY_KEY"
    LINK_CODE = "LINK_CODE"
    LINK = "LINK"
    REFUSALS = "REFUSALS"
    CLAIM = "CLAIM"
    MESSAGE = "MESSAGE"
    FREED_TIME = "FREED_TIME"
    IDENTIFIER = "IDENTIFIER"
    GUARDIAN = "GUARDIAN"
    PATIENT_IMPORT = "PATIENT_IMPORT"
    NOTIFICATION = "NOTIFICATION"
    RECALL = "RECALL"
    RECALL_HISTORY = "RECALL_HISTORY"


_P, _D, _R = Role.PATIENT, Role.DOCTOR, Role.RECEPTIONIST
_NONE, _OWN, _CLINIC, _ALL = Reach.NONE, Reach.OWN, Reach.CLINIC, Reach.ALL

# OWN: the patient of the appointment, a guardian of that patient, or its doctor. CLINIC: a clinic where the
# receptionist or, of recalls, the doctor works.
PERMISSIONS: Mapping[Action, Mapping[Role, Reach]] = MappingProxyType(
    {
        Action.READ_OWN_PROFILE: {_P: _OWN, _D: _OWN, _R: _OWN},
        Action.READ_CATALOGUE: {_P: _ALL, _D: _ALL, _R: _ALL},
        Action.READ_PEOPLE: {_P: _ALL, _D: _ALL, _R: _ALL},
        Action.READ_DEACTIVATED: {_P: _NONE, _D: _NONE, _R: _ALL},
        Action.CREATE_PATIENT: {_P: _NONE, _D: _NONE, _R: _ALL},
        Action.CHANGE_OWN_PROFILE: {_P: _OWN, _D: _OWN, _R: _OWN},
        Action.CHANGE_PATIENT: {_P: _NONE, _D: _NONE, _R: _ALL},
        Action.DEACTIVATE_PATIENT: {_P: _NONE, _D: _NONE, _R: _ALL},
        Action.REACTIVATE_PATIENT: {_P: _NONE, _D: _NONE, _R: _ALL},
        Action.CREATE_LINK_CODE: {_P: _NONE, _D: _NONE, _R: _ALL},
        Action.LINK_ACCOUNT: {_P: _OWN, _D: _NONE, _R: _NONE},
        Action.READ_GUARDIANS: {_P: _NONE, _D: _NONE, _R: _ALL},
        Action.SET_GUARDIANS: {_P: _NONE, _D: _NONE, _R: _ALL},
        Action.READ_APPOINTMENTS: {_P: _ALL, _D: _ALL, _R: _ALL},
        Action.BOOK: {_P: _OWN, _D: _OWN, _R: _CLINIC},
        Action.BOOK_BY_NAME: {_P: _NONE, _D: _NONE, _R: _CLINIC},
        Action.CHOOSE_CHAIR: {_P: _NONE, _D: _OWN, _R: _CLINIC},
        Action.MOVE: {_P: _OWN, _D: _OWN, _R: _CLINIC},
        Action.NOTE: {_P: _OWN, _D: _OWN, _R: _CLINIC},
        Action.NOTE_INTERNALLY: {_P: _NONE, _D: _OWN, _R: _CLINIC},
        Action.OVERRIDE_HOURS: {_P: _NONE, _D: _NONE, _R: _CLINIC},
        Action.CANCEL: {_P: _OWN, _D: _OWN, _R: _CLINIC},
        Action.CONFIRM: {_P: _NONE, _D: _OWN, _R: _CLINIC},
        Action.CHECK_IN: {_P: _NONE, _D: _NONE, _R: _CLINIC},
        Action.COMPLETE: {_P: _NONE, _D: _OWN, _R: _NONE},
        Action.MARK_NO_SHOW: {_P: _NONE, _D: _OWN, _R: _CLINIC},
        Action.READ_HISTORY: {_P: _OWN, _D: _OWN, _R: _CLINIC},
        Action.SET_HOURS: {_P: _NONE, _D: _OWN, _R: _CLINIC},
        Action.SEE_TIME_OFF: {_P: _NONE, _D: _OWN, _R: _CLINIC},
        Action.SET_TIME_OFF: {_P: _NONE, _D: _OWN, _R: _CLINIC},
        Action.WAIT: {_P: _OWN, _D: _NONE, _R: _CLINIC},
        Action.SHARE_CALENDAR: {_P: _OWN, _D: _OWN, _R: _OWN},
        Action.READ_NOTIFICATIONS: {_P: _OWN, _D: _NONE, _R: _CLINIC},
        Action.REMIND: {_P: _NONE, _D: _NONE, _R: _CLINIC},
        Action.CONFIRM_ATTENDANCE: {_P: _OWN, _D: _NONE, _R: _CLINIC},
        Action.FIND_BY_REGISTRATION: {_P: _NONE, _D: _OWN, _R: _CLINIC},
        Action.REGISTER: {_P: _NONE, _D: _NONE, _R: _CLINIC},
        Action.READ_RECALLS: {_P: _OWN, _D: _CLINIC, _R: _CLINIC},
        Action.READ_RECALL_HISTORY: {_P: _NONE, _D: _CLINIC, _R: _CLINIC},
        Action.EXPORT_RECALLS: {_P: _NONE, _D: _NONE, _R: _CLINIC},
        Action.SET_RECALLS: {_P: _NONE, _D: _CLINIC, _R: _CLINIC},
    }
)

# OWN: the caller's own row; of PATIENT, CONTACT, IDENTIFIER, WAITLIST and RECALL also those of a patient's dependants;
# of CONTACT and IDENTIFIER also those of patients whom a doctor treats; of APPOINTMENT and HISTORY those in which the
# caller, or a dependant, is the patient, or the caller the doctor.
# CLINIC: rows of the clinics where the caller works; of PATIENT, for a receptionist, also those of no clinic.
VISIBILITY: Mapping[Entity, Mapping[Role, Reach]] = MappingProxyType(
    {
        Entity.CATALOGUE: {_P: _ALL, _D: _ALL, _R: _ALL},
        Entity.PATIENT: {_P: _OWN, _D: _CLINIC, _R: _CLINIC},
        Entity.DOCTOR: {_P: _ALL, _D: _ALL, _R: _CLINIC},
        Entity.RECEPTIONIST: {_P: _NONE, _D: _NONE, _R: _OWN},
        Entity.CONTACT: {_P: _OWN, _D: _OWN, _R: _ALL},
        # For operators, who are not API users.
        Entity.PERSON_HISTORY: {_P: _NONE, _D: _NONE, _R: _NONE},
        # A search asks for the people who have a word, and not for the words.
        Entity.PERSON_WORD: {_P: _NONE, _D: _NONE, _R: _NONE},
        Entity.APPOINTMENT: {_P: _OWN, _D: _OWN, _R: _CLINIC},
        Entity.HISTORY: {_P: _OWN, _D: _OWN, _R: _CLINIC},
        Entity.TIME_OFF: {_P: _NONE, _D: _OWN, _R: _CLINIC},
        Entity.WAITLIST: {_P: _OWN, _D: _NONE, _R: _CLINIC},
        Entity.CALENDAR_ACCESS: {_P: _OWN, _D: _OWN, _R: _OWN},
        Entity.IDEMPOTENCY_KEY: {_P: _OWN, _D: _OWN, _R: _OWN},
        Entity.LINK_CODE: {_P: _NONE, _D: _NONE, _R: _NONE},
        # Whoever has the token opens it; nobody lists them.
        Entity.LINK: {_P: _NONE, _D: _NONE, _R: _NONE},
        Entity.REFUSALS: {_P: _NONE, _D: _NONE, _R: _NONE},
        Entity.CLAIM: {_P: _NONE, _D: _NONE, _R: _NONE},
        Entity.MESSAGE: {_P: _NONE, _D: _NONE, _R: _NONE},
        Entity.FREED_TIME: {_P: _NONE, _D: _NONE, _R: _NONE},
        # A chart number is shown only in its clinic.
        Entity.IDENTIFIER: {_P: _OWN, _D: _OWN, _R: _CLINIC},
        Entity.GUARDIAN: {_P: _OWN, _D: _NONE, _R: _CLINIC},
        # For operators, who import files.
        Entity.PATIENT_IMPORT: {_P: _NONE, _D: _NONE, _R: _NONE},
        # Of those to whom it goes; a guardian does not see what goes to another guardian.
        Entity.NOTIFICATION: {_P: _OWN, _D: _NONE, _R: _CLINIC},
        Entity.RECALL: {_P: _OWN, _D: _CLINIC, _R: _CLINIC},
        Entity.RECALL_HISTORY: {_P: _NONE, _D: _CLINIC, _R: _CLINIC},
    }
)


@dataclass(frozen=True, slots=True)
class Subject:
    """The visit that an action is about, planned or booked. An action that is not about a visit may be about a doctor
    or a patient alone.
    """

    patient_id: int | None
    doctor_id: int | None
    clinic_id: int


def permitted(actor: Actor, action: Action, subject: Subject | None = None) -> bool:
    """Whether the table lets the actor do this; without a subject, whether it could for some subject."""
    return _reaches(PERMISSIONS[action][actor.role], actor, subject)


def sees(actor: Actor, subject: Subject) -> bool:
    """Whether the table lets the actor see this appointment, of which something was read past the scope."""
    return _reaches(VISIBILITY[Entity.APPOINTMENT][actor.role], actor, subject)


def _reaches(reach: Reach, actor: Actor, subject: Subject | None) -> bool:
    if subject is None or reach in (Reach.NONE, Reach.ALL):
        return reach is not Reach.NONE
    if reach is Reach.CLINIC:
        return subject.clinic_id in actor.clinic_ids
    match actor.role:
        case Role.PATIENT:
            return subject.patient_id in actor.patient_ids
        case Role.DOCTOR:
            return actor.user_id == subject.doctor_id
        case Role.RECEPTIONIST:
            return False
        case _:
            assert_never(actor.role)


def require(actor: Actor, action: Action, subject: Subject | None = None) -> None:
    """Raises ForbiddenError unless permitted, and says whether the role is in the way or the place."""
    if permitted(actor, action, subject):
        return
    if not permitted(actor, action):
        raise ForbiddenError("Your role may not do this.")
    if PERMISSIONS[action][actor.role] is Reach.CLINIC:
        raise ForbiddenError("You may do this only in the clinics where you work.")
    raise ForbiddenError("You may do this only for yourself.")
