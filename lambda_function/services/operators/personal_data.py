"""A copy of everything that is known about a person, which the law entitles people to. erasing.py erases it."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from lambda_function.db.repositories import directory, merged_people, personal_data
from lambda_function.db.repositories.keyset import Position
from lambda_function.db.repositories.personal_data import SECTIONS, Page
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.services.operators.readable_copy import readable
from lambda_function.services.operators.users import SPAN, known_person

__all__ = ["SECTIONS", "export"]

BATCH = 1000


def export(database: Database, user_name: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yields one section after another, each in at least one batch of rows, which is read in its own transaction. For
    staff it holds what they did, not what was written about their patients. Raises NotFoundError.
    """
    user_id = database.transact(lambda work: known_person(work.session, user_name).user_id, commit=False)
    merged = _merged_into(database, user_id)
    for section in SECTIONS:
        page: Page | None = None
        while page is None or page.after is not None:
            after = None if page is None else page.after
            read = partial(_page, user_id=user_id, merged=merged, section=section, after=after)
            page = database.transact(read, commit=False)
            yield section, page.rows


def _merged_into(database: Database, user_id: int) -> list[int]:
    """Returns the ids of those who were merged into the person, directly or through others. What happened to them is
    told under their own ids.
    """
    last_id = database.transact(lambda work: directory.last_id(work.session), commit=False)
    merged: dict[int, int] = {}
    for start in range(1, last_id + 1, SPAN):
        read = partial(_merged, first_id=start, last_id=start + SPAN - 1)
        merged.update(database.transact(read, commit=False))
    found, following = [], {user_id}
    while following := {one for one, other in merged.items() if other in following}:
        found += sorted(following)
    return found


def _merged(work: UnitOfWork, first_id: int, last_id: int) -> list[tuple[int, int]]:
    return merged_people.merged(work.session, first_id, last_id)


def _page(work: UnitOfWork, user_id: int, merged: list[int], section: str, after: Position | None) -> Page:
    page = personal_data.page(work.session, user_id, section, merged=merged, after=after, limit=BATCH)
    return replace(page, rows=readable(work.session, page.rows))
