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


@router.get("/health", tags=["health"], summary="Check that the service runs")
def get_health() -> Health:
    """Answers as long as the process runs, without looking at the database. Anybody may ask, without a token."""
    return Health()


@router.get("/health/ready", tags=["health"], summary="Check that the service can serve")
def get_readiness() -> Health:
    """Answers when the database can be reached and is migrated far enough for this release. Anybody may ask, without
    a token. 503 `unavailable`: it cannot serve yet; ask again in a moment.
    """
    health.check_ready(current_work())
    return Health()
