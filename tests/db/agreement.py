"""Checks that the claims and the history agree with the appointments."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from lambda_function.db.models import Appointment, AppointmentEvent, ClaimKind, OutboxMessage, SlotClaim
from lambda_function.domain.appointment import HOLDING, Duration, Status
from lambda_function.domain.messages import ERASED, MERGED, OFFERED, REGISTRATION_REQUESTED
from lambda_function.domain.recalls import DISMISSED, DONE, OPENED

RECALL_KINDS = [OPENED, DONE, DISMISSED]
Claim = tuple[int, int, datetime, int]


def appointments(session: Session) -> Sequence[Row[*tuple[Any, ...]]]:
    """Returns all columns for who, when and status, by id, freshly read."""
    session.rollback()
    return session.execute(
        select(
            Appointment.appointment_id,
            Appointment.doctor_id,
            Appointment.patient_id,
            Appointment.clinic_id,
            Appointment.chair_id,
            Appointment.treatment_id,
            Appointment.status,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.buffer_before_minutes,
            Appointment.buffer_after_minutes,
            Appointment.version,
        ).order_by(Appointment.appointment_id)
    ).all()


def events(session: Session) -> list[tuple[Any, ...]]:
    """Returns (event_id, appointment_id, action, from_status, to_status), oldest first."""
    rows = session.execute(
        select(
            AppointmentEvent.event_id,
            AppointmentEvent.appointment_id,
            AppointmentEvent.action,
            AppointmentEvent.from_status,
            AppointmentEvent.to_status,
        ).order_by(AppointmentEvent.event_id)
    )
    return [tuple(row) for row in rows]


def _versions_told(session: Session) -> dict[int, int]:
    """Returns the highest version of each visit that any message names."""
    told: dict[int, int] = {}
    of_visits = OutboxMessage.kind.not_in([OFFERED, *RECALL_KINDS])
    for detail in session.scalars(select(OutboxMessage.detail).where(of_visits)):
        visit, version = detail["appointment_id"], detail["version"]
        told[visit] = max(version, told.get(visit, 0))
    return told


def versions_without_message(session: Session) -> list[int]:
    """Returns the visits that have changed and whose version no message names."""
    session.rollback()
    changed = session.execute(select(Appointment.appointment_id, Appointment.version).where(Appointment.version > 1))
    versions = {row.appointment_id: row.version for row in changed}
    told = _versions_told(session) if versions else {}
    return [visit for visit, version in versions.items() if told.get(visit, 0) < version]


def _told(session: Session) -> list[tuple[Any, ...]]:
    """Returns (appointment_id, action, from_status, to_status) of every message about what happened to an appointment,
    in order for each of them.
    """
    about_visits = OutboxMessage.kind.not_in([OFFERED, *RECALL_KINDS, ERASED, MERGED, REGISTRATION_REQUESTED])
    details = session.scalars(select(OutboxMessage.detail).where(about_visits).order_by(OutboxMessage.outbox_id))
    names = ("appointment_id", "action", "from_status", "to_status")
    told = [tuple(detail[name] for name in names) for detail in details]
    return sorted(told, key=lambda message: message[0])


def _implied(row: Row[*tuple[Any, ...]]) -> Iterator[Claim]:
    if row.status not in HOLDING:
        return
    duration = Duration(
        row.ends_at - row.starts_at,
        timedelta(minutes=row.buffer_before_minutes),
        timedelta(minutes=row.buffer_after_minutes),
    )
    for slot in duration.occupied_from(row.starts_at).grid_slots():
        yield ClaimKind.DOCTOR, row.doctor_id, slot, row.appointment_id
        if row.chair_id is not None:
            yield ClaimKind.CHAIR, row.chair_id, slot, row.appointment_id
    for slot in duration.visit_from(row.starts_at).grid_slots():
        yield ClaimKind.PATIENT, row.patient_id, slot, row.appointment_id


def _claims(session: Session) -> list[Claim]:
    rows = session.execute(select(SlotClaim.kind, SlotClaim.resource_id, SlotClaim.slot_at, SlotClaim.appointment_id))
    return sorted((row.kind, row.resource_id, row.slot_at, row.appointment_id) for row in rows)


def assert_agreement(session: Session) -> tuple[Sequence[Row[*tuple[Any, ...]]], list[tuple[Any, ...]]]:
    """Claims exist for exactly those appointments that hold their time, and no two of these overlap, buffers included.
    The events of each appointment form a complete chain that ends in its status, and the outbox has each event once.
    The version of each appointment has a message, so that whoever follows the messages misses none. Returns
    appointments and events.
    """
    rows = appointments(session)
    implied = sorted(claim for row in rows for claim in _implied(row))
    assert _claims(session) == implied
    assert len({claim[:3] for claim in implied}) == len(implied)
    history = events(session)
    last: dict[int, Status] = {}
    for _, appointment_id, _, before, after in history:
        assert last.get(appointment_id) == before
        last[appointment_id] = after
    assert last == {row.appointment_id: row.status for row in rows}
    assert _told(session) == sorted((event[1:] for event in history), key=lambda event: event[0])
    assert _versions_told(session) == {row.appointment_id: row.version for row in rows}
    return rows, history
