"""Whether the service is up, and whether it can serve. Without a token."""

from typing import Literal

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel

import lambda_function
from lambda_function.api.middleware import current_work
from lambda_function.services import health

router = Router()


class Health(BaseModel):
    status: Literal["ok"] = "ok"
    version: str = lambda_function.__version__


@router.get("/health", tags=["health"], summary="The process is up", security=[])
def get_health() -> Health:
    return Health()


@router.get("/health/ready", tags=["health"], summary="The database is there and migrated", security=[])
def get_ready() -> Health:
    health.check_ready(current_work())
    return Health()
