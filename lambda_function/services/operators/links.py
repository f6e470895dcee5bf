"""Ends links of messages before their time, for example because somebody else has got hold of one."""

from functools import partial
from typing import Any

from lambda_function.db.repositories import links
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.errors import NotFoundError
from lambda_function.domain.message_rules import offer_subject

Document = dict[str, Any]


def end(database: Database, appointment_id: int) -> Document:
    """Deletes all links that lead to the visit. Returns how many have `ended`, and as `appointment_id` the visit to
    which they led: the last one, if others were booked in place of this one.

    Messages that are written later have links that work. Raises NotFoundError.
    """
    return database.transact(partial(_end, appointment_id=appointment_id))


def _end(work: UnitOfWork, appointment_id: int) -> Document:
    booked = links.booked_in_turn(work.session, appointment_id)
    if not booked:
        raise NotFoundError("There is no such visit.")
    visits = [*links.booked_before(work.session, appointment_id), *booked]
    offers = links.accepted_offers(work.session, visits)
    subjects = [offer_subject(each.waitlist_id, each.offer_starts_at, each.offer_doctor_id) for each in offers]
    return {"appointment_id": booked[-1], "ended": links.end(work.session, visits, subjects)}
