"""The schema of the database, and the schema that this build needs."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from lambda_function.db.scoping import UNSCOPED

# The newest revision in migrations/versions. A later schema also works for this build.
REQUIRED_REVISION = "0029"


def is_ready(session: Session) -> bool:
    """Returns whether the schema is at or after REQUIRED_REVISION. Revision ids are ordered."""
    found = revision(session)
    return found is not None and found >= REQUIRED_REVISION


def revision(session: Session) -> str | None:
    """Returns the revision of the schema, or None if it was never migrated."""
    found = session.scalar(text("SELECT MAX(version_num) FROM alembic_version"), execution_options=UNSCOPED)
    return None if found is None else str(found)
