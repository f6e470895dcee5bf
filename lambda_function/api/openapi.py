"""The OpenAPI document, generated from the routes."""

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

import lambda_function
from lambda_function.api.app import create_resolver


def document() -> str:
    """OpenAPI 3.1 as JSON."""
    return create_resolver().get_openapi_json_schema(
        title="Dentist appointments",
        version=lambda_function.__version__,
        description="Find, book, move and finish appointments of dental clinics.",
        security_schemes={"access_token": HTTPBearer(bearerFormat="JWT")},
        security=[{"access_token": []}],
    )
