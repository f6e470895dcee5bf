"""FHIR R4: patients, doctors as practitioners, and clinics as locations."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from lambda_function.api.fhir import resources
from lambda_function.api.fhir.bundle import Wanted, searchset
from lambda_function.api.fhir.routing import search_routes
from lambda_function.api.fhir.search import (
    After,
    Count,
    Format,
    NamePart,
    Prefer,
    ResourceId,
    SearchToken,
    Summary,
    Total,
    day_of,
    fields_named,
    id_of,
    identifier_of,
)
from lambda_function.api.fhir.wire import BASE, answer
from lambda_function.api.middleware import current_work
from lambda_function.api.routes.fhir import DEFAULT_COUNT
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.types import ParameterId
from lambda_function.db.repositories.people import PersonView
from lambda_function.db.repositories.people_search import PeopleFilter
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import NotFoundError
from lambda_function.services import catalogue, people

router = Router()

Name = Annotated[NamePart, Query(description="Only people with words in their full name that begin like these")]
PatientName = Annotated[NamePart, Query(description="Only patients whom `q` of GET /users finds by these words")]
PatientIdentifier = Annotated[
    SearchToken,
    Query(
        description="Only the patient with this identifier, as `value` or `system|value`; user names are identifiers"
    ),
]
BirthDay = Annotated[SearchToken, Query(description="Only patients who were born on this day")]
Family = Annotated[NamePart, Query(description="The same as `name`: the parts of a name are not told apart")]
Given = Annotated[NamePart, Query(description="The same as `name`: the parts of a name are not told apart")]
LocationName = Annotated[NamePart, Query(description="Only clinics whose name starts with this")]

_Row = TypeVar("_Row")


@search_routes(router, "Patient", "Search patients")
def search_fhir_patients(  # noqa: PLR0917 - Powertools passes them by name
    _id: ResourceId = None,
    name: PatientName = None,
    family: Family = None,
    given: Given = None,
    identifier: PatientIdentifier = None,
    birthdate: BirthDay = None,
    count: Count = DEFAULT_COUNT,
    cursor: After = None,
    summary: Summary = None,
    total: Total = None,
    _format: Format = None,
    _prefer: Prefer = None,
) -> Response[str]:
    """Lists the patients whom the caller may see and who match every parameter, by id. Names are searched as by `GET
    /users`.

    Patients find themselves and their dependants, doctors the patients of their clinic, and receptionists those of
    their clinics and of no clinic. Identifiers and dates of birth are searched where the caller sees contact data. To
    keep names out of addresses, send the parameters in a form.
    """
    work = current_work()
    patients = _patients(identifier, birthdate)
    text = _joined(name, family, given)
    wanted = Wanted(count, cursor, summary, total)
    until: int | None = None

    def search(after: int, limit: int) -> Sequence[PersonView]:
        nonlocal until
        if patients is None:
            return []
        found = people.search(work, text, patients, after=after, limit=limit)
        until = found.until
        return found.people

    rows = _found(wanted, _id, search, lambda person: person.user_id)
    return answer(
        searchset(
            router.current_event,
            wanted,
            rows,
            key=lambda row: (row.user_id,),
            shown=resources.patient,
            until=until if _id is None else None,
        )
    )


@search_routes(router, "Practitioner", "Search practitioners")
def search_fhir_practitioners(  # noqa: PLR0917 - Powertools passes them by name
    _id: ResourceId = None,
    name: Name = None,
    family: Family = None,
    given: Given = None,
    count: Count = DEFAULT_COUNT,
    cursor: After = None,
    summary: Summary = None,
    total: Total = None,
    _format: Format = None,
    _prefer: Prefer = None,
) -> Response[str]:
    """Lists the doctors who match every parameter, by id. Every role may search, and finds all doctors of the
    catalogue.
    """
    work = current_work()
    text = _joined(name, family, given)
    wanted = Wanted(count, cursor, summary, total)
    rows = _found(
        wanted,
        _id,
        lambda after, limit: catalogue.doctors(
            work, clinic_id=None, treatment_id=None, name=text, after=after, limit=limit
        ),
        lambda doctor: doctor.user_id,
    )
    return answer(
        searchset(router.current_event, wanted, rows, key=lambda row: (row.user_id,), shown=resources.practitioner)
    )


@search_routes(router, "Location", "Search locations")
def search_fhir_locations(
    _id: ResourceId = None,
    name: LocationName = None,
    count: Count = DEFAULT_COUNT,
    cursor: After = None,
    summary: Summary = None,
    total: Total = None,
    _format: Format = None,
    _prefer: Prefer = None,
) -> Response[str]:
    """Lists the clinics that match every parameter, by id. Every role may search."""
    work = current_work()
    wanted = Wanted(count, cursor, summary, total)
    rows = _found(
        wanted,
        _id,
        lambda after, limit: catalogue.clinics(work, name=name, after=after, limit=limit),
        lambda clinic: clinic.clinic_id,
    )
    return answer(
        searchset(router.current_event, wanted, rows, key=lambda row: (row.clinic_id,), shown=resources.location)
    )


def _patients(identifier: str | None, birthdate: str | None) -> PeopleFilter | None:
    """The patients to look for; None for those that cannot be. Raises InvalidInputError."""
    birth_date = None if birthdate is None else day_of(birthdate, "birthdate")
    if identifier is None:
        return PeopleFilter(role=Role.PATIENT, birth_date=birth_date)
    sought = identifier_of(identifier, "identifier")
    return None if sought is None else PeopleFilter(role=Role.PATIENT, identifier=sought, birth_date=birth_date)


def _joined(*parts: str | None) -> str | None:
    return " ".join(part for part in parts if part is not None) or None


def _found(
    wanted: Wanted, resource_id: str | None, search: Callable[[int, int], Sequence[_Row]], key: Callable[[_Row], int]
) -> Sequence[_Row]:
    """The rows of a search that answers rows by id, given the id before them and how many; with `_id`, just that row.
    An id that cannot be is that of nothing.
    """
    if resource_id is None:
        with fields_named({"cursor": "_cursor"}):
            after = paging.after_id(wanted.after)
        return search(after, wanted.limit)
    number = id_of(resource_id)
    return [row for row in search(number - 1, 1) if key(row) == number] if number else []


@router.get(
    f"{BASE}/Practitioner/<practitioner_id>",
    tags=["fhir"],
    summary="Read a practitioner",
)
def get_fhir_practitioner(
    practitioner_id: Annotated[ParameterId, Path(description="Id of the doctor")], _format: Format = None
) -> Response[str]:
    """Answers a doctor, by name only. Every role may read it; 404: there is no such doctor."""
    return answer(resources.practitioner(catalogue.doctor(current_work(), practitioner_id)))


@router.get(
    f"{BASE}/Patient/<patient_id>",
    tags=["fhir"],
    summary="Read a patient",
)
def get_fhir_patient(
    patient_id: Annotated[ParameterId, Path(description="Id of the patient")], _format: Format = None
) -> Response[str]:
    """Answers a patient whom the caller may see; anybody else is 404. Patients see themselves and their dependants,
    doctors the patients of their clinic, and receptionists those of their clinics and of no clinic. `telecom`,
    `birthDate` and all of `identifier` but the user name are left out where the caller may not see contact data.
    """
    person = people.get(current_work(), patient_id)
    if person.user_type is not Role.PATIENT:
        raise NotFoundError("There is no such patient.")
    return answer(resources.patient(person))


@router.get(f"{BASE}/Location/<location_id>", tags=["fhir"], summary="Read a location")
def get_fhir_location(
    location_id: Annotated[ParameterId, Path(description="Id of the clinic")], _format: Format = None
) -> Response[str]:
    """Answers a clinic, with its time zone, its country, its address in `address.text`, and its phone number and e-mail
    address in `telecom`. What it does not have is left out. Every role may read it; 404: there is no such clinic.
    """
    return answer(resources.location(catalogue.clinic(current_work(), location_id)))
