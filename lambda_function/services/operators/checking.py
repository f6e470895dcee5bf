"""Checks that the database agrees with itself. Booking relies on claims and appointments saying the same."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Session

from lambda_function.db.models import ClaimKind
from lambda_function.db.repositories import integrity, merged_people, schema
from lambda_function.db.repositories.integrity import AppointmentClaims, IdRange
from lambda_function.db.repositories.keyset import Position
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import CLAIMS_KEPT, HOLDING
from lambda_function.domain.intervals import GRID, Interval
from lambda_function.domain.time_zones import time_zone
from lambda_function.services.operators import rebuilding

# The number of ids or rows that one statement reads.
CHUNK = 5000
# The limit of findings in one chunk, for orphans and for people without a profile.
_SHOWN = 100
UNKNOWN_ZONE = "The clinic's time zone is none that the service knows. Correct it with a practice file."

Finding = dict[str, Any]
Check = Callable[[], list[Finding]]


def checks(database: Database) -> list[Check]:
    """The checks, in parts that answer what is wrong. Each runs a statement or two in a transaction of its own; those
    that look for orphans run as many transactions as the table has CHUNK rows.
    """

    def read(find: Callable[[UnitOfWork], list[Finding]]) -> Check:
        return partial(database.transact, find, commit=False)

    return [
        read(_revision),
        read(_zones),
        *(read(partial(_profiles, ids=ids)) for ids in _chunks(database, integrity.user_ids)),
        *(read(partial(_merges, ids=ids)) for ids in _chunks(database, integrity.user_ids)),
        *(read(partial(_guardians, ids=ids)) for ids in _chunks(database, integrity.user_ids)),
        *(read(partial(_words, ids=ids)) for ids in _chunks(database, integrity.user_ids, rebuilding.BATCH)),
        *(read(partial(_notifications, ids=ids)) for ids in _chunks(database, integrity.notification_ids)),
        *(read(partial(_recalls, ids=ids)) for ids in _chunks(database, integrity.recall_ids)),
        *(read(partial(_claims, ids=ids)) for ids in _chunks(database, integrity.appointment_ids)),
        *(partial(_orphans, database, key) for key in integrity.references()),
    ]


def _chunks(database: Database, whole: Callable[[Session], IdRange | None], size: int = CHUNK) -> Iterator[IdRange]:
    ids = database.transact(lambda work: whole(work.session), commit=False)
    return iter(()) if ids is None else ids.chunks(size)


def _revision(work: UnitOfWork) -> list[Finding]:
    found = schema.revision(work.session)
    if found is not None and found >= schema.REQUIRED_REVISION:
        return []
    return [_finding("revision", f"The schema is at {found}, this build needs {schema.REQUIRED_REVISION}.")]


def _zones(work: UnitOfWork) -> list[Finding]:
    return [
        _finding("time_zone", UNKNOWN_ZONE, clinic_id=row.clinic_id)
        for row in integrity.time_zones(work.session)
        if time_zone(row.time_zone) is None
    ]


def _profiles(work: UnitOfWork, ids: IdRange) -> list[Finding]:
    return [
        _finding("profile", "This user lacks what makes them a patient, doctor or receptionist.", user_id=user_id)
        for user_id in integrity.users_without_profile(work.session, ids)[:_SHOWN]
    ]


def _merges(work: UnitOfWork, ids: IdRange) -> list[Finding]:
    """Looks at people who were merged into others: each leads to a patient, and nothing else is left of them."""
    numbers = [user_id for user_id, _ in merged_people.merged(work.session, ids.first, ids.last)]
    found = []
    for user_id, person in merged_people.read_people(work.session, numbers).items() if numbers else ():
        _, end = merged_people.leads_to(work.session, person)
        if end is None or end.user_type is not Role.PATIENT or person.active:
            found.append(_finding("merge", "The merge of this person leads to no patient.", user_id=user_id))
        elif person.user_name != merged_people.merged_name(user_id) or person.cognito_sub is not None:
            detail = f"This merge was stopped half-way: run `users merge id:{user_id} id:{person.merged_into}` again."
            found.append(_finding("merge", detail, user_id=user_id))
    for column, user_id in merged_people.references_to(work.session, numbers) if numbers else ():
        detail = f"This person was merged into another, and {column} still names them."
        found.append(_finding("merge", detail, user_id=user_id))
    return found[:_SHOWN]


def _guardians(work: UnitOfWork, ids: IdRange) -> list[Finding]:
    detail = "This guardian acts for themselves, has a guardian, or one of the two was erased. Remove the guardian."
    wrong = integrity.wrong_guardians(work.session, ids, work.today)
    return [_finding("guardian", detail, **row._asdict()) for row in wrong[:_SHOWN]]


def _words(work: UnitOfWork, ids: IdRange) -> list[Finding]:
    detail = "A search does not find this user by their present name or contact data: run `users rebuild-words`."
    return [_finding("words", detail, user_id=user_id) for user_id in rebuilding.wrong_words(work, ids)[:_SHOWN]]


def _notifications(work: UnitOfWork, ids: IdRange) -> list[Finding]:
    detail = "This message to a person waits for nothing, or has ended and still waits."
    wrong = integrity.wrong_notifications(work.session, ids)
    return [_finding("notification", detail, notification_id=number) for number in wrong[:_SHOWN]]


def _recalls(work: UnitOfWork, ids: IdRange) -> list[Finding]:
    of_nobody = (
        "This recall is open, but its patient is deactivated or no longer a patient. A receptionist of its clinic ends "
        "it with POST /recalls/{recall_id}/dismiss."
    )
    no_visit = "The visit that opened or ended this recall is not there."
    wrong = [
        *((of_nobody, number) for number in integrity.recalls_of_nobody(work.session, ids)[:_SHOWN]),
        *((no_visit, number) for number in integrity.recalls_without_visit(work.session, ids)[:_SHOWN]),
    ]
    return [_finding("recall", detail, recall_id=number) for detail, number in wrong]


def _orphans(database: Database, key: ForeignKeyConstraint) -> list[Finding]:
    detail = f"A row of {key.table.name} refers to a row of {key.referred_table.name} that is not there ({key.name})."
    found: list[Finding] = []
    after: Position | None = None
    while True:
        rows, after = database.transact(partial(_orphans_behind, key=key, after=after), commit=False)
        found += [_finding("orphan", detail, **row) for row in rows[:_SHOWN]]
        if after is None:
            return found


def _orphans_behind(
    work: UnitOfWork, key: ForeignKeyConstraint, after: Position | None
) -> tuple[list[dict[str, Any]], Position | None]:
    return integrity.orphans(work.session, key, after, CHUNK)


def _claims(work: UnitOfWork, ids: IdRange) -> list[Finding]:
    since = _next_slot(work.now - CLAIMS_KEPT)
    rows = integrity.claims_of_appointments(work.session, ids, since)
    found = []
    for appointment_id, group in groupby(rows, key=lambda row: row.appointment_id):
        wrong = _disagreement(list(group), since)
        if wrong is not None:
            found.append(_finding("claims", wrong, appointment_id=appointment_id))
    return found


def _disagreement(rows: Sequence[AppointmentClaims], since: datetime) -> str | None:
    """Returns what is wrong with the claims of one appointment from then on. If the expected number of different slots
    on the grid lies between the first and the last one, none is missing.
    """
    claimed = {(row.kind, row.resource_id): (row.claims, row.first, row.last) for row in rows if row.kind is not None}
    expected = {
        resource: ((time.end - start) // GRID, start, time.end - GRID)
        for resource, time in _occupied(rows[0]).items()
        if (start := max(time.start, since)) < time.end
    }
    if claimed == expected:
        return None
    if not expected:
        return "It holds no time, but claims some."
    missing = expected.keys() - claimed.keys()
    if missing:
        return f"It claims no time of its {_names(missing)}."
    if claimed.keys() - expected.keys():
        return "It claims the time of another user."
    elsewhere = (resource for resource, time in expected.items() if claimed[resource] != time)
    return f"It claims another time than its own of its {_names(elsewhere)}."


def _occupied(row: AppointmentClaims) -> dict[tuple[int, int], Interval]:
    """Returns what an appointment has to claim, by kind and resource."""
    if row.status not in HOLDING:
        return {}
    before, after = timedelta(minutes=row.buffer_before_minutes), timedelta(minutes=row.buffer_after_minutes)
    wide = Interval(row.starts_at - before, row.ends_at + after)
    held = {
        (ClaimKind.DOCTOR.value, row.doctor_id): wide,
        (ClaimKind.PATIENT.value, row.patient_id): Interval(row.starts_at, row.ends_at),
    }
    return held if row.chair_id is None else {**held, (ClaimKind.CHAIR.value, row.chair_id): wide}


def _names(resources: Iterable[tuple[int, int]]) -> str:
    return " and ".join(ClaimKind(kind).name.lower() for kind, _ in sorted(resources))


def _next_slot(instant: datetime) -> datetime:
    slot = next(Interval(instant, instant + GRID).grid_slots())
    return slot if slot == instant else slot + GRID


def _finding(check: str, detail: str, **ids: int) -> Finding:
    return {"check": check, "detail": detail, **ids}
