"""The numbers by which authorities, insurances and clinics know a patient. The previous release does not know them.

Revises: 0022
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
}


def upgrade() -> None:
    op.create_table(
        "patient_identifier",
        sa.Column("system", sa.Enum("national_id", "insurance", "chart"), nullable=False),
        sa.Column("scope", sa.String(20, collation="utf8mb4_bin"), nullable=False),
        sa.Column("value", sa.String(64, collation="utf8mb4_bin"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", "scope", "value", name="pk_patient_identifier"),
        sa.ForeignKeyConstraint(["user_id"], ["patient.user_id"], name="fk_patient_identifier_user_id"),
        **OPTIONS,
    )
    op.create_index("ix_patient_identifier_user_id", "patient_identifier", ["user_id"])


def downgrade() -> None:
    op.drop_table("patient_identifier")
