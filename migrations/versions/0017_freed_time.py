"""Freed time, kept until it has been offered.

The doctor of an offer is no longer a foreign key, because its check waited for the lock that bookings hold.

Revises: 0016
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
}
INSTANT = mysql.DATETIME(fsp=6)
STRIPES = 64
OFFER_DOCTOR = "fk_waitlist_entry_offer_doctor_id"


def upgrade() -> None:
    op.create_table(
        "freed_time",
        sa.Column("freed_time_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("chair_id", sa.BigInteger(), nullable=True),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("occupied", sa.Boolean(), nullable=False),
        sa.Column("after_waitlist_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("freed_time_id", name="pk_freed_time"),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_freed_time_ends_after_start")),
        **OPTIONS,
    )
    op.create_index("ix_freed_time_clinic_id_starts_at", "freed_time", ["clinic_id", "starts_at"])
    lock = op.create_table(
        "offer_lock",
        sa.Column("stripe", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("stripe", name="pk_offer_lock"),
        **OPTIONS,
    )
    op.bulk_insert(lock, [{"stripe": number} for number in range(STRIPES)])
    op.create_index("ix_waitlist_entry_status_waitlist_id", "waitlist_entry", ["status", "waitlist_id"])
    op.create_index(
        "ix_waitlist_entry_status_offer_doctor_id_offer_starts_at",
        "waitlist_entry",
        ["status", "offer_doctor_id", "offer_starts_at"],
    )
    op.drop_constraint(OFFER_DOCTOR, "waitlist_entry", type_="foreignkey")
    # The server made this index for the foreign key, and keeps it when the key is dropped.
    op.drop_index(OFFER_DOCTOR, "waitlist_entry")


def downgrade() -> None:
    op.create_foreign_key(OFFER_DOCTOR, "waitlist_entry", "doctor", ["offer_doctor_id"], ["user_id"])
    op.drop_index("ix_waitlist_entry_status_offer_doctor_id_offer_starts_at", "waitlist_entry")
    op.drop_index("ix_waitlist_entry_status_waitlist_id", "waitlist_entry")
    op.drop_table("offer_lock")
    op.drop_table("freed_time")
