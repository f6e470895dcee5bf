"""Appointments, the claims that keep their time, and their history.

Revises: 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
}
INSTANT = mysql.DATETIME(fsp=6)
STATUS = sa.Enum("REQUESTED", "BOOKED", "CHECKED_IN", "COMPLETED", "CANCELLED", "NO_SHOW")


def _on_grid(column: str) -> str:
    return f"MOD(MINUTE({column}), 5) = 0 AND SECOND({column}) = 0 AND MICROSECOND({column}) = 0"


def upgrade() -> None:
    _appointments()
    _claims()
    _events()


def _appointments() -> None:
    op.create_table(
        "appointment",
        sa.Column("appointment_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column("receptionist_id", sa.BigInteger(), nullable=True),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("chair_id", sa.BigInteger(), nullable=True),
        sa.Column("treatment_id", sa.BigInteger(), nullable=False),
        sa.Column("status", STATUS, nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), nullable=False),
        sa.Column("price", sa.Numeric(12, 2), nullable=True),
        sa.Column("patient_note", sa.String(2000), nullable=True),
        sa.Column("internal_note", sa.String(2000), nullable=True),
        sa.Column("cancel_reason", sa.String(500), nullable=True),
        sa.Column("override_reason", sa.String(500), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("appointment_id", name="pk_appointment"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.user_id"], name="fk_appointment_patient_id"),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.user_id"], name="fk_appointment_doctor_id"),
        sa.ForeignKeyConstraint(["receptionist_id"], ["receptionist.user_id"], name="fk_appointment_receptionist_id"),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.clinic_id"], name="fk_appointment_clinic_id"),
        sa.ForeignKeyConstraint(
            ["clinic_id", "chair_id"],
            ["chair.clinic_id", "chair.chair_id"],
            name="fk_appointment_clinic_id_chair_id",
        ),
        sa.ForeignKeyConstraint(["treatment_id"], ["treatment.treatment_id"], name="fk_appointment_treatment_id"),
        sa.CheckConstraint(_on_grid("starts_at"), name=op.f("ck_appointment_starts_on_grid")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_appointment_ends_after_start")),
        **OPTIONS,
    )
    for columns in (
        ["patient_id", "starts_at"],
        ["doctor_id", "starts_at"],
        ["clinic_id", "starts_at"],
        ["clinic_id", "chair_id", "starts_at"],
    ):
        op.create_index("ix_appointment_" + "_".join(columns), "appointment", columns)


def _claims() -> None:
    op.create_table(
        "slot_claim",
        sa.Column("kind", mysql.TINYINT(), autoincrement=False, nullable=False),
        sa.Column("resource_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot_at", INSTANT, nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "resource_id", "slot_at", name="pk_slot_claim"),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.appointment_id"], name="fk_slot_claim_appointment_id"
        ),
        sa.CheckConstraint("kind BETWEEN 1 AND 3", name=op.f("ck_slot_claim_kind")),
        sa.CheckConstraint(_on_grid("slot_at"), name=op.f("ck_slot_claim_on_grid")),
        **OPTIONS,
    )
    op.create_index("ix_slot_claim_appointment_id", "slot_claim", ["appointment_id"])


def _events() -> None:
    op.create_table(
        "appointment_event",
        sa.Column("event_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_type", sa.SmallInteger(), nullable=True),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("from_status", STATUS, nullable=True),
        sa.Column("to_status", STATUS, nullable=False),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_appointment_event"),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.appointment_id"], name="fk_appointment_event_appointment_id"
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["user.user_id"], name="fk_appointment_event_actor_id"),
        sa.ForeignKeyConstraint(["actor_type"], ["user_type.user_type_id"], name="fk_appointment_event_actor_type"),
        **OPTIONS,
    )
    op.create_index("ix_appointment_event_appointment_id", "appointment_event", ["appointment_id"])


def downgrade() -> None:
    op.drop_table("appointment_event")
    op.drop_table("slot_claim")
    op.drop_table("appointment")
