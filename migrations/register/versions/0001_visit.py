"""The visits of a country.

Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EXACT = "utf8mb4_bin"
STATUSES = ("REQUESTED", "BOOKED", "CHECKED_IN", "COMPLETED", "CANCELLED", "NO_SHOW")


def upgrade() -> None:
    op.create_table(
        "visit",
        sa.Column("appointment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Enum(*STATUSES), nullable=False),
        sa.Column("starts_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("ends_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("local_starts_at", mysql.DATETIME(), nullable=False),
        sa.Column("local_ends_at", mysql.DATETIME(), nullable=False),
        sa.Column("treatment_code", sa.String(64, collation=EXACT), nullable=False),
        sa.Column("insurance", sa.String(64, collation=EXACT), nullable=True),
        sa.Column("registered_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("appointment_id", name="pk_visit"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
    )
    op.create_index("ix_visit_local_starts_at", "visit", ["local_starts_at"])


def downgrade() -> None:
    op.drop_table("visit")
