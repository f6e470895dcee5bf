"""What happened to a person is written down where it happens: who did it, when and to which fields, and never a
value. Only operators read it; no route leads to it.
"""

from collections.abc import Iterable

from lambda_function.db.models import PersonEvent
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.people import PersonAction


def note_person(work: UnitOfWork, user_id: int, action: PersonAction, fields: Iterable[str] = ()) -> None:
    """Writes down what happened to a person who is in the database already. Call it with every change of a profile, a
    link, a guardian, an identifier or a merge. `fields` are names. It is one statement, sent with the next flush.
    """
    work.session.add(
        PersonEvent(user_id=user_id, at=work.now, actor_id=work.actor_id, action=action, fields=sorted(fields))
    )
