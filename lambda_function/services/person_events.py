"""Records what happens to people, in the same transaction: who did it, when and to which fields, and never a value.
Only operators read it. No route leads to it.
"""

from collections.abc import Iterable

from lambda_function.db.models import PersonEvent
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.people import PersonAction


def note_person(work: UnitOfWork, user_id: int, action: PersonAction, fields: Iterable[str] = ()) -> None:
    """Records what happened to a person who is already in the database. Call it with every change of a profile, a link,
    a guardian, an identifier or a merge. `fields` are names. It is one statement, which is sent with the next flush.
    """
    work.session.add(
        PersonEvent(user_id=user_id, at=work.now, actor_id=work.actor_id, action=action, fields=sorted(fields))
    )
