"""Claims of time that has passed, which protect nothing any more."""

from datetime import datetime

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow, AnySelect, UtcDateTime
from lambda_function.db.models import SlotClaim
from lambda_function.db.scoping import UNSCOPED, UNSYNCED

# The primary key starts with kind and resource, so both statements read just what they delete: the first jumps from
# resource to resource, the second reads the oldest slots of one. By time alone they would read all claims each time.
_OLDEST: AnySelect = (
    select(SlotClaim.kind, SlotClaim.resource_id)
    .group_by(SlotClaim.kind, SlotClaim.resource_id)
    .having(func.min(SlotClaim.slot_at) < bindparam("before", type_=UtcDateTime()))
    .limit(bindparam("resources"))
)
_RESOURCES = 200


def purge_past(session: Session, before: datetime, limit: int) -> int:
    """Deletes at most `limit` claims of slots before then, and answers how many. To be called, each time in a
    transaction of its own, until there are none.
    """
    deleted = 0
    for resource in _with_old_claims(session, before):
        deleted += _delete(session, resource, before, limit - deleted)
        if deleted == limit:
            break
    return deleted


def _with_old_claims(session: Session, before: datetime) -> list[AnyRow]:
    given = {"before": before, "resources": _RESOURCES}
    return list(session.execute(_OLDEST, given, execution_options=UNSCOPED))


def _delete(session: Session, resource: AnyRow, before: datetime, limit: int) -> int:
    statement = (
        delete(SlotClaim)
        .where(
            SlotClaim.kind == resource.kind, SlotClaim.resource_id == resource.resource_id, SlotClaim.slot_at < before
        )
        .ext(mysql.limit(limit))
    )
    result = session.execute(statement, execution_options=UNSYNCED)
    return int(result.rowcount)  # type: ignore[attr-defined] # a DELETE answers with a CursorResult
