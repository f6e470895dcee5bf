"""Every column that names a person says what a merge does with it."""

from collections.abc import Iterator

from sqlalchemy import Column

from lambda_function.db.base import Base
from lambda_function.db.models import User
from lambda_function.db.repositories.merged_people import COLUMNS, Fate

PEOPLE = frozenset({"user_id", "patient_id", "doctor_id", "guardian_id", "receptionist_id", "actor_id", "subject_id"})
# These columns name a person without a foreign key, under names that say so only here.
OTHERS = frozenset(
    {"slot_claim.resource_id", "user.merged_into", "waitlist_entry.offer_doctor_id", "idempotency_subject.user_id"}
)


def leads_to_a_person(column: Column[object]) -> bool:
    """Returns whether the foreign keys of the column lead to a person, directly or through other tables."""
    targets = [key.column for key in column.foreign_keys]
    return any(target is User.__table__.c.user_id or leads_to_a_person(target) for target in targets)


def columns_of_people() -> Iterator[str]:
    for table in Base.metadata.tables.values():
        for column in table.columns:
            name = f"{table.name}.{column.name}"
            if name != "user.user_id" and (column.name in PEOPLE or name in OTHERS or leads_to_a_person(column)):
                yield name


def test_the_table_of_columns_is_total() -> None:
    assert set(COLUMNS) == set(columns_of_people())


def test_what_stays_with_the_number_is_chosen_on_purpose() -> None:
    assert {name for name, fate in COLUMNS.items() if fate is Fate.KEPT} == {
        "appointment_event.actor_id",
        "patient.user_id",
        "person_event.actor_id",
        "person_event.user_id",
        "user.merged_into",
    }
