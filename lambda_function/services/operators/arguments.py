"""The arguments of each action of operators. The fields are the arguments of the event, and the options of the
command.
"""

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt
from pydantic_core import PydanticCustomError

from lambda_function.domain.actor import Role
from lambda_function.domain.people import NewUser
from lambda_function.services.text_rules import Email, Name, PersonName, Phone, UserName, day_in

_Text = Annotated[str, Field(min_length=1, max_length=200)]


def _month(value: object) -> date:
    """Returns the first day of a month."""
    day = day_in(f"{value}-01") if isinstance(value, str) else None
    if day is None:
        raise PydanticCustomError("not_a_day", "Give a month such as 2030-01.")
    return day


_Month = Annotated[date, BeforeValidator(_month)]

# Of an import, in one transaction.
MOST_ROWS = 500


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NoArguments(_Arguments):
    pass


class UserReference(_Arguments):
    user_name: _Text


class UserFilter(_Arguments):
    user_type: Role | None = None
    clinic: Name | None = None
    active: StrictBool | None = None
    q: _Text | None = None
    after: Annotated[StrictInt, Field(ge=0)] = 0
    limit: Annotated[StrictInt, Field(ge=1, le=1000)] = 100


class PersonEventFilter(_Arguments):
    """The person is named by exactly one of the two."""

    user_id: Annotated[StrictInt, Field(ge=1, le=2**63 - 1)] | None = None
    user_name: _Text | None = None
    after: Annotated[StrictInt, Field(ge=0)] = 0
    limit: Annotated[StrictInt, Field(ge=1, le=1000)] = 100


class LinkEnd(_Arguments):
    appointment_id: Annotated[StrictInt, Field(ge=1, le=2**63 - 1)]


class UserCreation(_Arguments):
    user_name: UserName
    user_type: Role
    full_name: PersonName
    email: Email | None = None
    phone: Phone | None = None
    clinics: list[Name] = []
    treatments: list[_Text] = []

    def new_user(self) -> NewUser:
        return NewUser(**self.model_dump(exclude={"clinics", "treatments"}))


class ImportRow(_Arguments):
    """A row of a file: where it begins, and its values by column, which services/operators/importing.py checks."""

    line: Annotated[StrictInt, Field(ge=1)]
    values: dict[_Text, Annotated[str, Field(max_length=64 * 1024)]]


class ImportBatch(_Arguments):
    clinic: Name
    rows: Annotated[list[ImportRow], Field(max_length=MOST_ROWS)]
    dry_run: StrictBool = False


class RecallReport(_Arguments):
    """The first and the last month."""

    first: _Month | None = Field(default=None, alias="from")
    to: _Month | None = None


class RecallBackfill(_Arguments):
    """It begins with the first patient whose id is above `after`."""

    treatment: _Text
    plan: StrictBool = False
    after: Annotated[StrictInt, Field(ge=0, le=2**63 - 1)] = 0


class TypeChange(UserReference):
    user_type: Role
    clinics: list[Name] = []
    treatments: list[_Text] = []


class Deactivation(UserReference):
    cancel_visits: StrictBool = False
    keep_visits: StrictBool = False


class Erasure(UserReference):
    cancel_visits: StrictBool = False


class Merger(_Arguments):
    """`source` becomes `target`. Each is a user name or an id: see services/operators/merging.py."""

    source: _Text
    target: _Text
    close_account: StrictBool = False
    plan: StrictBool = False


class PracticePlan(_Arguments):
    """`practice` is the content of a practice file, as JSON: see docs/practice.md."""

    practice: Any


class PracticeApplication(PracticePlan):
    accept_conflicts: StrictBool = False
