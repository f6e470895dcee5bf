"""What patients are told: the messages that are due or were sent, a clinic's own words, its address, reminders and
quiet hours, and when a visit got its time and was confirmed by the patient.

The previous release knows none of it: it leaves placed_at empty, which readers take as created_at.

Revises: 0025
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
}
EXACT = "utf8mb4_bin"
KINDS = ("BOOKED", "REQUESTED", "CONFIRMED", "MOVED", "CANCELLED", "REMINDER", "OFFER", "RECALL")


def upgrade() -> None:
    op.execute(
        "ALTER TABLE appointment ADD COLUMN placed_at DATETIME(6) NULL,"
        " ADD COLUMN attendance_confirmed_at DATETIME(6) NULL"
    )
    op.execute("ALTER TABLE appointment_event ADD COLUMN via VARCHAR(8) NULL")
    op.execute(f"ALTER TABLE `user` ADD COLUMN bounced_email_hash CHAR(64) COLLATE {EXACT} NULL")
    op.execute(
        "ALTER TABLE clinic ADD COLUMN address VARCHAR(500) NULL, ADD COLUMN phone VARCHAR(32) NULL,"
        " ADD COLUMN email VARCHAR(254) NULL,"
        " ADD COLUMN reminder_hours VARCHAR(64) NOT NULL DEFAULT '48,2',"
        " ADD COLUMN quiet_from_minute INTEGER NULL DEFAULT 1260,"
        " ADD COLUMN quiet_to_minute INTEGER NULL DEFAULT 480"
    )
    _create_notification()
    op.create_table(
        "clinic_message",
        sa.Column("clinic_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Enum(*KINDS), nullable=False),
        sa.Column("channel", sa.Enum("EMAIL", "SMS", "NONE"), nullable=False),
        sa.Column("language", sa.Enum("en", "es"), nullable=False),
        sa.Column("subject", sa.String(200), nullable=True),
        sa.Column("text", sa.String(4000), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", "kind", "channel", "language", name="pk_clinic_message"),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.clinic_id"], name="fk_clinic_message_clinic_id"),
        **OPTIONS,
    )


def _create_notification() -> None:
    op.create_table(
        "notification",
        sa.Column("notification_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.Enum(*KINDS), nullable=False),
        sa.Column("channel", sa.Enum("EMAIL", "SMS", "NONE"), nullable=False),
        sa.Column("status", sa.Enum("PENDING", "SENDING", "SENT", "FAILED", "SUPPRESSED"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column("waitlist_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.String(120, collation=EXACT), nullable=False),
        sa.Column("basis_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("due_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("next_at", mysql.DATETIME(fsp=6), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease", mysql.CHAR(32, collation=EXACT), nullable=True),
        sa.Column("reason", sa.String(64, collation=EXACT), nullable=True),
        sa.Column("provider_id", sa.String(128, collation=EXACT), nullable=True),
        sa.Column("address_hash", mysql.CHAR(64, collation=EXACT), nullable=True),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("sent_at", mysql.DATETIME(fsp=6), nullable=True),
        sa.PrimaryKeyConstraint("notification_id", name="pk_notification"),
        sa.UniqueConstraint("subject", "user_id", name="uq_notification_subject_user_id"),
        **OPTIONS,
    )
    for columns in (
        ["next_at", "notification_id"],
        ["user_id", "notification_id"],
        ["clinic_id", "notification_id"],
        ["appointment_id", "notification_id"],
        ["waitlist_id"],
        ["due_at"],
    ):
        op.create_index(f"ix_notification_{'_'.join(columns)}", "notification", columns)


def downgrade() -> None:
    op.drop_table("clinic_message")
    op.drop_table("notification")
    op.execute(
        "ALTER TABLE clinic DROP COLUMN quiet_to_minute, DROP COLUMN quiet_from_minute, DROP COLUMN reminder_hours,"
        " DROP COLUMN email, DROP COLUMN phone, DROP COLUMN address"
    )
    op.execute("ALTER TABLE `user` DROP COLUMN bounced_email_hash")
    op.execute("ALTER TABLE appointment_event DROP COLUMN via")
    op.execute("ALTER TABLE appointment DROP COLUMN attendance_confirmed_at, DROP COLUMN placed_at")
