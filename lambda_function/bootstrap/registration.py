"""The registration function, put together from the environment. Nothing connects before the first call."""

from functools import partial

from lambda_function.aws.registration import RegistrationOutcomes
from lambda_function.bootstrap.clock import Clock, system_clock
from lambda_function.bootstrap.database import application_database
from lambda_function.services.registers.outcomes import keep_outcomes
from lambda_function.settings import database_settings


def build_registration(clock: Clock = system_clock) -> RegistrationOutcomes:
    return RegistrationOutcomes(partial(keep_outcomes, application_database(database_settings(), clock)))
