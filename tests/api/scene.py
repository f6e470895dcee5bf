"""The people of the matrix of routes and roles, what they may do and see, and the rows that requests are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from itertools import count

from sqlalchemy import delete, update

from lambda_function.db.models import (
    CalendarToken,
    Clinic,
    ClinicPatient,
    Recall,
    RecallEvent,
    TimeOff,
    WaitlistEntry,
    WorkingHoursException,
)
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import Status
from lambda_function.domain.permissions import Action
from lambda_function.domain.waitlist import WaitlistStatus
from tests.api.desk import Desk, instant, rfc3339
from tests.api.recalling import add_recall
from tests.clock import NOW
from tests.rights import MAY, SEES, reaches


@dataclass(frozen=True)
class Person:
    role: Role
    clinics: frozenset[int]
    acts_for: str | None = None


# Everything that the tables depend on. The scene below writes rows that agree with it.
PEOPLE: Mapping[str, Person] = {
    "pat": Person(Role.PATIENT, frozenset({1, 2})),
    "kim": Person(Role.PATIENT, frozenset({1, 2})),
    "stranger": Person(Role.PATIENT, frozenset({2})),
    "nowhere": Person(Role.PATIENT, frozenset()),
    "drjay": Person(Role.DOCTOR, frozenset({1})),
    "drwu": Person(Role.DOCTOR, frozenset({1})),
    "drsol": Person(Role.DOCTOR, frozenset({2})),
    "rita": Person(Role.RECEPTIONIST, frozenset({1})),
    "rena": Person(Role.RECEPTIONIST, frozenset({1})),
    "rosa": Person(Role.RECEPTIONIST, frozenset({2})),
}
# Callers only. One is the guardian of pat, and one was so until today.
FAMILY: Mapping[str, Person] = {
    "mother": Person(Role.PATIENT, frozenset(), acts_for="pat"),
    "former": Person(Role.PATIENT, frozenset()),
}
EVERYBODY: Mapping[str, Person] = {**PEOPLE, **FAMILY}
PATIENTS = [name for name, person in PEOPLE.items() if person.role is Role.PATIENT]
DOCTORS = [name for name, person in PEOPLE.items() if person.role is Role.DOCTOR]
CALLERS = ("pat", "drjay", "rita", *FAMILY)
NOBODY = "-"
# For every caller there is a visit of their own, one of others in the same clinic, and one in another clinic.
VISITS = [("pat", "drjay"), ("kim", "drjay"), ("pat", "drwu"), ("kim", "drwu"), ("pat", "drsol"), ("stranger", "drsol")]


def acts_for(caller: str, name: str) -> bool:
    """Returns whether the caller is this person, or the person's guardian."""
    return name in {caller, EVERYBODY[caller].acts_for}


def person_visible(caller: str, target: str) -> bool:
    me, other = EVERYBODY[caller], EVERYBODY[target]
    of_nobody = me.role is Role.RECEPTIONIST and other.role is Role.PATIENT and not other.clinics
    return reaches(
        SEES[other.role][me.role], own=acts_for(caller, target), clinic=bool(me.clinics & other.clinics) or of_nobody
    )


def visit_visible(caller: str, patient: str, doctor: str) -> bool:
    return _visit_reached(SEES["APPOINTMENT"], caller, patient, doctor)


def wish_visible(caller: str, patient: str, doctor: str) -> bool:
    """Returns whether the caller sees this patient's waitlist entry for time of that doctor."""
    me = EVERYBODY[caller]
    clinic = person_visible(caller, patient) and PEOPLE[doctor].clinics <= me.clinics
    return reaches(SEES["WAITLIST"][me.role], own=acts_for(caller, patient), clinic=clinic)


def may(caller: str, action: Action, patient: str, doctor: str) -> bool:
    """Returns whether the caller is permitted to do this with a visit of these two people."""
    return _visit_reached(MAY[action], caller, patient, doctor)


def never(caller: str, action: Action) -> bool:
    return MAY[action][EVERYBODY[caller].role] == "NONE"


def _visit_reached(row: Mapping[str, str], caller: str, patient: str, doctor: str) -> bool:
    me = EVERYBODY[caller]
    own = acts_for(caller, patient) if me.role is Role.PATIENT else caller == doctor
    return reaches(row[me.role], own=own, clinic=PEOPLE[doctor].clinics <= me.clinics)


SUNDAY = 7
# The hours that the demo doctors already have, so that replacing them changes nothing for the other cases.
WEEK = [{"weekday": weekday, "start": "08:00", "end": "18:00"} for weekday in range(1, SUNDAY)]


State = tuple[Status, timedelta]
AHEAD: State = (Status.BOOKED, timedelta(days=8, hours=1))
REQUESTED: State = (Status.REQUESTED, timedelta(days=8, hours=1))
LATER_TODAY: State = (Status.BOOKED, timedelta(hours=1))
BEGUN: State = (Status.BOOKED, timedelta(hours=-1))
UNDER_WAY: State = (Status.CHECKED_IN, timedelta(hours=-1))


