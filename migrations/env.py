"""Alembic calls this for the main schema: `alembic upgrade head`."""

from lambda_function.bootstrap.alembic_runs import run
from lambda_function.db.models import User

run(User.metadata)
