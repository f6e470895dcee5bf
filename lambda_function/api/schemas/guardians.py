"""Guardians and dependants, as the API shows and takes them."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from lambda_function.api.schemas.paging import NextCursor
from lambda_function.db.repositories.guardians import GuardianView
from lambda_function.services.text_rules import Reason


class NewGuardian(BaseModel):
    """Why somebody acts for a patient."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[
        Reason | None,
        Field(
            description=(
                "Why the guardian acts for the patient, such as a court's decision; required for a patient of 18 years "
                "or more, or without a birth date. Only receptionists can read it"
            )
        ),
    ] = None


class Guardian(TypedDict):
    """Somebody who acts for a patient."""

    user_id: Annotated[int, Field(description="Id of the guardian")]
    full_name: Annotated[str, Field(description="The guardian's name")]
    reason: Annotated[str | None, Field(description="Why the guardian acts for the patient; null when none was given")]
    ends_on: Annotated[
        date | None,
        Field(
            description=(
                "The day of UTC on which the guardian can act no longer: the patient's eighteenth birthday, or null "
                "when no day ends it"
            )
        ),
    ]


class GuardianPage(TypedDict):
    """One page of a patient's guardians."""

    items: Annotated[list[Guardian], Field(description="The guardians of this page, by id")]
    next_cursor: NextCursor


def shown_guardian(row: GuardianView) -> Guardian:
    return {"user_id": row.user_id, "full_name": row.full_name, "reason": row.reason, "ends_on": row.ends_on}
