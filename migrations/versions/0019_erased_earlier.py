"""People whom earlier releases erased are marked as erased: they are in no list, nobody reactivates them, and nothing
is written about their visits any more.

They are known by the name that erasing gave them, which nobody could have chosen; erasing was the last change of their
row. In batches, each a transaction of its own. What is filled in already stays, so the revision can be run again.
Whoever is erased later by the previous release, while it still runs beside this revision, is marked by `erase-person`
with the new name.

Revises: 0018
"""

import sqlalchemy as sa
from alembic import context, op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

FILL = """
UPDATE `user` SET erased_at = updated_at
WHERE user_name LIKE 'erased:%' AND erased_at IS NULL LIMIT 1000
"""


def upgrade() -> None:
    if context.is_offline_mode():
        op.execute(FILL)
        return
    with op.get_context().autocommit_block():
        while op.get_bind().execute(sa.text(FILL)).rowcount:
            pass


def downgrade() -> None:
    pass
