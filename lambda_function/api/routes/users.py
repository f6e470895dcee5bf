"""People, as far as the caller may see them."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Header, Query

from lambda_function.api.etags import etag, expected_versions
from lambda_function.api.ids import UserId, acting_id
from lambda_function.api.middleware import current_work
from lambda_function.api.schemas import paging
from lambda_function.api.schemas.empty import EmptyBody
from lambda_function.api.schemas.paging import DEFAULT_LIMIT, PageCursor, PageLimit
from lambda_function.api.schemas.people import NewPatient, Person, PersonChange, PersonPage, shown_person
from lambda_function.api.schemas.types import Instant, ParameterFlag, ParameterId, ParameterIdentifier, SearchText
from lambda_function.db.repositories.people import PersonView
from lambda_function.db.repositories.people_search import PeopleFilter, SoughtIdentifier
from lambda_function.domain.actor import Role
from lambda_function.services import deactivation, people, person_changes, registration
from lambda_function.services.text_rules import BirthDate

router = Router()

ProfileMatch = Annotated[
    str | None, Header(alias="If-Match", description="The ETag that was read; 412 if the person has changed since")
]


def profile(row: PersonView, status: HTTPStatus = HTTPStatus.OK) -> Response[Person]:
    """One person, with the version as the ETag."""
    person = shown_person(row)
    headers = {"ETag": etag(person.version)}
    if status is HTTPStatus.CREATED:
        headers["Location"] = f"/users/{person.user_id}"
    return Response(status, content_types.APPLICATION_JSON, person, headers=headers)


SoughtText = Annotated[
    SearchText | None,
    Query(
        description=(
            "Only people whose name, user name, e-mail address and identifiers have words that begin with each word of "
            "this, or whose telephone number has these four or more digits in a row"
        )
    ),
]
SoughtNumber = Annotated[
    ParameterIdentifier | None,
    Query(description="Only whoever has this number: `national_id`, `insurance` or `chart`, a colon, and the number"),
]
OfClinic = Annotated[
    ParameterId | None, Query(description="Only doctors and receptionists who work in this clinic, and its patients")
]
CreatedFrom = Annotated[
    Instant | None, Query(description="Only people who were entered or signed up at or after this time")
]
CreatedTo = Annotated[Instant | None, Query(description="Only people who were entered or signed up before this time")]
BornOn = Annotated[BirthDate | None, Query(description="Only people who were born on this day")]
IsActive = Annotated[ParameterFlag | None, Query(description="`false`: only deactivated patients, for receptionists")]


@router.get("/users", tags=["people"], summary="Find people")
def list_users(  # noqa: PLR0917 - Powertools passes them by name
    user_type: Annotated[Role | None, Query(description="Only people of this role")] = None,
    q: SoughtText = None,
    clinic_id: OfClinic = None,
    created_from: CreatedFrom = None,
    created_to: CreatedTo = None,
    identifier: SoughtNumber = None,
    birth_date: BornOn = None,
    active: IsActive = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> PersonPage:
    """Lists the people whom the caller may see and who match every filter, by id. Deactivated people are left out;
    receptionists list those of their clinics, and of no clinic, with `active=false` (others: 403).

    Everybody sees themselves. Patients see their dependants and all doctors. Doctors see the patients of their clinic
    and all doctors. Receptionists see the patients and doctors of their clinics, and patients who belong to no clinic.
    Contact data, date of birth and identifiers are null, and are not searched, where the caller may not see them.
    `clinic_id` finds patients of the caller's own clinics only. `identifier` is compared in the countries and clinics
    where the caller works; patients find themselves and their dependants.

    The words of `q` may be in any order, and short: "que mar" finds Maria Quezada. Capital letters, accents and
    apostrophes make no difference. Digits with spaces and signs are one telephone number. A text without letters and
    digits finds nobody. A search of many people for words that many of them have may answer with fewer than `limit`
    items, or none, before the last page: continue until `next_cursor` is null, or search for longer words.
    """
    wanted = PeopleFilter(
        role=user_type,
        clinic_id=clinic_id,
        created_from=created_from,
        created_to=created_to,
        identifier=identifier and SoughtIdentifier(frozenset({identifier.system}), identifier.value),
        birth_date=birth_date,
        active=active is not False,
    )
    found = people.search(current_work(), q, wanted, after=paging.after_id(cursor), limit=limit + 1)
    until = None if found.until is None else (found.until,)
    return paging.page(found.people, limit, key=lambda row: (row.user_id,), shown=shown_person, until=until)


@router.get("/users/<user_id>", tags=["people"], summary="Read a person")
def get_user(user_id: UserId) -> Response[Person]:
    """Answers one person whom the caller may see, with the version as the ETag; anybody else is 404. Who sees whom
    is described at `GET /users`.
    """
    work = current_work()
    return profile(people.get(work, acting_id(work, user_id)))


@router.patch("/users/<user_id>", tags=["people"], summary="Change a patient")
def change_user(user_id: UserId, change: PersonChange, if_match: ProfileMatch = None) -> Response[Person]:
    """Changes the data of a patient. `identifiers` replaces all numbers of the patient in the clinic and its country.

    Only receptionists may do this, for patients whom they see; the data of staff are changed by operators (403). An
    e-mail address that a receptionist has changed no longer links an account by itself: create a link code instead.
    412: somebody changed the person since the ETag in `If-Match` was read; read it again. 409 `identifier_taken`:
    another person has one of the identifiers; check them, and ask the patient. After five such answers here and at
    `POST /users`, requests with identifiers are 429 until the next day of UTC.
    """
    work = current_work()
    changed = person_changes.change_patient(
        work,
        acting_id(work, user_id),
        change.changes(),
        expected_versions(if_match),
        identifiers=change.new_identifiers(),
        clinic_id=change.clinic_id,
    )
    return profile(changed)


@router.delete(
    "/users/<user_id>",
    tags=["people"],
    summary="Deactivate a patient",
    status_code=HTTPStatus.NO_CONTENT,
)
def deactivate_user(user_id: UserId) -> Response[None]:
    """Closes the account of a patient, cancels the requested and booked visits that are ahead, and ends the
    patient's waitlist entries, calendar token and link code. Open recalls are dismissed. The history stays, and `POST
    /users/{user_id}/reactivate` lets the patient back in.

    Only receptionists may do this, for patients whom they see (403 for staff). 409 `has_bookings`: there are visits
    in other clinics, whose receptions have to cancel them first, or more than 100 visits ahead, which operators can
    cancel.
    """
    work = current_work()
    deactivation.deactivate_patient(work, acting_id(work, user_id))
    return Response(HTTPStatus.NO_CONTENT)


@router.post(
    "/users",
    tags=["people"],
    summary="Create a patient",
    status_code=HTTPStatus.CREATED,
    responses={200: {"description": "A patient of other clinics, who now belongs to the caller's clinics too"}},
)
def create_user(patient: NewPatient) -> Response[Person]:
    """Creates a patient of the receptionist's clinics, who can sign up later. Only receptionists may do this.

    Whoever signs up with this e-mail address, verified, becomes this patient; anybody else needs a link code.

    200: a patient of other clinics has one of the identifiers, the same name and the same date of birth. The patient
    now belongs to the receptionist's clinics too; nothing of the request is written. 409 `identifier_taken`: another
    person has one of the identifiers; check them, and ask the patient. After five such answers here and at `PATCH
    /users/{user_id}`, requests with identifiers are 429 until the next day of UTC.

    409 `possible_duplicate`: patients whom the receptionist sees have the same name and date of birth, telephone number
    or e-mail address; look at them, and send `accept_duplicate` if it is none of them. 409 `name_taken`: somebody has
    this user name; choose another one, or none.
    """
    registered = registration.register(current_work(), patient.registration())
    return profile(registered.person, HTTPStatus.OK if registered.joined else HTTPStatus.CREATED)


@router.post("/users/<user_id>/reactivate", tags=["people"], summary="Reactivate a patient")
def reactivate_user(user_id: UserId, body: EmptyBody | None = None) -> Response[Person]:
    """Lets a deactivated patient back in. Cancelled visits, waitlist entries and dismissed recalls stay as they are:
    book and open them anew if need be. A patient who is active stays as they are.

    Only receptionists may do this. 403: the person is staff, whom operators reactivate. 404: the patient belongs to
    other clinics only, or has been erased.
    """
    work = current_work()
    return profile(deactivation.reactivate_patient(work, acting_id(work, user_id)))
