"""What has happened to a person: who did it, when, and to which fields. No values are stored."""

from typing import Any

from lambda_function.db.repositories import merged_people, person_events
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.errors import InvalidInputError, NotFoundError
from lambda_function.services.operators.arguments import PersonEventFilter

Document = dict[str, Any]


def page(database: Database, wanted: PersonEventFilter) -> Document:
    """Returns the `user_id`; `items`, oldest first; and `next_after`, which is None on the last page. People who were
    erased or merged into another are found by their ids, and by what is left of their names, such as `erased:17`.

    Raises NotFoundError, and InvalidInputError unless the person is named in one of the two ways.
    """

    def run(work: UnitOfWork) -> Document:
        user_id = _user_id(work, wanted)
        rows = person_events.page(work.session, user_id, after=wanted.after, limit=wanted.limit + 1)
        items = [row._asdict() for row in rows[: wanted.limit]]
        more = len(rows) > wanted.limit
        return {"user_id": user_id, "items": items, "next_after": items[-1]["person_event_id"] if more else None}

    return database.transact(run, commit=False)


def _user_id(work: UnitOfWork, wanted: PersonEventFilter) -> int:
    match wanted.user_id, wanted.user_name:
        case None, str(user_name):
            person = merged_people.find_by_name(work.session, user_name)
            if person is None:
                raise NotFoundError("There is no such person.")
            return person.user_id
        case int(user_id), None:
            if not person_events.has_person(work.session, user_id):
                raise NotFoundError("There is no such person.")
            return user_id
        case _:
            raise InvalidInputError("Name the person by their user name or by their id.", field="user_id")
