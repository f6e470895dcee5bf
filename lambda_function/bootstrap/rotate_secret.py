"""The rotation of database secrets, put together from the environment. Nothing connects before the first step."""

from lambda_function.bootstrap.database import secret_versions, tls_context
from lambda_function.services.rotation import Rotation
from lambda_function.settings import tls_settings


def build_rotation() -> Rotation:
    return Rotation(secret_versions(), tls_context(tls_settings()))
