"""Answers kept under idempotency keys, and the locks that requests with one key wait on.

Revises: 0006
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
}
SHA256 = mysql.CHAR(64, collation="utf8mb4_bin")
STRIPES = 1024


def upgrade() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_hash", SHA256, nullable=False),
        sa.Column("request_hash", SHA256, nullable=False),
        sa.Column("rights_hash", SHA256, nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", mysql.MEDIUMTEXT(), nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key_hash", name="pk_idempotency_key"),
        sa.ForeignKeyConstraint(["user_id"], ["user.user_id"], name="fk_idempotency_key_user_id"),
        **OPTIONS,
    )
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"])
    lock = op.create_table(
        "idempotency_lock",
        sa.Column("stripe", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("stripe", name="pk_idempotency_lock"),
        **OPTIONS,
    )
    op.bulk_insert(lock, [{"stripe": number} for number in range(STRIPES)])


def downgrade() -> None:
    op.drop_table("idempotency_lock")
    op.drop_table("idempotency_key")
