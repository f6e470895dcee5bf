"""The application as a whole."""

from dev.routing import RouteTable
from lambda_function.api.app import PUBLIC_KEYS, create_app, gateway_keys, route_keys
from lambda_function.db.unit_of_work import Database
from tests.api_client import ApiClient


def test_asking_for_the_routes_does_not_disturb_an_application_that_serves(client: ApiClient) -> None:
    assert client.get("pat", "/me").status == 200

    route_keys()

    assert client.get("pat", "/me").status == 200


def test_two_applications_serve_beside_each_other(client: ApiClient, database: Database) -> None:
    other = ApiClient(create_app(database))

    assert [one.get("pat", "/me").status for one in (client, other, client)] == [200, 200, 200]


def test_routes_are_in_the_same_order_each_time() -> None:
    assert route_keys() == route_keys()
    assert len(set(route_keys())) == len(route_keys())


def test_a_gateway_has_a_route_with_token_for_an_operation_of_fhir() -> None:
    match = RouteTable(gateway_keys()).match("POST", "/fhir/R4/Appointment/17/$cancel")

    assert match is not None
    assert match.route_key == "POST /fhir/R4/Appointment/{appointment_id}/{operation}"
    assert match.route_key not in PUBLIC_KEYS
