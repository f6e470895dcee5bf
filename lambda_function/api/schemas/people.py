"""People, as the API shows and takes them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from lambda_function.api.schemas.paging import NextCursor
from lambda_function.api.schemas.types import BodyId
from lambda_function.db.repositories.people import PersonView
from lambda_function.domain.actor import Role
from lambda_function.domain.identifiers import Identifier, IdentifierSystem
from lambda_function.domain.people import Channel, Language, NewUser, channel_used
from lambda_function.services.people import OwnProfile
from lambda_function.services.registration import Registration, made_user_name
from lambda_function.services.text_rules import BirthDate, Email, IdentifierValue, PersonName, Phone, UserName

MOST_IDENTIFIERS = 10
# Stands for "as it is": the field itself does not take null.
UNCHANGED: Any = None
_NAME_FORM = (
    "It is stored in Unicode's form NFC, without blanks around it and without characters that nobody can see; it may "
    "have no control characters, line breaks or characters that turn the direction of text"
)
_EMAIL_FORM = "Characters beyond ASCII must be letters, marks or digits"
_PHONE_FORM = "Telephone number with at least four digits, and an extension such as `x89`, `ext. 12`, `;ext=3` or `#12`"


_SYSTEM = Field(
    description=(
        "Who gave the number: `national_id` and `insurance` are unique in the country of the clinic, `chart` is the "
        "number in the clinic's own files"
    )
)


class ShownIdentifier(TypedDict):
    """A number by which an authority, an insurance or a clinic knows a patient."""

    system: Annotated[IdentifierSystem, _SYSTEM]
    value: Annotated[str, Field(description="The number in capital letters, without spaces, dots and hyphens")]


class NewIdentifier(BaseModel):
    """A number by which an authority, an insurance or a clinic knows a patient."""

    model_config = ConfigDict(extra="forbid")

    system: Annotated[IdentifierSystem, _SYSTEM]
    value: Annotated[
        IdentifierValue,
        Field(description="The number; capital letters, spaces, dots and hyphens make no difference"),
    ]


def _all_different(given: list[NewIdentifier]) -> list[NewIdentifier]:
    if len({(each.system, each.value) for each in given}) < len(given):
        raise PydanticCustomError("duplicate", "Give each identifier once.")
    return given


Identifiers = Annotated[list[NewIdentifier], Field(max_length=MOST_IDENTIFIERS), AfterValidator(_all_different)]


class Person(BaseModel):
    """A patient, a doctor or a receptionist. Where the caller may not see the person's contact data, all fields from
    `email` to `active` are null.
    """

    user_id: Annotated[int, Field(description="Id of the person")]
    user_name: Annotated[
        str,
        Field(
            description=(
                "The name by which the person is known to the service; unique, and the same in capital or small letters"
            )
        ),
    ]
    user_type: Annotated[Role, Field(description="The role of the person")]
    full_name: Annotated[str, Field(description="The person's name")]
    email: Annotated[
        str | None, Field(description="E-mail address; null when there is none or the caller may not see it")
    ]
    phone: Annotated[
        str | None,
        Field(description="Telephone number as it was entered; null when there is none or the caller may not see it"),
    ]
    birth_date: Annotated[
        date | None, Field(description="Date of birth; null when it is not known or the caller may not see it")
    ]
    identifiers: Annotated[
        list[ShownIdentifier] | None,
        Field(
            description=(
                "The numbers by which authorities, insurances and clinics know the person; staff see the chart numbers "
                "of their own clinics only. Null when the caller may not see them"
            )
        ),
    ]
    language: Annotated[
        Language | None,
        Field(description="The language in which messages to the person are; null when the caller may not see it"),
    ]
    contact_by: Annotated[
        Channel | None,
        Field(
            description=(
                "How the person is reached: what they chose, as long as there is an address for it or a number with "
                "its country code, otherwise by e-mail, or else by SMS. `NONE`: they chose so, or there is neither. "
                "Null when the caller may not see it"
            )
        ),
    ]
    recalls: Annotated[
        bool | None,
        Field(description="Whether the person wants to be reminded of check-ups; null when the caller may not see it"),
    ]
    active: Annotated[
        bool | None,
        Field(description="False for a deactivated patient; null when the caller may not see it"),
    ]
    version: Annotated[
        int, Field(description="1 for a new person, and higher after each change; the ETag has the same number")
    ]


class Dependant(BaseModel):
    """A patient for whom the caller acts."""

    user_id: Annotated[int, Field(description="Id of the patient")]
    full_name: Annotated[str, Field(description="The patient's name")]


class Caller(Person):
    """The person who is calling."""

    dependants: Annotated[
        list[Dependant],
        Field(
            description=(
                "The patients for whom the caller acts, by id: receptionists say who they are. Wherever a route takes "
                "the caller's own id as `patient_id`, it takes theirs too"
            )
        ),
    ]


def shown_caller(profile: OwnProfile) -> Caller:
    dependants = [Dependant(user_id=row.user_id, full_name=row.full_name) for row in profile.dependants]
    return Caller(**dict(shown_person(profile.person)), dependants=dependants)


def shown_person(row: PersonView) -> Person:
    contact: dict[str, Any] = {"identifiers": None, "contact_by": None, "active": None}
    if row.contact_visible:
        contact = {
            "identifiers": _shown_identifiers(row.identifiers or ()),
            "contact_by": channel_used(
                row.contact_by,
                email=row.email,
                phone=row.phone,
                bounced_email_hash=row.bounced_email_hash,
            ),
            "active": row.active,
        }
    return Person(
        user_id=row.user_id,
        user_name=row.user_name,
        user_type=row.user_type,
        full_name=row.full_name,
        email=row.email,
        phone=row.phone,
        birth_date=row.birth_date,
        language=row.language,
        recalls=row.recalls,
        version=row.version,
        **contact,
    )


def _shown_identifiers(found: Sequence[Mapping[str, str]]) -> list[ShownIdentifier]:
    """Returns them in the order of systems. A number that two clinics gave is shown once."""
    order = list(IdentifierSystem)
    numbers = {(IdentifierSystem(each["system"]), each["value"]) for each in found}
    in_order = sorted(numbers, key=lambda number: (order.index(number[0]), number[1]))
    return [{"system": system, "value": value} for system, value in in_order]


class PersonPage(TypedDict):
    """One page of people."""

    items: Annotated[list[Person], Field(description="The people of this page, by id")]
    next_cursor: NextCursor


_BIRTH_DATE = "Date of birth, from 1900-01-01 to today"
_LANGUAGE = "The language of messages; null: that of the clinic"
_CONTACT_BY = (
    "How to reach the person; null: by e-mail, or else by SMS, as far as there is an address or a number with its "
    "country code"
)
_RECALLS = "Whether to remind the person of check-ups; null: patients are reminded"
_CLINIC = "The clinic that the identifiers and the language are of: one of the caller's, or the one with the lowest id"


class NewPatient(BaseModel):
    """A patient to be entered. Only `full_name` is needed."""

    model_config = ConfigDict(extra="forbid")

    user_name: Annotated[
        UserName | None,
        Field(
            description=(
                "A user name that nobody has, in capital or small letters: letters, digits and `.` `_` `@` `+` `-`, at "
                "most 64; it cannot be changed. Left out, the service makes one"
            )
        ),
    ] = None
    full_name: Annotated[
        PersonName, Field(description=f"The patient's name, in any script, with a letter. {_NAME_FORM}")
    ]
    email: Annotated[
        Email | None,
        Field(description=f"Whoever signs up with this e-mail address, verified, becomes this patient. {_EMAIL_FORM}"),
    ] = None
    phone: Annotated[Phone | None, Field(description=_PHONE_FORM)] = None
    birth_date: Annotated[BirthDate | None, Field(description=_BIRTH_DATE)] = None
    identifiers: Annotated[
        Identifiers | None, Field(description="Numbers by which the patient is known, at most ten")
    ] = None
    language: Annotated[Language | None, Field(description=_LANGUAGE)] = None
    contact_by: Annotated[Channel | None, Field(description=_CONTACT_BY)] = None
    recalls: Annotated[StrictBool | None, Field(description=_RECALLS)] = None
    clinic_id: Annotated[BodyId | None, Field(description=_CLINIC)] = None
    accept_duplicate: Annotated[
        StrictBool, Field(description="Enter the patient although there are some who may be the same person")
    ] = False

    def registration(self) -> Registration:
        details = self.model_dump(exclude={"user_name", "identifiers", "clinic_id", "accept_duplicate"})
        return Registration(
            patient=NewUser(user_type=Role.PATIENT, user_name=self.user_name or made_user_name(), **details),
            identifiers=_entered(self.identifiers),
            clinic_id=self.clinic_id,
            accept_duplicate=self.accept_duplicate,
        )


def _entered(identifiers: Sequence[NewIdentifier] | None) -> list[Identifier]:
    return [Identifier(each.system, each.value) for each in identifiers or ()]


class OwnChange(BaseModel):
    """What to change of oneself: at least one field. Whatever is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    full_name: Annotated[PersonName, Field(description=f"The new name. {_NAME_FORM}")] = UNCHANGED
    email: Annotated[Email | None, Field(description=f"The new e-mail address; null removes it. {_EMAIL_FORM}")] = None
    phone: Annotated[Phone | None, Field(description=f"{_PHONE_FORM}; null removes it")] = None
    birth_date: Annotated[
        BirthDate | None,
        Field(description=f"{_BIRTH_DATE}; once it is known, only a reception can correct it"),
    ] = None
    language: Annotated[Language | None, Field(description=_LANGUAGE)] = None
    contact_by: Annotated[Channel | None, Field(description=_CONTACT_BY)] = None
    recalls: Annotated[StrictBool | None, Field(description=_RECALLS)] = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_to_change", "Give at least one field to change.")
        return self

    def changes(self) -> dict[str, Any]:
        """The fields of the person that are given."""
        return self.model_dump(exclude_unset=True)


class PersonChange(OwnChange):
    """What to change of a patient: at least one field. Whatever is left out stays as it is."""

    birth_date: Annotated[BirthDate | None, Field(description=f"{_BIRTH_DATE}; null removes it")] = None
    identifiers: Annotated[
        Identifiers | None,
        Field(
            description=(
                "All numbers of the patient in the clinic and in its country, at most ten; those of other clinics and "
                "countries stay. An empty list and null remove them"
            )
        ),
    ] = None
    clinic_id: Annotated[BodyId | None, Field(description=_CLINIC)] = None

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True, exclude={"identifiers", "clinic_id"})

    def new_identifiers(self) -> list[Identifier] | None:
        """None if they stay as they are."""
        return _entered(self.identifiers) if "identifiers" in self.model_fields_set else None