class Scene:
    """Makes the rows that requests need. Every new visit is at a new time at which the demo doctors work. Their time
    off and exceptions are years after the last of these days.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.practice.add_patient("stranger", clinics=(2,))
        desk.practice.add_patient("nowhere")
        desk.practice.add_receptionist("rena", clinics=(1,))
        for name in FAMILY:
            desk.practice.add_patient(name)
        desk.practice.add_guardian("mother", "pat")
        desk.practice.add_guardian("former", "pat", ends_on=NOW.date())
        # One worker may run all cases, and more than 20 of them book for pat.
        desk.practice.session.execute(update(Clinic).values(max_open_visits=None))
        desk.practice.session.commit()
        # Within the horizon of the clinics, at another time once the days are used up.
        first_days = [instant(time, "2030-02-01") for time in ("15:00", "18:00", "20:00")]
        starts = (first + timedelta(days=days) for first in first_days for days in range(360))
        self._starts = (start for start in starts if start.isoweekday() != SUNDAY)
        self._days_off = (date(2033, 1, 1) + timedelta(days=days) for days in count())

    def start(self) -> str:
        return rfc3339(next(self._starts))

    def day_off(self) -> str:
        return next(self._days_off).isoformat()

    def exception(self, doctor: str) -> str:
        """Returns the date of an exception that exists."""
        day = self.day_off()
        row = WorkingHoursException(doctor_id=self.desk.id_of(doctor), day=date.fromisoformat(day))
        self.desk.practice.add(row)
        return day

    def time_off(self, doctor: str) -> int:
        start = instant("15:00", self.day_off())
        times = {"starts_at": start, "ends_at": start + timedelta(hours=1)}
        row = TimeOff(doctor_id=self.desk.id_of(doctor), reason="Test", created_at=NOW, **times)
        self.desk.practice.add(row)
        return row.time_off_id

    def forget_bookings(self) -> None:
        """Removes all bookings, waitlist entries and recalls. A booking makes the patient one of the clinic's, which
        would contradict PEOPLE, and nobody can wait, or be recalled, twice for the same.
        """
        session = self.desk.practice.session
        strangers = {"nowhere": (1, 2), "stranger": (1,)}
        for name, clinics in strangers.items():
            rows = (ClinicPatient.patient_id == self.desk.id_of(name), ClinicPatient.clinic_id.in_(clinics))
            session.execute(delete(ClinicPatient).where(*rows))
        session.execute(delete(WaitlistEntry))
        session.commit()
        self._forget_recalls()

    def _forget_recalls(self) -> None:
        for mapped in (RecallEvent, Recall):
            self.desk.practice.session.execute(delete(mapped))
        self.desk.practice.session.commit()

    def appointment(self, patient: str, doctor: str, state: State = AHEAD) -> int:
        """Adds an appointment in a status and at a distance from now that allow the step: by default booked and a week
        ahead.
        """
        status, ahead = state
        [clinic_id] = PEOPLE[doctor].clinics
        row = self.desk.practice.add_appointment(
            NOW + ahead,
            status=status,
            patient_id=self.desk.id_of(patient),
            doctor_id=self.desk.id_of(doctor),
            clinic_id=clinic_id,
        )
        return row.appointment_id

    def stand_in(self, name: str) -> int:
        """Adds a patient of the same clinics in place of one who is needed later."""
        return self.desk.practice.add_patient(clinics=tuple(sorted(PEOPLE[name].clinics))).user_id

    def gone(self, name: str) -> int:
        """Adds a stand-in who is deactivated."""
        return self.desk.practice.add_patient(clinics=tuple(sorted(PEOPLE[name].clinics)), active=False).user_id

    def unlinked(self, name: str) -> int:
        """Adds a stand-in without an account."""
        return self.desk.practice.add_patient(clinics=tuple(sorted(PEOPLE[name].clinics)), cognito_sub=None).user_id

    def wish(self, patient: str, doctor: str) -> int:
        """Adds a waitlist entry with an offer."""
        start = next(self._starts)
        times = {"offer_starts_at": start, "offer_ends_at": start + timedelta(minutes=30)}
        row = WaitlistEntry(
            patient_id=self.desk.id_of(patient),
            treatment_id=1,
            doctor_id=self.desk.id_of(doctor),
            status=WaitlistStatus.OFFERED,
            wished_from=start,
            wished_to=start + timedelta(hours=1),
            offer_doctor_id=self.desk.id_of(doctor),
            offer_expires_at=NOW + timedelta(hours=1),
            created_at=NOW,
            updated_at=NOW,
            **times,
        )
        self.desk.practice.add(row)
        return row.waitlist_id

    def recall(self, patient: str, doctor: str) -> int:
        """Adds an open recall of the patient in the clinic of the doctor, in place of all others."""
        self._forget_recalls()
        [clinic_id] = PEOPLE[doctor].clinics
        return add_recall(self.desk, patient, clinic_id=clinic_id)

    def calendar_token(self, name: str) -> str:
        """Returns a new token of that person, which replaces the previous one."""
        user_id, token = self.desk.id_of(name), f"token-of-{name}"
        owner = self.desk.practice.actor(name)
        bound = {"user_type": owner.role, "clinic_ids": list(owner.clinic_ids)}
        session = self.desk.practice.session
        session.execute(delete(CalendarToken).where(CalendarToken.user_id == user_id))
        hashed = sha256(token.encode()).hexdigest()
        self.desk.practice.add(CalendarToken(user_id=user_id, token_hash=hashed, created_at=NOW, **bound))
        return token
