"""The user pool's trigger, put together from the environment. Nothing connects before the first call."""

from functools import partial

from lambda_function.aws.post_confirmation import PostConfirmation
from lambda_function.bootstrap.clock import Clock, system_clock
from lambda_function.bootstrap.database import application_database
from lambda_function.services.sign_up import Account, sign_up
from lambda_function.settings import database_settings


def build_post_confirmation(clock: Clock = system_clock) -> PostConfirmation:
    database = application_database(database_settings(), clock)

    def run(account: Account) -> None:
        database.transact(partial(sign_up, account=account))

    return PostConfirmation(run)
