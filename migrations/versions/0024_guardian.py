"""Who acts for whom. The previous release does not know it, so there a guardian only acts for themselves.

Revises: 0023
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
}


def upgrade() -> None:
    op.create_table(
        "guardian",
        sa.Column("guardian_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("guardian_id", "patient_id", name="pk_guardian"),
        sa.ForeignKeyConstraint(["guardian_id"], ["patient.user_id"], name="fk_guardian_guardian_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.user_id"], name="fk_guardian_patient_id"),
        sa.ForeignKeyConstraint(["created_by"], ["user.user_id"], name="fk_guardian_created_by"),
        **OPTIONS,
    )
    op.create_index("ix_guardian_patient_id", "guardian", ["patient_id"])
    op.create_index("ix_guardian_created_by", "guardian", ["created_by"])


def downgrade() -> None:
    op.drop_table("guardian")
