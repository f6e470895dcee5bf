"""${message}

Revises: ${down_revision | comma,n}

The policy (docs/decisions/0004-migrations.md; tests/db/test_migrations.py holds us to it):
- Ids are ordered, 0001 and so on: `alembic -n register revision --rev-id 0042 -m "..."`. One head, always.
- One change of an existing table a revision, since DDL commits by itself and half a revision cannot be rolled
  back. A revision that only makes new tables may make several.
- Safe beside the previous release, which runs on: expand first, contract in a later release.
- A revision never imports the application: it must mean tomorrow what it means today.
- `upgrade` and `downgrade` both, and after them the database equals what they say.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
