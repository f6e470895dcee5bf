"""API Gateway's JWT authorizer: it checks tokens and hands their claims to the Lambda."""

from typing import Any

import jwt

# AWS checks other claims where a token has them, but these are what makes a token ours.
_REQUIRED = ["exp", "iss"]


class UnauthorizedError(Exception):
    """The request may not pass; `challenge` is the www-authenticate header that says why."""

    def __init__(self, description: str | None = None) -> None:
        super().__init__(description)
        self.challenge = (
            f'Bearer scope="" error="invalid_token" error_description="{description}"' if description else "Bearer"
        )


class JwtAuthorizer:
    """Accepts RS256 tokens of one issuer and one client; access and ID tokens alike, as AWS does.

    Keys come from `jwks_url` and are kept. An unknown key id fetches them again, at most every ten seconds.
    """

    def __init__(self, *, issuer: str, jwks_url: str, client_id: str) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._keys = jwt.PyJWKClient(jwks_url, timeout=5, cooldown_duration=10)

    def claims(self, authorization: str | None) -> dict[str, str]:
        """The claims of a good token, each as text.

        Raises:
            UnauthorizedError: there is no token, or it is not valid here.
        """
        if not authorization:
            raise UnauthorizedError
        scheme, _, rest = authorization.partition(" ")
        token = rest.strip() if scheme.lower() == "bearer" else authorization
        try:
            key = self._keys.get_signing_key(_key_id(token))
            claims = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                issuer=self._issuer,
                options={"require": _REQUIRED, "verify_aud": False, "verify_sub": False, "verify_jti": False},
            )
        except jwt.PyJWTError as error:
            raise UnauthorizedError(_description(error)) from error
        # As documented by AWS: client_id counts only where there is no aud.
        audience = claims["aud"] if "aud" in claims else claims.get("client_id")
        if self._client_id not in (audience if isinstance(audience, list) else [audience]):
            raise UnauthorizedError("the token does not have a valid audience")
        return {name: _text(value) for name, value in claims.items()}


def _key_id(token: str) -> str:
    key_id = jwt.get_unverified_header(token).get("kid")
    if not isinstance(key_id, str):
        raise jwt.InvalidTokenError("no kid")
    return key_id


def _description(error: jwt.PyJWTError) -> str:
    match error:
        case jwt.ExpiredSignatureError():
            return "the token has expired"
        case jwt.ImmatureSignatureError():
            return "the token is not valid yet"
        case jwt.InvalidIssuerError():
            return "the token does not have a valid issuer"
        case jwt.InvalidSignatureError() | jwt.InvalidAlgorithmError():
            return "the token does not have a valid signature"
        case jwt.PyJWKClientConnectionError():
            return "OIDC discovery endpoint communication error"
        case _:
            return "the token is not valid"


def _text(value: Any) -> str:  # claims are whatever JSON holds
    """Returns the claim as API Gateway passes it on: lists have neither quotes nor commas."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{' '.join(map(_text, value))}]"
        case dict():
            return f"map[{' '.join(f'{name}:{_text(value[name])}' for name in sorted(value))}]"
        case _:
            return str(value)
