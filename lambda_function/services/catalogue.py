"""Clinics, treatments and doctors, which everybody may look up."""

from collections.abc import Sequence
from dataclasses import dataclass

from lambda_function.db.repositories import catalogue as catalogue_rows
from lambda_function.db.repositories.catalogue import ClinicRow, OfferedTreatment, TreatmentRow, visible_ids
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.errors import InvalidInputError, NotFoundError
from lambda_function.domain.permissions import Action, require
from lambda_function.domain.person_words import sought_words


@dataclass(frozen=True, slots=True)
class DoctorListing:
    user_id: int
    full_name: str
    clinic_id: int
    clinic_name: str
    treatments: Sequence[OfferedTreatment]

    @property
    def treatment_ids(self) -> list[int]:
        return [treatment.treatment_id for treatment in self.treatments]


def clinics(work: UnitOfWork, *, after: int, limit: int, name: str | None = None) -> list[ClinicRow]:
    """Returns clinics whose name starts with `name`."""
    require(work.actor, Action.READ_CATALOGUE)
    return catalogue_rows.clinics(work.session, after=after, limit=limit, name=name)


def clinic(work: UnitOfWork, clinic_id: int) -> ClinicRow:
    require(work.actor, Action.READ_CATALOGUE)
    row = catalogue_rows.clinic(work.session, clinic_id)
    if row is None:
        raise NotFoundError("There is no such clinic.")
    return row


def treatments(work: UnitOfWork, *, after: int, limit: int) -> list[TreatmentRow]:
    require(work.actor, Action.READ_CATALOGUE)
    return catalogue_rows.treatments(work.session, after=after, limit=limit)


def treatment(work: UnitOfWork, treatment_id: int) -> TreatmentRow:
    require(work.actor, Action.READ_CATALOGUE)
    row = catalogue_rows.treatment(work.session, treatment_id)
    if row is None:
        raise NotFoundError("There is no such treatment.")
    return row


def treatment_by_code(work: UnitOfWork, code: str) -> TreatmentRow:
    """Returns the treatment with this code. Raises InvalidInputError."""
    require(work.actor, Action.READ_CATALOGUE)
    row = catalogue_rows.treatment_by_code(work.session, code)
    if row is None:
        raise InvalidInputError(
            "There is no such treatment. Look treatments up with GET /treatments.", field="treatment_id"
        )
    return row


def usual_treatment(work: UnitOfWork, *, doctor_id: int | None, clinic_id: int | None) -> TreatmentRow | None:
    """Returns the treatment that these doctors give unless another is asked for; None if they offer nothing, or if
    there are none. Raises InvalidInputError if there is no such doctor or clinic.
    """
    require(work.actor, Action.READ_CATALOGUE)
    row = catalogue_rows.usual_treatment(work.session, doctor_id=doctor_id, clinic_id=clinic_id)
    if row is None:
        _check_visible(work, doctor_id=doctor_id, clinic_id=clinic_id)
    return row


def doctor(work: UnitOfWork, doctor_id: int) -> DoctorListing:
    found = doctors(work, clinic_id=None, treatment_id=None, doctor_id=doctor_id, after=0, limit=1)
    if not found:
        raise NotFoundError("There is no such doctor.")
    return found[0]


def doctors(
    work: UnitOfWork,
    *,
    clinic_id: int | None,
    treatment_id: int | None,
    after: int,
    limit: int,
    doctor_id: int | None = None,
    name: str | None = None,
) -> list[DoctorListing]:
    """Returns doctors of a clinic or who offer a treatment, whose names have words that begin like those of `name`.
    Raises InvalidInputError if there is no such clinic or treatment.
    """
    require(work.actor, Action.READ_CATALOGUE)
    words = sought_words(name or "")
    if name is not None and not words:
        return []
    rows = catalogue_rows.doctors(
        work.session,
        clinic_id=clinic_id,
        treatment_id=treatment_id,
        doctor_id=doctor_id,
        words=words,
        after=after,
        limit=limit,
    )
    if not rows and clinic_id is not None and not catalogue_rows.has_clinic(work.session, clinic_id):
        raise InvalidInputError("There is no such clinic. Look clinics up with GET /clinics.", field="clinic_id")
    if not rows and treatment_id is not None and not catalogue_rows.has_treatment(work.session, treatment_id):
        raise InvalidInputError(
            "There is no such treatment. Look treatments up with GET /treatments.", field="treatment_id"
        )
    offered = catalogue_rows.treatments_of(work.session, [row.user_id for row in rows])
    return [
        DoctorListing(row.user_id, row.full_name, row.clinic_id, row.clinic_name, offered.get(row.user_id, []))
        for row in rows
    ]


def check_ids(work: UnitOfWork, *, treatment_id: int, doctor_id: int | None, clinic_id: int | None) -> None:
    """Raises InvalidInputError for the first id that names nothing the actor may see."""
    if not catalogue_rows.has_treatment(work.session, treatment_id):
        raise InvalidInputError(
            "There is no such treatment. Look treatments up with GET /treatments.", field="treatment_id"
        )
    _check_visible(work, doctor_id=doctor_id, clinic_id=clinic_id)


def _check_visible(work: UnitOfWork, *, doctor_id: int | None, clinic_id: int | None) -> None:
    visible = visible_ids(work.session, doctor_id=doctor_id, clinic_id=clinic_id)
    if doctor_id is not None and visible.doctor_id is None:
        raise InvalidInputError("There is no such doctor. Look doctors up with GET /doctors.", field="doctor_id")
    if clinic_id is not None and visible.clinic_id is None:
        raise InvalidInputError("There is no such clinic. Look clinics up with GET /clinics.", field="clinic_id")
