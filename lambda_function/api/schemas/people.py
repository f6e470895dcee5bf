"""People, as the API shows and takes them."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from lambda_function.api.schemas.paging import NextCursor
from lambda_function.db.repositories.people import PersonView
from lambda_function.domain.actor import Role
from lambda_function.domain.people import NewUser
from lambda_function.services.people import OwnProfile
from lambda_function.services.text_rules import Email, PersonName, Phone, UserName

# Stands for "as it is": the field itself does not take null.
UNCHANGED: Any = None
_NAME_FORM = (
    "It is stored in Unicode's form NFC, without blanks around it and without characters that nobody can see; it may "
    "have no control characters, line breaks or characters that turn the direction of text"
)
_EMAIL_FORM = "Characters beyond ASCII must be letters, marks or digits"
_PHONE_FORM = "Telephone number with at least four digits, and an extension such as `x89`, `ext. 12`, `;ext=3` or `#12`"


class Person(BaseModel):
    """A patient, a doctor or a receptionist. `email` and `phone` are null where the caller may not see them."""

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
    return Person(
        user_id=row.user_id,
        user_name=row.user_name,
        user_type=row.user_type,
        full_name=row.full_name,
        email=row.email,
        phone=row.phone,
        version=row.version,
    )


class PersonPage(TypedDict):
    """One page of people."""

    items: Annotated[list[Person], Field(description="The people of this page, by id")]
    next_cursor: NextCursor


class NewPatient(BaseModel):
    """A patient to be created."""

    model_config = ConfigDict(extra="forbid")

    user_name: Annotated[
        UserName,
        Field(
            description=(
                "A user name that nobody has, in capital or small letters: letters, digits and `.` `_` `@` `+` `-`, at "
                "most 64; it cannot be changed"
            )
        ),
    ]
    full_name: Annotated[
        PersonName, Field(description=f"The patient's name, in any script, with a letter. {_NAME_FORM}")
    ]
    email: Annotated[
        Email | None,
        Field(description=f"Whoever signs up with this e-mail address, verified, becomes this patient. {_EMAIL_FORM}"),
    ] = None
    phone: Annotated[Phone | None, Field(description=_PHONE_FORM)] = None

    def new_user(self) -> NewUser:
        return NewUser(user_type=Role.PATIENT, **self.model_dump())


class PersonChange(BaseModel):
    """What to change of a person: at least one field. Whatever is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    full_name: Annotated[PersonName, Field(description=f"The new name. {_NAME_FORM}")] = UNCHANGED
    email: Annotated[Email | None, Field(description=f"The new e-mail address; null removes it. {_EMAIL_FORM}")] = None
    phone: Annotated[Phone | None, Field(description=f"{_PHONE_FORM}; null removes it")] = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_to_change", "Give at least one field to change.")
        return self

    def changes(self) -> dict[str, str | None]:
        """The fields that are given."""
        return self.model_dump(exclude_unset=True)
