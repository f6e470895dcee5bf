import pytest

from tests.api.desk import Desk
from tests.api.fhir.client import FhirClient


@pytest.fixture
def fhir(desk: Desk) -> FhirClient:
    return FhirClient(desk)
