"""The links in messages, which open the page of a visit or an offer, and the visits to which they lead later: what was
booked in place of a cancelled visit, or by accepting the offer.

Revises: 0026
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

EXACT = "utf8mb4_bin"


def upgrade() -> None:
    op.execute("ALTER TABLE appointment ADD COLUMN in_place_of BIGINT NULL")
    op.create_unique_constraint("uq_appointment_in_place_of", "appointment", ["in_place_of"])
    op.execute("ALTER TABLE waitlist_entry ADD COLUMN appointment_id BIGINT NULL")
    op.create_table(
        "link",
        sa.Column("token_hash", mysql.CHAR(64, collation=EXACT), nullable=False),
        sa.Column("notification_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=6), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_link"),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notification.notification_id"],
            name="fk_link_notification_id",
            ondelete="CASCADE",
        ),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
    )
    op.create_index("ix_link_notification_id", "link", ["notification_id"])


def downgrade() -> None:
    op.drop_table("link")
    op.execute("ALTER TABLE waitlist_entry DROP COLUMN appointment_id")
    op.execute("ALTER TABLE appointment DROP INDEX uq_appointment_in_place_of, DROP COLUMN in_place_of")
