"""User names are the same in capital and small letters, as in the user pool.

This is one ALTER, which copies the table. The unique key keeps its name, so the previous release still refuses taken
names. All names are ASCII, where the table's collation ignores only the difference of capital and small letters.

Revises: 0017
"""

import sqlalchemy as sa
from alembic import context, op
from alembic.util import CommandError

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

COLLATION = "utf8mb4_unicode_520_ci"
EXACT = "utf8mb4_bin"
COLLISIONS = sa.text(
    "SELECT GROUP_CONCAT(user_id ORDER BY user_id SEPARATOR ' and ') FROM user"
    " GROUP BY user_name COLLATE utf8mb4_unicode_520_ci HAVING COUNT(*) > 1 ORDER BY MIN(user_id) LIMIT 20"
)
MESSAGE = (
    "Nothing was changed: the user names of some users differ in capital letters only. These are the ids of the first"
    " of them: {}. Leave one of each group its name, give the others a new one in the table `user`, which changes"
    " nobody's account, and migrate again."
)


def upgrade() -> None:
    if not context.is_offline_mode():
        collisions = op.get_bind().scalars(COLLISIONS).all()
        if collisions:
            raise CommandError(MESSAGE.format("; ".join(collisions)))
    _alter(COLLATION)


def downgrade() -> None:
    _alter(EXACT)


def _alter(collation: str) -> None:
    op.alter_column(
        "user",
        "user_name",
        existing_type=sa.String(64),
        existing_nullable=False,
        type_=sa.String(64, collation=collation),
        nullable=False,
    )
