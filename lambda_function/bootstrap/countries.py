"""Builds what operators reach the registers of countries with, in the account and region of the environment."""

import boto3
from botocore.config import Config

from lambda_function.aws.country_function import CountryFunction
from lambda_function.aws.dead_letters import QueueDeadLetters
from lambda_function.settings import country_prefix

_QUEUES = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 5})
# What is compared or repaired twice is the same afterwards.
_FUNCTION = Config(connect_timeout=5, read_timeout=120, retries={"mode": "standard", "total_max_attempts": 3})


def build_dead_letters(country: str) -> QueueDeadLetters:
    queue = _name(country)
    return QueueDeadLetters(boto3.client("sqs", config=_QUEUES), queue, f"{queue}-dead")


def build_register(country: str) -> CountryFunction:
    name = _name(country)
    return CountryFunction(boto3.client("lambda", config=_FUNCTION), name)


def _name(country: str) -> str:
    """Returns the name that a country's function and its queue have."""
    return f"{country_prefix()}{country.lower()}"
