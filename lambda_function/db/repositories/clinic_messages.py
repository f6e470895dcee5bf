"""The words that clinics have chosen for messages."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from lambda_function.db.models import ClinicMessage
from lambda_function.db.rows import columns, fetch_all
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Channel, Language

WordsKey = tuple[int, NotificationKind, Channel, Language]


class OwnWordsRow(NamedTuple):
    clinic_id: int
    kind: NotificationKind
    channel: Channel
    language: Language
    subject: str | None
    text: str


_OWN_WORDS = select(*columns(OwnWordsRow, ClinicMessage)).where(
    ClinicMessage.clinic_id.in_(bindparam("clinic_ids", type_=BigInteger, expanding=True))
)


def own_words(session: Session, clinic_ids: Collection[int]) -> dict[WordsKey, OwnWordsRow]:
    """Returns all own words of these clinics, by clinic, kind, channel and language."""
    rows = fetch_all(session, OwnWordsRow, _OWN_WORDS, {"clinic_ids": sorted(clinic_ids)}, unscoped=True)
    return {(row.clinic_id, row.kind, row.channel, row.language): row for row in rows}
