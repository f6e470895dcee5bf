"""Whether the service is up, and whether it can serve. Without a token."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel, ConfigDict, Field

import lambda_function
from lambda_function.api.middleware import current_work
from lambda_function.services import health

router = Router()


class Health(BaseModel):
    """The state of the service."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    status: Annotated[
        Literal["ok"], Field(description="Always `ok`: a service that cannot serve answers with an error")
    ] = "ok"
    version: Annotated[str, Field(description="The release that answers")] = lambda_function.__version__


@router.get("/health", tags=["health"], summary="The process is up")
def get_health() -> Health:
    return Health()


@router.get("/health/ready", tags=["health"], summary="The database is there and migrated")
def get_readiness() -> Health:
    health.check_ready(current_work())
    return Health()
