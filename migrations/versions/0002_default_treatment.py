"""A doctor's default treatment must be one that the doctor offers.

Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAME = "fk_doctor_user_id_default_treatment_id"


def upgrade() -> None:
    op.create_foreign_key(
        NAME,
        "doctor",
        "doctor_treatment",
        ["user_id", "default_treatment_id"],
        ["doctor_id", "treatment_id"],
    )


def downgrade() -> None:
    op.drop_constraint(NAME, "doctor", type_="foreignkey")
