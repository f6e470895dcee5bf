"""What everybody may look up: clinics, treatments and doctors."""

from collections.abc import Sequence
from dataclasses import dataclass

from lambda_function.db.base import AnyRow
from lambda_function.db.repositories.catalogue import Catalogue
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.permissions import Action, require


@dataclass(frozen=True, slots=True)
class DoctorListing:
    user_id: int
    full_name: str
    clinic_id: int
    treatment_ids: list[int]


def clinics(work: UnitOfWork, *, after: int, limit: int) -> Sequence[AnyRow]:
    require(work.actor, Action.READ_CATALOGUE)
    return Catalogue(work.session).clinics(after=after, limit=limit)


def treatments(work: UnitOfWork, *, after: int, limit: int) -> Sequence[AnyRow]:
    require(work.actor, Action.READ_CATALOGUE)
    return Catalogue(work.session).treatments(after=after, limit=limit)


def doctors(
    work: UnitOfWork, *, clinic_id: int | None, treatment_id: int | None, after: int, limit: int
) -> list[DoctorListing]:
    """Doctors of a clinic, or who offer a treatment; InvalidInputError when there is no such clinic or treatment."""
    require(work.actor, Action.READ_CATALOGUE)
    catalogue = Catalogue(work.session)
    rows = catalogue.doctors(clinic_id=clinic_id, treatment_id=treatment_id, after=after, limit=limit)
    if not rows and clinic_id is not None and not catalogue.has_clinic(clinic_id):
        raise InvalidInputError("There is no such clinic.", field="clinic_id")
    if not rows and treatment_id is not None and not catalogue.has_treatment(treatment_id):
        raise InvalidInputError("There is no such treatment.", field="treatment_id")
    offered = catalogue.treatments_of([row.user_id for row in rows])
    return [DoctorListing(row.user_id, row.full_name, row.clinic_id, offered.get(row.user_id, [])) for row in rows]
