"""When somebody was erased, whom somebody was merged into, and whether an e-mail may link an account by itself.

`email_trusted` is not back-filled: NULL with version 1 says that nothing of the row was changed since registration, so
the address is the one entered then. Every release raises the version with every change, the previous one too while it
runs beside this revision; so NULL with a later version says that nobody knows who entered the address.

Only columns without a foreign key are added at once. A key for `merged_into` would copy the table and keep writers out
meanwhile; rows of `user` are never deleted, so nothing can become of the row that it refers to.

Revises: 0009
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE `user` ADD COLUMN erased_at DATETIME(6) NULL, ADD COLUMN merged_into BIGINT NULL,"
        " ADD COLUMN email_trusted BOOL NULL"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE `user` DROP COLUMN email_trusted, DROP COLUMN merged_into, DROP COLUMN erased_at")
