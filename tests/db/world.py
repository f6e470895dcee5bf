"""The rows of one run of the state machine: two clinics, three doctors, three patients, one of whom is the guardian of
another, two receptionists.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import URL
from sqlalchemy.orm import Session

from lambda_function.db.models import Chair, Guardian
from lambda_function.domain.actor import Actor, Role
from tests.clock import NOW
from tests.db.model import MAX_OPEN_VISITS, Practice, Treatment
from tests.factories import Practice as Rows

ZONES = ("America/New_York", "America/Santiago")

_POLICIES: dict[str, Any] = {
    "lead_minutes": 60,
    "horizon_days": 2,
    "cutoff_minutes": 180,
    "max_open_visits": MAX_OPEN_VISITS,
}


@dataclass(slots=True)
class World:
    """The rows of one run, with their ids."""

    url: URL
    rows: Rows
    practice: Practice
    patients: list[int]
    doctors: list[int]
    receptionists: list[Actor]
    actors: list[Actor] = field(default_factory=list)

    @classmethod
    def make(cls, url: URL, session: Session) -> "World":
        rows = Rows(url, session)
        clinics = [
            rows.add_clinic(zone, zone, chairs=chairs, **_POLICIES).clinic_id
            for zone, chairs in zip(ZONES, (1, 0), strict=True)
        ]
        treatments = {
            rows.add_treatment(code, **columns).treatment_id: _treatment(**columns)
            for code, columns in {
                "plain": {"duration_minutes": 30},
                "wide": {"duration_minutes": 20, "buffer_before_minutes": 10, "buffer_after_minutes": 15},
                "asked": {"duration_minutes": 60, "needs_approval": 1},
            }.items()
        }
        plain, wide, asked = treatments
        offered = [(clinics[0], (plain, wide, asked)), (clinics[0], (plain, asked)), (clinics[1], (plain, wide))]
        doctors = {
            rows.add_doctor(clinic=clinic, treatments=offer).user_id: (clinic, frozenset(offer))
            for clinic, offer in offered
        }
        patients = [rows.add_patient(clinics=tuple(clinics)).user_id for _ in range(3)]
        receptionists = [
            Actor(rows.add_receptionist(clinics=(clinic,)).user_id, Role.RECEPTIONIST, (clinic,)) for clinic in clinics
        ]
        chairs = {
            clinic: sorted(chair.chair_id for chair in rows.rows(Chair) if chair.clinic_id == clinic)
            for clinic in clinics
        }
        practice = Practice(
            zones=dict(zip(clinics, ZONES, strict=True)),
            chairs=chairs,
            treatments=treatments,
            offered={doctor: offer for doctor, (_, offer) in doctors.items()},
            clinic_of={doctor: clinic for doctor, (clinic, _) in doctors.items()},
        )
        world = cls(url, rows, practice, patients, list(doctors), receptionists)
        guardian, dependant, alone = patients
        given = {"created_by": receptionists[0].user_id, "created_at": NOW}
        rows.add(Guardian(guardian_id=guardian, patient_id=dependant, **given))
        world.actors = [
            Actor(guardian, Role.PATIENT, dependant_ids=(dependant,)),
            *(Actor(patient, Role.PATIENT) for patient in (dependant, alone)),
            *(Actor(doctor, Role.DOCTOR, (clinic,)) for doctor, (clinic, _) in doctors.items()),
            *receptionists,
            *receptionists,
        ]
        return world


def _treatment(
    duration_minutes: int,
    buffer_before_minutes: int = 0,
    buffer_after_minutes: int = 0,
    needs_approval: int = 0,
) -> Treatment:
    minutes = (timedelta(minutes=number) for number in (duration_minutes, buffer_before_minutes, buffer_after_minutes))
    visit, before, after = minutes
    return Treatment(visit, before, after, bool(needs_approval))
