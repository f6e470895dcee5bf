"""The calendar feed: appointments for a calendar program, which has a secret token instead of a password.

Only the owner knows the token; the database has its hash. It reads the feed and opens nothing else. It is bound to the
role and the clinics that its owner had when it was made, because that is what the owner agreed to show to anybody with
the feed's address. In another role it is no longer valid, and it shows only those of these clinics that are still the
owner's. A patient's feed shows the visits of whomever the patient acts for when it is read.
"""

from datetime import timedelta

from lambda_function.db.repositories.calendar_feed import Feed, FeedEntry, FeedMark, read_entries, read_mark
from lambda_function.db.repositories.people import get_for_change
from lambda_function.db.repositories.tokens import find_token_owner, put_calendar_token, remove_calendar_token
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain import secret_tokens
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import ForbiddenError, NotFoundError
from lambda_function.domain.permissions import Action, require

PAST = timedelta(days=365)
# A feed is one answer, and a Lambda's answer is at most 6 MB. Future visits come first, then the latest past ones.
MAX_EVENTS = 5000


def new_token(work: UnitOfWork) -> str:
    """Returns a new token of the actor, which replaces the one before. It cannot be read again.

    Raises ForbiddenError if the actor is deactivated or given another role at the same time. Everything that ends a
    person's access holds the person's row, so a token either ends with the access or is not made.
    """
    require(work.actor, Action.SHARE_CALENDAR)
    owner = get_for_change(work.session, work.actor.user_id)
    if owner is None or owner.user_type is not work.actor.role:
        raise ForbiddenError("This account has been deactivated or changed. Sign in again, or ask the clinic.")
    token = secret_tokens.new_token()
    put_calendar_token(work.session, work.actor, secret_tokens.hash_of(token), work.now)
    return token


def revoke_token(work: UnitOfWork) -> None:
    """Ends the actor's token. Raises NotFoundError if there is none."""
    require(work.actor, Action.SHARE_CALENDAR)
    if not remove_calendar_token(work.session, work.actor.user_id):
        raise NotFoundError("There is no calendar token.")


def open_feed(work: UnitOfWork, token: str) -> FeedMark:
    """Returns the mark of the feed of the token's owner, as whom the unit of work acts from here on. Raises
    NotFoundError for any token that is not in use by an active user who still has the same role.
    """
    owner = find_token_owner(work.session, secret_tokens.hash_of(token), work.today)
    if owner is None:
        raise NotFoundError("There is nothing at this address.")
    work.act_as(owner)
    require(owner, Action.READ_APPOINTMENTS)
    return read_mark(work.session, _feed(work))


def feed_entries(work: UnitOfWork) -> list[FeedEntry]:
    """Returns the entries of the feed that is open."""
    return read_entries(work.session, _feed(work))


def _feed(work: UnitOfWork) -> Feed:
    owner = work.actor
    return Feed(
        owner_id=owner.user_id,
        since=work.now - PAST,
        now=work.now,
        limit=MAX_EVENTS,
        clinic_ids=owner.clinic_ids if owner.role is Role.RECEPTIONIST else (),
        dependant_ids=owner.dependant_ids,
        home_clinic_id=owner.clinic_ids[0] if owner.clinic_ids else None,
    )
