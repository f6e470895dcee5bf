"""Clinics, treatments and doctors: what everybody may look up."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from lambda_function.api.middleware import current_work
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.catalogue import (
    Clinic,
    ClinicPage,
    Doctor,
    DoctorPage,
    Treatment,
    TreatmentPage,
)
from lambda_function.api.schemas.paging import DEFAULT_LIMIT, PageCursor, PageLimit
from lambda_function.api.schemas.types import ParameterId
from lambda_function.services import catalogue

router = Router()


@router.get("/clinics", tags=["catalogue"], summary="List clinics")
def list_clinics(limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None) -> ClinicPage:
    """Lists the active clinics with their addresses and rules for booking, by id. Every role may read them; operators
    maintain them.
    """
    rows = catalogue.clinics(current_work(), after=paging.after_id(cursor), limit=limit + 1)
    return paging.page(rows, limit, key=lambda row: (row.clinic_id,), shown=Clinic.model_validate)


@router.get("/treatments", tags=["catalogue"], summary="List treatments")
def list_treatments(limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None) -> TreatmentPage:
    """Lists the treatments on offer, by id. Every role may read them; operators maintain them."""
    rows = catalogue.treatments(current_work(), after=paging.after_id(cursor), limit=limit + 1)
    return paging.page(rows, limit, key=lambda row: (row.treatment_id,), shown=Treatment.model_validate)


@router.get("/doctors", tags=["catalogue"], summary="List doctors")
def list_doctors(
    clinic_id: Annotated[ParameterId | None, Query(description="Only doctors of this clinic")] = None,
    treatment_id: Annotated[ParameterId | None, Query(description="Only doctors who offer this treatment")] = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> DoctorPage:
    """Lists the active doctors with the treatments that they offer, by id. Every role may read them; operators
    maintain them.

    422: there is no such clinic or treatment.
    """
    rows = catalogue.doctors(
        current_work(),
        clinic_id=clinic_id,
        treatment_id=treatment_id,
        after=paging.after_id(cursor),
        limit=limit + 1,
    )
    return paging.page(rows, limit, key=lambda row: (row.user_id,), shown=Doctor.model_validate)
