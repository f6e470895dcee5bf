"""An id of this installation, with which ids of appointments are unique among all installations.

The database makes it, so that a plan that is written as SQL gives each installation its own. A restored database keeps
it.

Revises: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("installation_id", mysql.CHAR(32, collation="utf8mb4_bin"), nullable=False),
        sa.PrimaryKeyConstraint("installation_id", name="pk_installation"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
    )
    op.execute("INSERT INTO installation (installation_id) VALUES (LOWER(HEX(RANDOM_BYTES(16))))")


def downgrade() -> None:
    op.drop_table("installation")
