"""People whom an earlier release erased without recording when. Migration 0019 marks them, so that they stay erased."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from alembic import command
from sqlalchemy import URL, text

from lambda_function.bootstrap.alembic_setup import alembic_config
from tests.servers import new_database, plain_engine

BEFORE = """
INSERT INTO `user` (user_id, user_name, user_type, full_name, active, erased_at, created_at, updated_at)
VALUES (1, 'erased:1', 1, 'erased:1', 0, NULL, '2030-01-01', '2030-01-07 14:00:00.5'),
       (2, 'erased:2', 1, 'erased:2', 0, '2030-01-05', '2030-01-01', '2030-01-07'),
       (3, 'erased', 1, 'Ed', 0, NULL, '2030-01-01', '2030-01-07'),
       (4, 'pat', 1, 'Pat', 1, NULL, '2030-01-01', '2030-01-07')
"""


@pytest.fixture
def url(server_url: URL, worker_id: str) -> Iterator[URL]:
    with new_database(server_url, f"dentist_erased_{worker_id}") as url:
        yield url


def test_whoever_was_erased_earlier_is_marked_with_the_time_of_it(url: URL) -> None:
    config = alembic_config(plain_engine(url))
    command.upgrade(config, "0018")
    with plain_engine(url).begin() as connection:
        connection.execute(text(BEFORE))

    command.upgrade(config, "head")

    with plain_engine(url).connect() as connection:
        marked = connection.scalars(text("SELECT erased_at FROM `user` ORDER BY user_id")).all()
    assert marked == [datetime(2030, 1, 7, 14, 0, 0, 500000), datetime(2030, 1, 5), None, None]  # noqa: DTZ001 - as stored
