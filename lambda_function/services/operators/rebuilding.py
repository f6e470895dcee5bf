"""`users rebuild-words`: makes the words by which people are found agree with their rows."""

from collections.abc import Iterator
from functools import partial

from lambda_function.db.repositories import integrity
from lambda_function.db.repositories.integrity import IdRange
from lambda_function.db.repositories.person_words import correct_words, read_words
from lambda_function.db.unit_of_work import Database, UnitOfWork

# The number of ids that one transaction reads.
BATCH = 500


def rebuild_words(database: Database) -> Iterator[int]:
    """Corrects words while it is iterated, and yields after each batch how many people had wrong ones. If it is
    stopped, nothing is lost: the next run passes over those whose words are right.
    """
    ids = database.transact(lambda work: integrity.user_ids(work.session), commit=False)
    for batch in () if ids is None else ids.chunks(BATCH):
        yield database.transact(partial(correct_batch, batch=batch))


def wrong_words(work: UnitOfWork, ids: IdRange) -> list[int]:
    """Returns the ids of people in the range whose words do not agree with their rows."""
    people = read_words(work.session, range(ids.first, ids.last + 1))
    return [user_id for user_id, words in people.items() if words.right != words.stored]


def correct_batch(work: UnitOfWork, batch: IdRange) -> int:
    """Locks only the people whose words look wrong, and reads them again."""
    wrong = wrong_words(work, batch)
    return correct_words(work.session, wrong) if wrong else 0
