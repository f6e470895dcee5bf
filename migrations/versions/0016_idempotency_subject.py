"""The people whom the answers kept under idempotency keys are about.

Revises: 0015

Existing answers, and those that the previous release still writes, have no rows here. They are kept for at most a day,
and a search for a person reads them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_subject",
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_hash", mysql.CHAR(64, collation="utf8mb4_bin"), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "user_id", "key_hash", name="pk_idempotency_subject"),
        sa.ForeignKeyConstraint(
            ["user_id", "key_hash"],
            ["idempotency_key.user_id", "idempotency_key.key_hash"],
            name="fk_idempotency_subject_user_id_key_hash",
            ondelete="CASCADE",
        ),
        sa.Index("ix_idempotency_subject_user_id_key_hash", "user_id", "key_hash"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
    )


def downgrade() -> None:
    op.drop_table("idempotency_subject")
