"""Existing tokens get the role and the clinics that their owners have now, so that they show the same as before.

This runs in batches, each in its own transaction. Values that are filled in stay, so the revision can be run again.

Revises: 0014
"""

import sqlalchemy as sa
from alembic import context, op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# 2 and 3 are doctors and receptionists (0001). Expressions are worked out from left to right: `user_type` is known
# when the clinics are asked for.
FILL = """
UPDATE calendar_token
SET user_type = (SELECT u.user_type FROM `user` u WHERE u.user_id = calendar_token.user_id),
    clinic_ids = CASE user_type
        WHEN 2 THEN COALESCE(
            (SELECT JSON_ARRAY(d.clinic_id) FROM doctor d WHERE d.user_id = calendar_token.user_id), JSON_ARRAY())
        WHEN 3 THEN COALESCE(
            (SELECT JSON_ARRAYAGG(r.clinic_id) FROM receptionist_clinic r
             WHERE r.receptionist_id = calendar_token.user_id), JSON_ARRAY())
        ELSE JSON_ARRAY() END
WHERE user_type IS NULL LIMIT 1000
"""


def upgrade() -> None:
    if context.is_offline_mode():
        op.execute(FILL)
        return
    with op.get_context().autocommit_block():
        while op.get_bind().execute(sa.text(FILL)).rowcount:
            pass


def downgrade() -> None:
    pass
