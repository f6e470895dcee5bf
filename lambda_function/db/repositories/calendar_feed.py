"""The entries of a calendar feed, and a mark of them that is computed without reading them."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Subquery, bindparam, cast, func, literal, select, text, union_all
from sqlalchemy.dialects.mysql import BIGINT
from sqlalchemy.orm import Session, aliased

from lambda_function.db.base import AnySelect, instant_parameter
from lambda_function.db.models import Appointment, Clinic, ClinicPatient, Installation, PersonName, Treatment
from lambda_function.db.rows import columns, fetch_all
from lambda_function.domain.appointment import Status

_DOCTOR = aliased(PersonName)
_PATIENT = aliased(PersonName)
_SINCE = instant_parameter("since")
_NOW = instant_parameter("now")
_LIMIT: Any = bindparam("feed_limit", type_=BigInteger)
_INSTALLATION_ID = select(Installation.installation_id).scalar_subquery()
_OWN_CLINIC = (
    select(func.min(ClinicPatient.clinic_id))
    .where(ClinicPatient.patient_id == bindparam("owner_id", type_=BigInteger))
    .scalar_subquery()
)
_CLINIC_OF_DEPENDANTS = (
    select(func.min(ClinicPatient.clinic_id))
    .where(ClinicPatient.patient_id.in_(bindparam("dependant_ids", type_=BigInteger, expanding=True)))
    .scalar_subquery()
)
_HOME: Any = bindparam("home_clinic_id", type_=BigInteger)
_HOME_CLINIC = aliased(Clinic)
_TIME_ZONE = (
    select(_HOME_CLINIC.time_zone)
    .where(_HOME_CLINIC.clinic_id == func.coalesce(_HOME, _OWN_CLINIC, _CLINIC_OF_DEPENDANTS))
    .scalar_subquery()
)


class FeedEntry(NamedTuple):
    """The part of an appointment that the feed shows."""

    appointment_id: int
    status: Status
    starts_at: datetime
    ends_at: datetime
    version: int
    created_at: datetime
    updated_at: datetime
    clinic_name: str
    clinic_address: str | None
    treatment_name: str
    doctor_name: str
    patient_name: str
    patient_id: int


class FeedMark(NamedTuple):
    """What tells one state of a feed from another. `entries` and `bits` differ as soon as an entry comes, goes or
    changes. `time_zone` is that of the owner's clinic, and None if there is none.
    """

    entries: int
    bits: int
    installation_id: str
    time_zone: str | None


class Feed(NamedTuple):
    """What a feed shows: `limit` of the appointments that the session's actor may see from `since` on, limited to the
    clinics if there are any. The owner's clinic is `home_clinic_id`, or else the first whose patient the owner is, or
    else the first of the owner's dependants.
    """

    owner_id: int
    since: datetime
    now: datetime
    limit: int
    clinic_ids: Sequence[int]
    dependant_ids: Sequence[int]
    home_clinic_id: int | None

    @property
    def patient_ids(self) -> Sequence[int]:
        """The patients whose visits have to be found one after the other."""
        return (self.owner_id, *self.dependant_ids) if self.dependant_ids else ()


def _shown(clinics: int, patients: int) -> Subquery:
    """Selects the ids that are shown: first the future, then the past, each by its distance from now. Each of several
    clinics or patients gives the full number, because no index holds the visits of all of them together.
    """
    seconds = func.timestampdiff(text("SECOND"), _NOW, Appointment.starts_at)
    key = Appointment.appointment_id.label("appointment_id")
    ahead = (
        select(key, literal(0).label("past"), seconds.label("distance"))
        .where(Appointment.starts_at >= _NOW)
        .order_by(Appointment.starts_at, Appointment.appointment_id)
        .limit(_LIMIT)
    )
    past = (
        select(key, literal(1).label("past"), (-seconds).label("distance"))
        .where(Appointment.starts_at >= _SINCE, Appointment.starts_at < _NOW)
        .order_by(Appointment.starts_at.desc(), Appointment.appointment_id.desc())
        .limit(_LIMIT)
    )
    owners = [Appointment.clinic_id == bindparam(f"clinic_{number}") for number in range(clinics)]
    owners += [Appointment.patient_id == bindparam(f"patient_{number}") for number in range(patients)]
    parts = [part.where(owner) for part in (ahead, past) for owner in owners]
    both = union_all(*(parts or (ahead, past))).subquery()
    nearest = (both.c.past, both.c.distance, both.c.appointment_id)
    return select(both.c.appointment_id).order_by(*nearest).limit(_LIMIT).subquery()


def _named(statement: AnySelect, clinics: int, patients: int) -> AnySelect:
    shown = _shown(clinics, patients)
    return (
        statement.join(shown, shown.c.appointment_id == Appointment.appointment_id)
        .join(Clinic, Clinic.clinic_id == Appointment.clinic_id)
        .join(Treatment, Treatment.treatment_id == Appointment.treatment_id)
        .join(_DOCTOR, _DOCTOR.user_id == Appointment.doctor_id)
        .join(_PATIENT, _PATIENT.user_id == Appointment.patient_id)
    )


@lru_cache(maxsize=32)
def _entries(clinics: int, patients: int) -> AnySelect:
    statement: AnySelect = select(
        *columns(
            FeedEntry,
            Appointment,
            clinic_name=Clinic.name,
            clinic_address=Clinic.address,
            treatment_name=Treatment.name,
            doctor_name=_DOCTOR.full_name,
            patient_name=_PATIENT.full_name,
        )
    )
    return _named(statement, clinics, patients).order_by(Appointment.starts_at, Appointment.appointment_id)


@lru_cache(maxsize=32)
def _mark(clinics: int, patients: int) -> AnySelect:
    """Selects one row, however much is shown. It combines 64 bits of a hash of each entry, in a way that ignores their
    order. The hash covers all that an event is made of: the version stands for the appointment, and the names are
    included. Of them only the address may be NULL, which is left out: without it there is one part less.
    """
    entry = func.concat_ws(
        "\x1f",
        Appointment.appointment_id,
        Appointment.version,
        Clinic.name,
        Clinic.address,
        Treatment.name,
        _DOCTOR.full_name,
        Appointment.patient_id,
        _PATIENT.full_name,
    )
    bits = cast(func.conv(func.substring(func.sha2(entry, 256), 1, 16), 16, 10), BIGINT(unsigned=True))
    mark = columns(
        FeedMark, entries=func.count(), bits=func.bit_xor(bits), installation_id=_INSTALLATION_ID, time_zone=_TIME_ZONE
    )
    return _named(select(*mark), clinics, patients)


def read_mark(session: Session, feed: Feed) -> FeedMark:
    """Reads what the feed is recognised by, without its entries."""
    [mark] = fetch_all(session, FeedMark, _mark(len(feed.clinic_ids), len(feed.patient_ids)), _values(feed))
    return mark


def read_entries(session: Session, feed: Feed) -> list[FeedEntry]:
    """Reads the entries in the order of their starts."""
    return fetch_all(session, FeedEntry, _entries(len(feed.clinic_ids), len(feed.patient_ids)), _values(feed))


def _values(feed: Feed) -> dict[str, Any]:
    clinics = {f"clinic_{number}": clinic_id for number, clinic_id in enumerate(feed.clinic_ids)}
    patients = {f"patient_{number}": patient_id for number, patient_id in enumerate(feed.patient_ids)}
    return {
        "since": feed.since,
        "now": feed.now,
        "feed_limit": feed.limit,
        "owner_id": feed.owner_id,
        "dependant_ids": feed.dependant_ids,
        "home_clinic_id": feed.home_clinic_id,
        **clinics,
        **patients,
    }
