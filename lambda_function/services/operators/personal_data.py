"""A copy of everything that is known about a person, which the law entitles people to. erasing.py erases it."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from lambda_function.db.repositories import personal_data
from lambda_function.db.repositories.keyset import Position
from lambda_function.db.repositories.personal_data import SECTIONS, Page
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.services.operators.readable_copy import readable
from lambda_function.services.operators.users import known_person

__all__ = ["SECTIONS", "export"]

BATCH = 1000


def export(database: Database, user_name: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yields one section after another, each in at least one batch of rows, which is read in its own transaction. For
    staff it holds what they did, not what was written about their patients. Raises NotFoundError.
    """
    user_id = database.transact(lambda work: known_person(work.session, user_name).user_id, commit=False)
    for section in SECTIONS:
        page: Page | None = None
        while page is None or page.after is not None:
            after = None if page is None else page.after
            page = database.transact(partial(_page, user_id=user_id, section=section, after=after), commit=False)
            yield section, page.rows


def _page(work: UnitOfWork, user_id: int, section: str, after: Position | None) -> Page:
    page = personal_data.page(work.session, user_id, section, after=after, limit=BATCH)
    return replace(page, rows=readable(work.session, page.rows))
