"""People, as the API shows and takes them."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator
from typing_extensions import TypedDict

from lambda_function.domain.actor import Role
from lambda_function.domain.people import NewUser
from lambda_function.services.text_rules import Email, PersonName, Phone, UserName

# Stands for "as it is": the field itself does not take null.
UNCHANGED: Any = None


class Person(BaseModel):
    """`email` and `phone` are null where the caller may not see them."""

    model_config = ConfigDict(from_attributes=True)

    user_id: int
    user_name: str
    user_type: Role
    full_name: str
    email: str | None
    phone: str | None
    version: int


class PersonPage(TypedDict):
    items: list[Person]
    next_cursor: str | None


class NewPatient(BaseModel):
    model_config = ConfigDict(extra="forbid")

    user_name: UserName
    full_name: PersonName
    email: Email | None = None
    phone: Phone | None = None

    def new_user(self) -> NewUser:
        return NewUser(user_type=Role.PATIENT, **self.model_dump())


class PersonChange(BaseModel):
    """At least one field; null removes an e-mail or a phone."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    full_name: PersonName = UNCHANGED
    email: Email | None = None
    phone: Phone | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must change something")
        return self

    def changes(self) -> dict[str, str | None]:
        """The fields that are given."""
        return self.model_dump(exclude_unset=True)
