"""Codes that link an account to a person, and how many wrong codes a person has tried on a day.

Revises: 0012
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
}


def upgrade() -> None:
    op.create_table(
        "link_code",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code_hash", mysql.CHAR(64, collation="utf8mb4_bin"), nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("expires_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_link_code"),
        sa.ForeignKeyConstraint(["user_id"], ["user.user_id"], name="fk_link_code_user_id"),
        sa.UniqueConstraint("code_hash", name="uq_link_code_code_hash"),
        **OPTIONS,
    )
    op.create_index("ix_link_code_expires_at", "link_code", ["expires_at"])
    op.create_table(
        "refusals",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(16, collation="utf8mb4_bin"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "kind", "day", name="pk_refusals"),
        sa.ForeignKeyConstraint(["user_id"], ["user.user_id"], name="fk_refusals_user_id"),
        **OPTIONS,
    )
    op.create_index("ix_refusals_day", "refusals", ["day"])


def downgrade() -> None:
    op.drop_table("refusals")
    op.drop_table("link_code")
