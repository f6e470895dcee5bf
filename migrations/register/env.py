"""Alembic calls this for the register of a country: `alembic -n register upgrade head`."""

from lambda_function.bootstrap.alembic_runs import run
from lambda_function.db.models.register import RegisterBase

run(RegisterBase.metadata)
