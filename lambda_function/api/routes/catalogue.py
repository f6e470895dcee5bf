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


@router.get("/clinics", tags=["catalogue"], summary="Clinics")
def list_clinics(limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None) -> ClinicPage:
    rows = catalogue.clinics(current_work(), after=paging.after_id(cursor), limit=limit + 1)
    return paging.page(rows, limit, key=lambda row: (row.clinic_id,), shown=Clinic.model_validate)


@router.get("/treatments", tags=["catalogue"], summary="Treatments")
def list_treatments(limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None) -> TreatmentPage:
    rows = catalogue.treatments(current_work(), after=paging.after_id(cursor), limit=limit + 1)
    return paging.page(rows, limit, key=lambda row: (row.treatment_id,), shown=Treatment.model_validate)


@router.get("/doctors", tags=["catalogue"], summary="Doctors, and what they offer")
def list_doctors(
    clinic_id: Annotated[ParameterId | None, Query()] = None,
    treatment_id: Annotated[ParameterId | None, Query()] = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> DoctorPage:
    rows = catalogue.doctors(
        current_work(),
        clinic_id=clinic_id,
        treatment_id=treatment_id,
        after=paging.after_id(cursor),
        limit=limit + 1,
    )
    return paging.page(rows, limit, key=lambda row: (row.user_id,), shown=Doctor.model_validate)
