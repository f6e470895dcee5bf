"""What happened to people: who changed which fields, and when.

Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person_event",
        sa.Column("person_event_id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("person_event_id", name="pk_person_event"),
        sa.ForeignKeyConstraint(["user_id"], ["user.user_id"], name="fk_person_event_user_id"),
        sa.ForeignKeyConstraint(["actor_id"], ["user.user_id"], name="fk_person_event_actor_id"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
    )
    op.create_index("ix_person_event_user_id_person_event_id", "person_event", ["user_id", "person_event_id"])
    op.create_index("ix_person_event_actor_id", "person_event", ["actor_id"])


def downgrade() -> None:
    op.drop_table("person_event")
