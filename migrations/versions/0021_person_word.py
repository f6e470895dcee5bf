"""The words by which people are found.

The previous release neither reads nor writes them. The operators' command `users rebuild-words` fills in those of the
people who were there before and while it still runs: see "Deploy a release" in docs/operations.md.

Revises: 0020
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
}


def upgrade() -> None:
    op.create_table(
        "person_word",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", mysql.TINYINT(), autoincrement=False, nullable=False),
        sa.Column("word", sa.String(64, collation="utf8mb4_bin"), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "kind", "word", name="pk_person_word"),
        sa.ForeignKeyConstraint(["user_id"], ["user.user_id"], name="fk_person_word_user_id"),
        **OPTIONS,
    )
    op.create_index("ix_person_word_word_user_id_kind", "person_word", ["word", "user_id", "kind"])


def downgrade() -> None:
    op.drop_table("person_word")
