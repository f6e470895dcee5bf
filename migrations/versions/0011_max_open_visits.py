"""How many visits ahead a patient may book in a clinic. Null means without limit.

The previous release writes clinics without this column, and they get the default.

Revises: 0010
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

CHECK = "ck_clinic_max_open_visits"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE clinic ADD COLUMN max_open_visits INTEGER NULL DEFAULT 20, "
        f"ADD CONSTRAINT {CHECK} CHECK (max_open_visits > 0)"
    )


def downgrade() -> None:
    op.execute(f"ALTER TABLE clinic DROP CONSTRAINT {CHECK}, DROP COLUMN max_open_visits")
