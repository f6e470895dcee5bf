"""To whom a message about a patient goes: to the patient's own address, or else to all who act for the patient."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from lambda_function.db.repositories import message_facts
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.notifications import Reason
from lambda_function.domain.people import Channel, channel_used


class Reachable(Protocol):
    """A person with contact data."""

    @property
    def user_id(self) -> int: ...
    @property
    def email(self) -> str | None: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def contact_by(self) -> Channel | None: ...
    @property
    def bounced_email_hash(self) -> str | None: ...


class Addressee(NamedTuple):
    """A person who is told. If the channel is NONE, nothing can be sent, and `reason` says why."""

    user_id: int
    channel: Channel
    reason: Reason | None = None


def addressee(person: Reachable) -> Addressee:
    """Returns how one person can be told."""
    channel = channel_used(
        person.contact_by,
        email=person.email,
        phone=person.phone,
        bounced_email_hash=person.bounced_email_hash,
    )
    if channel is not Channel.NONE:
        return Addressee(person.user_id, channel)
    if not (person.email or person.phone):
        return Addressee(person.user_id, channel, Reason.NO_ADDRESS)
    if person.contact_by is Channel.NONE:
        return Addressee(person.user_id, channel, Reason.NOT_WANTED)
    if person.phone:
        return Addressee(person.user_id, channel, Reason.PHONE_WITHOUT_COUNTRY_CODE)
    return Addressee(person.user_id, channel, Reason.ADDRESS_BOUNCED)


def addressees(work: UnitOfWork, patient_ids: Collection[int]) -> Mapping[int, Sequence[Addressee]]:
    """Returns who is told about each of these patients. Nobody is told about a patient who is not active. A patient who
    was merged into another is that other person.

    Guardians who can be reached are told in place of a patient who has no address that can be used. If nobody can
    be reached, the patient is returned as the one who is not told. This takes two statements, however many patients
    there are.
    """
    people = {asked: each for asked, each in message_facts.contacts(work.session, patient_ids).items() if each.active}
    own = {asked: addressee(person) for asked, person in people.items()}
    unreachable = {to.user_id for to in own.values() if to.reason not in {None, Reason.NOT_WANTED}}
    instead: dict[int, list[Addressee]] = defaultdict(list)
    for guardian in message_facts.guardians(work.session, unreachable, work.today):
        instead[guardian.patient_id].append(addressee(guardian))
    return {
        asked: [other for other in instead[to.user_id] if other.channel is not Channel.NONE] or [to]
        for asked, to in own.items()
    }
