"""Birth dates, the language and the channel in which a person hears from the clinic, and the language of each clinic.

They are added at once, without a copy of the tables; the previous release neither reads nor writes them. The index is
made beside writers.

Revises: 0021
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE `user` ADD COLUMN birth_date DATE NULL, ADD COLUMN language ENUM('en', 'es') NULL,"
        " ADD COLUMN contact_by ENUM('EMAIL', 'SMS', 'NONE') NULL, ADD COLUMN recalls BOOL NULL"
    )
    op.execute("ALTER TABLE clinic ADD COLUMN language ENUM('en', 'es') NOT NULL DEFAULT 'en'")
    op.create_index("ix_user_birth_date", "user", ["birth_date"])


def downgrade() -> None:
    op.drop_index("ix_user_birth_date", "user")
    op.execute("ALTER TABLE clinic DROP COLUMN language")
    op.execute(
        "ALTER TABLE `user` DROP COLUMN recalls, DROP COLUMN contact_by, DROP COLUMN language, DROP COLUMN birth_date"
    )
