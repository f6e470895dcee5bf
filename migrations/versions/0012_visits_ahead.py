"""A covering index for counting a patient's visits ahead. InnoDB builds it while others read and write.

Revises: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NAME = "ix_appointment_patient_id_status_starts_at_clinic_id"


def upgrade() -> None:
    op.create_index(NAME, "appointment", ["patient_id", "status", "starts_at", "clinic_id"])


def downgrade() -> None:
    op.drop_index(NAME, table_name="appointment")
