"""When doctors work: weekly hours, exceptions for one date, closures, leave.

Revises: 0003
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
}
INSTANT = mysql.DATETIME(fsp=6)
TABLES = ("time_off", "closure", "working_hours_exception", "working_hours")


def _times(table: str) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(
            "start_minute BETWEEN 0 AND 1440 AND MOD(start_minute, 5) = 0", name=op.f(f"ck_{table}_start_minute")
        ),
        sa.CheckConstraint(
            "end_minute BETWEEN 0 AND 1440 AND MOD(end_minute, 5) = 0 AND end_minute <> start_minute",
            name=op.f(f"ck_{table}_end_minute"),
        ),
    ]


def upgrade() -> None:
    _weekly()
    _exceptions()
    _closures()
    _leave()


def _weekly() -> None:
    op.create_table(
        "working_hours",
        sa.Column("working_hours_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("start_minute", sa.SmallInteger(), nullable=False),
        sa.Column("end_minute", sa.SmallInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("working_hours_id", name="pk_working_hours"),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.user_id"], name="fk_working_hours_doctor_id"),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_working_hours_weekday")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_working_hours_valid_to")),
        *_times("working_hours"),
        **OPTIONS,
    )
    op.create_index("ix_working_hours_doctor_id", "working_hours", ["doctor_id"])


def _exceptions() -> None:
    op.create_table(
        "working_hours_exception",
        sa.Column("exception_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("start_minute", sa.SmallInteger(), nullable=True),
        sa.Column("end_minute", sa.SmallInteger(), nullable=True),
        sa.PrimaryKeyConstraint("exception_id", name="pk_working_hours_exception"),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.user_id"], name="fk_working_hours_exception_doctor_id"),
        sa.CheckConstraint(
            "(start_minute IS NULL) = (end_minute IS NULL)", name=op.f("ck_working_hours_exception_both_or_none")
        ),
        *_times("working_hours_exception"),
        **OPTIONS,
    )
    op.create_index("ix_working_hours_exception_doctor_id_day", "working_hours_exception", ["doctor_id", "day"])


def _closures() -> None:
    op.create_table(
        "closure",
        sa.Column("closure_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.PrimaryKeyConstraint("closure_id", name="pk_closure"),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.clinic_id"], name="fk_closure_clinic_id"),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_closure_last_day")),
        **OPTIONS,
    )
    op.create_index("ix_closure_clinic_id_last_day", "closure", ["clinic_id", "last_day"])


def _leave() -> None:
    op.create_table(
        "time_off",
        sa.Column("time_off_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("time_off_id", name="pk_time_off"),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.user_id"], name="fk_time_off_doctor_id"),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_time_off_ends_after_start")),
        **OPTIONS,
    )
    op.create_index("ix_time_off_doctor_id_ends_at", "time_off", ["doctor_id", "ends_at"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
