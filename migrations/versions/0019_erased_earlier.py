"""People whom earlier releases erased are marked as erased: they are in no list, nobody can reactivate them, and
nothing more is written about their visits.

They are recognised by the name that erasing gave them, which nobody could have chosen. Erasing was the last change of
their row. This runs in batches, each in its own transaction. Values that are filled in stay, so the revision can be run
again. A person whom the previous release erases while it still runs beside this revision is marked when `erase-person`
is run with the new name.

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
