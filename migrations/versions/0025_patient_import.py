"""The rows of clinics' files that have become patients, and the lock of imports. The previous release knows neither.

Revises: 0024
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
}


def upgrade() -> None:
    op.create_table(
        "patient_import",
        sa.Column("clinic_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_hash", mysql.CHAR(64, collation="utf8mb4_bin"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", "key_hash", name="pk_patient_import"),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.clinic_id"], name="fk_patient_import_clinic_id"),
        sa.ForeignKeyConstraint(["user_id"], ["patient.user_id"], name="fk_patient_import_user_id"),
        **OPTIONS,
    )
    op.create_index("ix_patient_import_user_id", "patient_import", ["user_id"])
    lock = op.create_table(
        "import_lock",
        sa.Column("stripe", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("stripe", name="pk_import_lock"),
        **OPTIONS,
    )
    op.bulk_insert(lock, [{"stripe": 0}])


def downgrade() -> None:
    op.drop_table("import_lock")
    op.drop_table("patient_import")
