"""Patients who may be the person whom a reception is entering."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import bindparam, select, union
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.models import User
from lambda_function.db.models.people import PERSON_WORD_ROWS
from lambda_function.db.rows import columns, fetch_all
from lambda_function.domain.actor import Role
from lambda_function.domain.person_words import WordKind

# Of so many people with one telephone number, or address, or name and date of birth, it is looked which ones the caller
# may see: those with the lowest ids.
LOOKED_AT = 20_000


class _Id(NamedTuple):
    user_id: int


def possible_duplicates(session: Session, words: Collection[str], limit: int) -> Sequence[int]:
    """Returns the ids of at most `limit` visible, active patients who have one of these words of kind SAME."""
    if not words:
        return []
    values = {f"word{number}": word for number, word in enumerate(sorted(words))}
    rows = fetch_all(session, _Id, _statement(len(words)), {**values, "most": LOOKED_AT, "page_limit": limit})
    return [row.user_id for row in rows]


@lru_cache
def _statement(number_of_words: int) -> AnySelect:
    words = PERSON_WORD_ROWS.c
    arms = [
        select(words.user_id)
        .where(words.word == bindparam(f"word{number}"), words.kind == WordKind.SAME)
        .order_by(words.user_id)
        .limit(bindparam("most"))
        .subquery()
        for number in range(number_of_words)
    ]
    same = union(*(select(arm.c.user_id) for arm in arms)).subquery()
    return (
        select(*columns(_Id, User))
        .prefix_with("STRAIGHT_JOIN")  # in the order of the ids, until there are enough
        .select_from(same)
        .join(User, User.user_id == same.c.user_id)
        .where(User.user_type == Role.PATIENT)
        .order_by(same.c.user_id)
        .limit(bindparam("page_limit"))
    )
