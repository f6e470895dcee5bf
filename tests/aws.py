"""The AWS that moto emulates in this process for all tests. The fixtures `aws` and `lambda_environment` start it."""

import importlib
import json
import sys
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.loaders import Loader, create_loader
from sqlalchemy import URL

SECRET_ID = "app-credentials"


def secret_of(url: URL) -> dict[str, Any]:
    """Returns the login as RDS writes it into a secret."""
    return {
        "engine": "mysql",
        "host": url.host,
        "port": url.port,
        "username": url.username,
        "password": url.password,
        "dbname": url.database,
    }


def store_secret(secret: Any, name: str = SECRET_ID) -> None:
    """Stores a text unchanged, or a database's login or any other value as JSON."""
    value = secret_of(secret) if isinstance(secret, URL) else secret
    text = value if isinstance(value, str) else json.dumps(value)
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=text)


def load_handler(module: str) -> Any:
    """Loads the module again, as Lambda does at a cold start, and returns its handler."""
    sys.modules.pop(module, None)
    return importlib.import_module(module).handler


@cache
def _loader() -> Loader:
    return create_loader()


def share_descriptions_of_services() -> None:
    """Lets boto3's new default session read what earlier ones have read, as each emulated AWS begins with a new one.
    The descriptions of the services are some megabytes of JSON.
    """
    session = botocore.session.get_session()
    session.register_component("data_loader", _loader())
    boto3.setup_default_session(botocore_session=session)
