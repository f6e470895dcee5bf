"""Access to the calendar feed.

Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_token",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_hash", mysql.CHAR(64, collation="utf8mb4_bin"), nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_calendar_token"),
        sa.ForeignKeyConstraint(["user_id"], ["user.user_id"], name="fk_calendar_token_user_id"),
        sa.UniqueConstraint("token_hash", name="uq_calendar_token_token_hash"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
    )


def downgrade() -> None:
    op.drop_table("calendar_token")
