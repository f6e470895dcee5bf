"""Who waits for time to be freed.

Revises: 0004
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
}
INSTANT = mysql.DATETIME(fsp=6)


def upgrade() -> None:
    op.create_table(
        "waitlist_entry",
        sa.Column("waitlist_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("treatment_id", sa.BigInteger(), nullable=False),
        sa.Column("doctor_id", sa.BigInteger(), nullable=True),
        sa.Column("clinic_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Enum("WAITING", "OFFERED", "ACCEPTED", "EXPIRED", "WITHDRAWN"), nullable=False),
        sa.Column("wished_from", INSTANT, nullable=False),
        sa.Column("wished_to", INSTANT, nullable=False),
        sa.Column("offer_doctor_id", sa.BigInteger(), nullable=True),
        sa.Column("offer_starts_at", INSTANT, nullable=True),
        sa.Column("offer_ends_at", INSTANT, nullable=True),
        sa.Column("offer_expires_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("waitlist_id", name="pk_waitlist_entry"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.user_id"], name="fk_waitlist_entry_patient_id"),
        sa.ForeignKeyConstraint(["treatment_id"], ["treatment.treatment_id"], name="fk_waitlist_entry_treatment_id"),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.user_id"], name="fk_waitlist_entry_doctor_id"),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.clinic_id"], name="fk_waitlist_entry_clinic_id"),
        sa.ForeignKeyConstraint(["offer_doctor_id"], ["doctor.user_id"], name="fk_waitlist_entry_offer_doctor_id"),
        sa.CheckConstraint("wished_to > wished_from", name=op.f("ck_waitlist_entry_wished_to")),
        sa.CheckConstraint("status <> 'OFFERED' OR offer_expires_at IS NOT NULL", name=op.f("ck_waitlist_entry_offer")),
        **OPTIONS,
    )
    op.create_index("ix_waitlist_entry_patient_id", "waitlist_entry", ["patient_id"])
    op.create_index("ix_waitlist_entry_status_wished_to", "waitlist_entry", ["status", "wished_to"])
    op.create_index("ix_waitlist_entry_status_offer_expires_at", "waitlist_entry", ["status", "offer_expires_at"])


def downgrade() -> None:
    op.drop_table("waitlist_entry")
