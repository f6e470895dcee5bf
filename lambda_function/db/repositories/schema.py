"""Which schema the database has, and which one this build needs."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from lambda_function.db.scoping import UNSCOPED

# The newest revision in migrations/versions. A database that is further on serves this build too.
REQUIRED_REVISION = "0019"


def is_ready(session: Session) -> bool:
    """Whether the schema is at or after REQUIRED_REVISION. Revision ids are ordered."""
    found = revision(session)
    return found is not None and found >= REQUIRED_REVISION


def revision(session: Session) -> str | None:
    """The schema's; None when it never was migrated."""
    found = session.scalar(text("SELECT MAX(version_num) FROM alembic_version"), execution_options=UNSCOPED)
    return None if found is None else str(found)
