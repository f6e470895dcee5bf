"""Migration 0015 binds the calendar tokens that existed before it to the rights of their owners."""

import json
from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import URL, text

from lambda_function.bootstrap.alembic_setup import alembic_config
from tests.servers import new_database, plain_engine

BEFORE = """
INSERT INTO clinic (clinic_id, name, country, time_zone)
VALUES (1, 'Lima', 'PE', 'America/Lima'), (2, 'Santiago', 'CL', 'America/Santiago');
INSERT INTO `user` (user_id, user_name, user_type, full_name, created_at, updated_at)
VALUES (1, 'pat', 1, 'Pat', '2030-01-01', '2030-01-01'), (2, 'drjay', 2, 'Jay', '2030-01-01', '2030-01-01'),
       (3, 'rita', 3, 'Rita', '2030-01-01', '2030-01-01'), (4, 'rena', 3, 'Rena', '2030-01-01', '2030-01-01');
INSERT INTO patient (user_id) VALUES (1), (3);
INSERT INTO doctor (user_id, clinic_id) VALUES (2, 2), (3, 1);
INSERT INTO receptionist (user_id) VALUES (3), (4);
INSERT INTO receptionist_clinic (receptionist_id, clinic_id) VALUES (3, 1), (3, 2);
INSERT INTO calendar_token (user_id, token_hash, created_at)
VALUES (1, REPEAT('1', 64), '2030-01-01'), (2, REPEAT('2', 64), '2030-01-01'), (3, REPEAT('3', 64), '2030-01-01'),
       (4, REPEAT('4', 64), '2030-01-01')
"""


@pytest.fixture
def url(server_url: URL, worker_id: str) -> Iterator[URL]:
    with new_database(server_url, f"dentist_backfill_{worker_id}") as url:
        yield url


def test_tokens_that_there_are_show_what_they_showed(url: URL) -> None:
    config = alembic_config(plain_engine(url))
    command.upgrade(config, "0013")
    with plain_engine(url).begin() as connection:
        for statement in BEFORE.split(";"):
            connection.execute(text(statement))

    command.upgrade(config, "0015")

    with plain_engine(url).connect() as connection:
        rows = connection.execute(text("SELECT user_type, clinic_ids FROM calendar_token ORDER BY user_id")).all()
    bound = [(row.user_type, sorted(json.loads(row.clinic_ids))) for row in rows]
    assert bound == [(1, []), (2, [2]), (3, [1, 2]), (3, [])]
