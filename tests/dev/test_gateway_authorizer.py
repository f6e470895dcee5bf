"""Which requests may pass the gateway."""

import base64
import json
from http import HTTPStatus

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dev.gateway import create_gateway
from tests.dev.gateway_client import CLIENT_ID, ROUTES, FakeLambda, assert_refused, claims, get
from tests.dev.http_server import Client, Issuer, new_key, served


@pytest.fixture(autouse=True)
def fresh(handler: FakeLambda) -> None:
    handler.__init__()  # type: ignore[misc]  # one server for all tests, a new Lambda for each


def test_an_access_token_of_our_client_passes(client: Client, issuer: Issuer) -> None:
    assert get(client, issuer.token(claims())).status == HTTPStatus.OK


def test_a_token_without_the_word_bearer_passes_as_at_aws(client: Client, issuer: Issuer) -> None:
    token = issuer.token(claims())
    assert client.send("GET", "/appointments", [("Authorization", token)]).status == HTTPStatus.OK


def test_an_id_token_of_our_client_passes_because_refusing_it_is_the_lambdas_work(
    client: Client, issuer: Issuer
) -> None:
    token = issuer.token(claims(client_id=None, aud=CLIENT_ID, token_use="id"))
    assert get(client, token).status == HTTPStatus.OK


def test_a_request_without_a_token_is_refused(client: Client, handler: FakeLambda) -> None:
    assert_refused(client.send("GET", "/appointments"), None)
    assert handler.calls == 0


def test_an_unknown_path_without_a_token_is_refused(client: Client) -> None:
    assert_refused(client.send("GET", "/nothing/here"), None)


def test_a_public_route_needs_no_token(client: Client) -> None:
    assert client.send("GET", "/health").status == HTTPStatus.OK


def test_a_public_path_under_another_method_needs_a_token(client: Client) -> None:
    assert_refused(client.send("POST", "/health"), None)


def test_a_token_signed_with_another_key_is_refused(client: Client, issuer: Issuer) -> None:
    forged = issuer.token(claims(), key=new_key())
    assert_refused(get(client, forged), "the token does not have a valid signature")


def test_a_token_with_changed_claims_is_refused(client: Client, issuer: Issuer) -> None:
    header, _, signature = issuer.token(claims()).split(".")
    payload = base64.urlsafe_b64encode(json.dumps(claims(sub="other")).encode()).rstrip(b"=").decode()
    assert_refused(get(client, f"{header}.{payload}.{signature}"), "the token does not have a valid signature")


def test_an_unsigned_token_is_refused(client: Client) -> None:
    unsigned = jwt.encode(claims(), "", algorithm="none", headers={"kid": "first"})
    assert_refused(get(client, unsigned), "the token does not have a valid signature")


def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused(client: Client, issuer: Issuer) -> None:
    public = issuer.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    # PyJWT refuses to sign so; an attacker's library would not.
    encoded = jwt.encode(claims(), "x" * 32, algorithm="HS256", headers={"kid": "first"}).rpartition(".")[0]
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(encoded.encode(), public)
    token = f"{encoded}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    assert_refused(get(client, token), "the token does not have a valid signature")


@pytest.mark.parametrize("kid", ["unknown", None])
def test_a_token_of_an_unpublished_key_is_refused(client: Client, issuer: Issuer, kid: str | None) -> None:
    assert_refused(get(client, issuer.token(claims(), kid=kid)), "the token is not valid")


@pytest.mark.parametrize(
    ("change", "description"),
    [
        ({"iss": "https://issuer.test/other"}, "the token does not have a valid issuer"),
        ({"exp": 1}, "the token has expired"),
        ({"exp": None}, "the token is not valid"),
        ({"nbf": 2**40}, "the token is not valid yet"),
        ({"client_id": "client-2"}, "the token does not have a valid audience"),
        ({"client_id": None}, "the token does not have a valid audience"),
        ({"aud": "client-2"}, "the token does not have a valid audience"),
    ],
)
def test_a_token_that_is_not_for_us_now_is_refused(
    client: Client, issuer: Issuer, change: dict[str, object], description: str
) -> None:
    assert_refused(get(client, issuer.token(claims(**change))), description)


@pytest.mark.parametrize("token", ["", "rubbish", "a.b.c", "é"])
def test_what_is_no_token_is_refused(client: Client, token: str) -> None:
    reply = client.send("GET", "/appointments", [("Authorization", f"Bearer {token}")])
    assert_refused(reply, "the token is not valid")


def test_unknown_key_ids_do_not_make_the_gateway_ask_the_issuer_each_time(client: Client, issuer: Issuer) -> None:
    get(client, issuer.token(claims(), kid="unknown"))
    before = issuer.fetches
    for _ in range(5):
        get(client, issuer.token(claims(), kid="unknown"))
    assert issuer.fetches == before


def test_an_issuer_out_of_reach_refuses_everybody() -> None:
    gateway = create_gateway(
        handler=FakeLambda(),
        routes=ROUTES,
        public=(),
        issuer=Issuer.name,
        jwks_url="http://127.0.0.1:1/jwks.json",
        client_id=CLIENT_ID,
    )
    with served(gateway) as client:
        reply = get(client, jwt.encode(claims(), new_key(), algorithm="RS256", headers={"kid": "first"}))
    assert_refused(reply, "OIDC discovery endpoint communication error")
