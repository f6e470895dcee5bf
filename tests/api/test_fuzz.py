"""Every operation, as every role, with everything that schemathesis makes of the document. Each answer fits the
document, none is a 5xx, and requests that break the document's rules are refused. `make fuzz` tries more, and counts.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import ignored_auth, unsupported_method

from lambda_function.observability import logger
from tests import profiles
from tests.api.desk import Desk
from tests.api.fuzz_world import DOCTOR, PATIENT, World, proposing
from tests.contract import contract
from tests.wsgi import wsgi

USERS: Mapping[str, str | None] = {
    "PATIENT": PATIENT,
    "DOCTOR": DOCTOR,
    "RECEPTIONIST": "rita",
    "UNKNOWN": "nobody",
    "NO TOKEN": None,
}
# Valid data can be refused with these by rules that no schema expresses: hours, visibility, taken time. A calendar that
# has not changed is a 304.
_EXPECTED = ["2xx", "304", "401", "403", "404", "409", "412", "422"]
# Patients whom other requests make become too many for `_summary=count`, and codes are tried too often.
_ALSO_EXPECTED = (("/fhir/R4/Patient", "400"), ("/fhir/R4/Patient/_search", "400"), ("/me/link", "429"))
_THOROUGH = profiles.examples(0, 1) == 1

config = schemathesis.Config.from_dict(
    {
        "checks": {"positive_data_acceptance": {"expected-statuses": _EXPECTED}},
        "operations": [
            {"include-path": path, "checks": {"positive_data_acceptance": {"expected-statuses": [*_EXPECTED, status]}}}
            for path, status in _ALSO_EXPECTED
        ],
        "generation": {"with-security-parameters": False},
        "phases": {"coverage": {"enabled": _THOROUGH}},
    }
)
schema = schemathesis.openapi.from_dict(proposing(contract().document), config=config)

Calls = Counter[tuple[str, str, int]]


@pytest.fixture(scope="module")
def world(module_desk: Desk) -> World:
    return World(module_desk.practice)


@pytest.fixture(scope="module")
def application(module_desk: Desk) -> Iterator[Any]:
    level = logger.log_level
    logger.setLevel("ERROR")
    yield wsgi(module_desk.client.api)
    logger.setLevel(level)


@pytest.fixture(scope="module")
def calls() -> Iterator[Calls]:
    """Counts the calls by operation, role and status, and prints them at the end under `-s`."""
    calls: Calls = Counter()
    yield calls
    sys.stdout.write(f"\n{sum(calls.values())} cases\n")
    for operation, role in sorted({(operation, role) for operation, role, _ in calls}):
        by_status = {status: number for (*case, status), number in sorted(calls.items()) if case == [operation, role]}
        told = "  ".join(f"{status}: {number}" for status, number in by_status.items())
        sys.stdout.write(f"{operation:28} {role:13} {sum(by_status.values()):6}   {told}\n")


@pytest.mark.parametrize("role", USERS)
@schema.parametrize()
@settings(
    max_examples=profiles.examples(3, 150),
    derandomize=not _THOROUGH,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_fits_the_document(
    case: schemathesis.Case[Any], role: str, world: World, application: Any, calls: Calls
) -> None:
    user = USERS[role]
    headers = {"Authorization": f"Bearer {user}"} if user else {}

    response = case.call(app=application, headers=headers)

    if case.method != "GET" and response.status_code < HTTPStatus.BAD_REQUEST:
        world.restore()
    calls[case.operation.definition.raw["operationId"], role, response.status_code] += 1
    # test_matrix.py already asks every route whether it needs a token; this check would send its own token.
    excluded = [ignored_auth]
    if user is None:
        # Anonymous callers do not learn which methods a public path takes: all but its own are 401.
        excluded.append(unsupported_method)
    case.validate_response(response, headers=headers, excluded_checks=excluded)
