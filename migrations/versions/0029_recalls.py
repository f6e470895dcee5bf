"""Recalls: when a patient is due for a treatment again, what was done about it, and up to which day each clinic has
told its patients. Treatments say after how many months they are due again, and clinics when they tell.

Revises: 0028
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
}


def upgrade() -> None:
    op.execute("ALTER TABLE treatment ADD COLUMN recall_months INTEGER NULL")
    op.execute("ALTER TABLE clinic ADD COLUMN recall_notice_days VARCHAR(64) NOT NULL DEFAULT '-14,14,60'")
    op.execute("ALTER TABLE notification ADD COLUMN recall_id BIGINT NULL")
    op.create_index("ix_notification_recall_id", "notification", ["recall_id"])
    _create_recall()
    op.create_table(
        "recall_event",
        sa.Column("recall_event_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("recall_id", sa.BigInteger(), nullable=False),
        sa.Column("at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Enum("OPEN", "CHANGE", "DISMISS"), nullable=False),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("recall_event_id", name="pk_recall_event"),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.recall_id"], name="fk_recall_event_recall_id"),
        sa.ForeignKeyConstraint(["actor_id"], ["user.user_id"], name="fk_recall_event_actor_id"),
        **OPTIONS,
    )
    op.create_index("ix_recall_event_recall_id", "recall_event", ["recall_id"])
    op.create_index("ix_recall_event_actor_id", "recall_event", ["actor_id"])
    # Without a foreign key, because its check would wait for whoever changes the clinic.
    op.create_table(
        "recall_sweep",
        sa.Column("clinic_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("swept_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", name="pk_recall_sweep"),
        **OPTIONS,
    )


def _create_recall() -> None:
    # There is no foreign key to the doctor, because its check would wait for the locks of bookings.
    op.create_table(
        "recall",
        sa.Column("recall_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("treatment_id", sa.BigInteger(), nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("doctor_id", sa.BigInteger(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_set_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("status", sa.Enum("OPEN", "DONE", "DISMISSED"), nullable=False),
        sa.Column("open_key", mysql.TINYINT(), nullable=True),
        sa.Column("note", sa.String(2000), nullable=True),
        sa.Column("opened_by", sa.BigInteger(), nullable=True),
        sa.Column("done_by", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("updated_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("closed_at", mysql.DATETIME(fsp=6), nullable=True),
        sa.CheckConstraint("(status = 'OPEN') = (open_key IS NOT NULL)", name="open_key"),
        sa.PrimaryKeyConstraint("recall_id", name="pk_recall"),
        sa.UniqueConstraint(
            "patient_id", "treatment_id", "open_key", name="uq_recall_patient_id_treatment_id_open_key"
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.user_id"], name="fk_recall_patient_id"),
        sa.ForeignKeyConstraint(["treatment_id"], ["treatment.treatment_id"], name="fk_recall_treatment_id"),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.clinic_id"], name="fk_recall_clinic_id"),
        **OPTIONS,
    )
    for columns in (
        ["patient_id", "due_on", "recall_id"],
        ["treatment_id", "status", "due_on", "recall_id"],
        ["clinic_id", "due_on", "recall_id"],
        ["clinic_id", "status", "due_on", "recall_id"],
        ["doctor_id"],
    ):
        op.create_index(f"ix_recall_{'_'.join(columns)}", "recall", columns)


def downgrade() -> None:
    op.drop_table("recall_sweep")
    op.drop_table("recall_event")
    op.drop_table("recall")
    op.drop_index("ix_notification_recall_id", "notification")
    op.execute("ALTER TABLE notification DROP COLUMN recall_id")
    op.execute("ALTER TABLE clinic DROP COLUMN recall_notice_days")
    op.execute("ALTER TABLE treatment DROP COLUMN recall_months")
