"""The countries that have a register of visits, and what became of each visit's registration there.

Revises: 0027
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "country",
        sa.Column("code", mysql.CHAR(2, collation="utf8mb4_bin"), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_country"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
    )
    # There is no foreign key to the appointment: writing an outcome would wait for the locks of whoever changes it.
    op.create_table(
        "appointment_registration",
        sa.Column("appointment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.Enum("DONE", "FAILED"), nullable=False),
        sa.Column("error", sa.String(32), nullable=True),
        sa.Column("at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("appointment_id", name="pk_appointment_registration"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
    )
    op.create_index(
        "ix_appointment_registration_status_appointment_id", "appointment_registration", ["status", "appointment_id"]
    )


def downgrade() -> None:
    op.drop_table("appointment_registration")
    op.drop_table("country")
