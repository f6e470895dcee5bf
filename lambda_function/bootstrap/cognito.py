"""The user pool's trigger, put together from the environment. Nothing connects before the first call."""

from datetime import UTC, datetime
from functools import partial

from lambda_function.aws.post_confirmation import PostConfirmation
from lambda_function.bootstrap.database import credential_source, tls_context
from lambda_function.db.engine import build_engine
from lambda_function.db.unit_of_work import Database
from lambda_function.services.sign_up import Account, sign_up
from lambda_function.settings import database_settings


def build_post_confirmation() -> PostConfirmation:
    settings = database_settings()
    engine = build_engine(credential_source(settings.secret_id, settings.host), tls_context(settings.tls))
    database = Database(engine, lambda: datetime.now(UTC))

    def run(account: Account) -> None:
        database.transact(partial(sign_up, account=account))

    return PostConfirmation(run)
