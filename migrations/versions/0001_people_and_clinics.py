"""People, clinics, chairs and treatments.

Revises: nothing
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
}
EXACT = "utf8mb4_bin"
INSTANT = mysql.DATETIME(fsp=6)


def upgrade() -> None:
    _user_types()
    _clinics()
    _people()
    _treatments()
    _memberships()


def _user_types() -> None:
    user_type = op.create_table(
        "user_type",
        sa.Column("user_type_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("description", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("user_type_id", name="pk_user_type"),
        sa.UniqueConstraint("description", name="uq_user_type_description"),
        **OPTIONS,
    )
    op.bulk_insert(
        user_type,
        [
            {"user_type_id": 1, "description": "PATIENT"},
            {"user_type_id": 2, "description": "DOCTOR"},
            {"user_type_id": 3, "description": "RECEPTIONIST"},
        ],
    )


def _clinics() -> None:
    op.create_table(
        "clinic",
        sa.Column("clinic_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("country", mysql.CHAR(2, collation=EXACT), nullable=False),
        sa.Column("time_zone", sa.String(64, collation=EXACT), nullable=False),
        sa.Column("lead_minutes", sa.Integer(), server_default=sa.text("60"), nullable=False),
        sa.Column("horizon_days", sa.Integer(), server_default=sa.text("400"), nullable=False),
        sa.Column("cutoff_minutes", sa.Integer(), server_default=sa.text("1440"), nullable=False),
        sa.Column("slot_step_minutes", sa.Integer(), server_default=sa.text("15"), nullable=False),
        sa.Column("offer_minutes", sa.Integer(), server_default=sa.text("120"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("1"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", name="pk_clinic"),
        sa.UniqueConstraint("name", name="uq_clinic_name"),
        sa.CheckConstraint("lead_minutes >= 0", name=op.f("ck_clinic_lead_minutes")),
        sa.CheckConstraint("horizon_days > 0", name=op.f("ck_clinic_horizon_days")),
        sa.CheckConstraint("cutoff_minutes >= 0", name=op.f("ck_clinic_cutoff_minutes")),
        sa.CheckConstraint(
            "slot_step_minutes BETWEEN 5 AND 1440 AND MOD(slot_step_minutes, 5) = 0",
            name=op.f("ck_clinic_slot_step_minutes"),
        ),
        sa.CheckConstraint("offer_minutes > 0", name=op.f("ck_clinic_offer_minutes")),
        **OPTIONS,
    )
    op.create_table(
        "chair",
        sa.Column("chair_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("chair_id", name="pk_chair"),
        sa.UniqueConstraint("clinic_id", "name", name="uq_chair_clinic_id_name"),
        sa.UniqueConstraint("clinic_id", "chair_id", name="uq_chair_clinic_id_chair_id"),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.clinic_id"], name="fk_chair_clinic_id"),
        **OPTIONS,
    )


def _people() -> None:
    op.create_table(
        "user",
        sa.Column("user_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("user_name", sa.String(64, collation=EXACT), nullable=False),
        sa.Column("user_type", sa.SmallInteger(), nullable=False),
        sa.Column("full_name", sa.String(200), nullable=False),
        sa.Column("email", sa.String(254), nullable=True),
        sa.Column("phone", sa.String(32), nullable=True),
        sa.Column("cognito_sub", sa.String(64, collation=EXACT), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("1"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_user"),
        sa.UniqueConstraint("user_name", name="uq_user_user_name"),
        sa.UniqueConstraint("cognito_sub", name="uq_user_cognito_sub"),
        sa.ForeignKeyConstraint(["user_type"], ["user_type.user_type_id"], name="fk_user_user_type"),
        **OPTIONS,
    )
    op.create_index("ix_user_user_type_user_id", "user", ["user_type", "user_id"])
    op.create_index("ix_user_email", "user", ["email"])
    for profile in ("patient", "receptionist"):
        op.create_table(
            profile,
            sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.PrimaryKeyConstraint("user_id", name=f"pk_{profile}"),
            sa.ForeignKeyConstraint(["user_id"], ["user.user_id"], name=f"fk_{profile}_user_id"),
            **OPTIONS,
        )
    op.create_table(
        "doctor",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("default_treatment_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name="pk_doctor"),
        sa.ForeignKeyConstraint(["user_id"], ["user.user_id"], name="fk_doctor_user_id"),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.clinic_id"], name="fk_doctor_clinic_id"),
        **OPTIONS,
    )


def _treatments() -> None:
    op.create_table(
        "treatment",
        sa.Column("treatment_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(64, collation=EXACT), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.Column("price", sa.Numeric(12, 2), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("1"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("treatment_id", name="pk_treatment"),
        sa.UniqueConstraint("code", name="uq_treatment_code"),
        sa.CheckConstraint(
            "duration_minutes BETWEEN 5 AND 1440 AND MOD(duration_minutes, 5) = 0",
            name=op.f("ck_treatment_duration_minutes"),
        ),
        sa.CheckConstraint(
            "buffer_before_minutes BETWEEN 0 AND 1440 AND MOD(buffer_before_minutes, 5) = 0",
            name=op.f("ck_treatment_buffer_before_minutes"),
        ),
        sa.CheckConstraint(
            "buffer_after_minutes BETWEEN 0 AND 1440 AND MOD(buffer_after_minutes, 5) = 0",
            name=op.f("ck_treatment_buffer_after_minutes"),
        ),
        sa.CheckConstraint("price >= 0", name=op.f("ck_treatment_price")),
        **OPTIONS,
    )


def _memberships() -> None:
    _pair("doctor_treatment", ("doctor_id", "doctor.user_id"), ("treatment_id", "treatment.treatment_id"))
    _pair("receptionist_clinic", ("receptionist_id", "receptionist.user_id"), ("clinic_id", "clinic.clinic_id"))
    _pair(
        "clinic_patient",
        ("clinic_id", "clinic.clinic_id"),
        ("patient_id", "patient.user_id"),
        sa.Column("created_at", INSTANT, nullable=False),
    )


def _pair(table: str, left: tuple[str, str], right: tuple[str, str], *more: sa.Column[Any]) -> None:
    """Creates a table whose primary key is two foreign keys."""
    op.create_table(
        table,
        sa.Column(left[0], sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(right[0], sa.BigInteger(), autoincrement=False, nullable=False),
        *more,
        sa.PrimaryKeyConstraint(left[0], right[0], name=f"pk_{table}"),
        sa.ForeignKeyConstraint([left[0]], [left[1]], name=f"fk_{table}_{left[0]}"),
        sa.ForeignKeyConstraint([right[0]], [right[1]], name=f"fk_{table}_{right[0]}"),
        **OPTIONS,
    )


def downgrade() -> None:
    for table in (
        "clinic_patient",
        "receptionist_clinic",
        "doctor_treatment",
        "treatment",
        "doctor",
        "receptionist",
        "patient",
        "user",
        "chair",
        "clinic",
        "user_type",
    ):
        op.drop_table(table)
