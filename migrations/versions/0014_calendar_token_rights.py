"""What a calendar token may show at most: the role and the clinics that its owner had when it was made.

The columns are NULL for tokens that the previous release makes while it runs beside this revision. Those open nothing,
because nobody recorded what they may show, and their owners make new ones. 0015 fills in the tokens that exist.

Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE calendar_token ADD COLUMN user_type SMALLINT NULL, ADD COLUMN clinic_ids JSON NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE calendar_token DROP COLUMN clinic_ids, DROP COLUMN user_type")
