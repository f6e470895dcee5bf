"""What a database still knows about somebody."""

import json

from sqlalchemy import URL, text

from tests.servers import plain_engine


def everywhere(url: URL, words: tuple[str, ...]) -> set[tuple[str, str, str]]:
    """Returns (table, column, word) for each text of the database that contains a word, as it
    is or as JSON escapes it.
    """
    with plain_engine(url).connect() as connection:
        columns = connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()"
                " AND data_type IN ('char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'json',"
                " 'binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob')"
            )
        ).all()
        assert len({table for table, _ in columns}) > 10
        return {
            (table, column, word)
            for table, column in columns
            for word in words
            for spelling in {word, json.dumps(word)[1:-1]}
            if connection.scalar(
                text(f"SELECT COUNT(*) FROM `{table}` WHERE LOCATE(:word, CAST(`{column}` AS CHAR)) > 0"),
                {"word": spelling},
            )
        }
