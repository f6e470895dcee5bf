"""Appointments, as far as the caller may see them. Lists and views are rows; only changes load an entity."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, func, insert, or_, select, union_all, update
from sqlalchemy.orm import Session, aliased

from lambda_function.db.base import AnyRow, AnySelect
from lambda_function.db.models import Appointment, Clinic, Doctor, Patient, PersonName, Treatment
from lambda_function.db.models.appointments import APPOINTMENT_ROWS, EVENT_ROWS
from lambda_function.db.rows import columns, fetch_all, fetch_one, insert_one, write
from lambda_function.db.scoping import UNSYNCED
from lambda_function.domain.appointment import HOLDING, Status

_DOCTOR = aliased(PersonName)
_PATIENT = aliased(PersonName)
# Inside of a statement that locks, a subquery locks nothing.
_ERASED = select(PersonName.erased_at).where(PersonName.user_id == Appointment.patient_id).scalar_subquery()
_RECEPTIONIST = aliased(PersonName)


class AppointmentView(NamedTuple):
    """An appointment with the names in it."""

    appointment_id: int
    status: Status
    starts_at: datetime
    ends_at: datetime
    clinic_id: int
    clinic_name: str
    time_zone: str
    doctor_id: int
    doctor_name: str
    patient_id: int
    patient_name: str
    receptionist_id: int | None
    receptionist_name: str | None
    treatment_id: int
    treatment_code: str
    treatment_name: str
    chair_id: int | None
    patient_note: str | None
    internal_note: str | None
    cancel_reason: str | None
    override_reason: str | None
    version: int
    created_at: datetime
    updated_at: datetime


_VIEW: AnySelect = (
    select(
        *columns(
            AppointmentView,
            Appointment,
            clinic_name=Clinic.name,
            time_zone=Clinic.time_zone,
            doctor_name=_DOCTOR.full_name,
            patient_name=_PATIENT.full_name,
            receptionist_name=_RECEPTIONIST.full_name,
            treatment_code=Treatment.code,
            treatment_name=Treatment.name,
        )
    )
    .join(Clinic, Clinic.clinic_id == Appointment.clinic_id)
    .join(_DOCTOR, _DOCTOR.user_id == Appointment.doctor_id)
    .join(_PATIENT, _PATIENT.user_id == Appointment.patient_id)
    .join(Treatment, Treatment.treatment_id == Appointment.treatment_id)
    .outerjoin(_RECEPTIONIST, _RECEPTIONIST.user_id == Appointment.receptionist_id)
)
_ONE = _VIEW.where(Appointment.appointment_id == bindparam("appointment_id"))

_FILTERS: Mapping[str, ColumnElement[bool]] = MappingProxyType(
    {
        "starts_from": Appointment.starts_at >= bindparam("starts_from"),
        "starts_before": Appointment.starts_at < bindparam("starts_before"),
        "statuses": Appointment.status.in_(bindparam("statuses", expanding=True)),
        "doctor_id": Appointment.doctor_id == bindparam("doctor_id"),
        "patient_id": Appointment.patient_id == bindparam("patient_id"),
        "clinic_id": Appointment.clinic_id == bindparam("clinic_id"),
        # Spelled so that the index gives the start; the row constructor (a, b) > (x, y) reads all of it.
        "after_start": and_(
            Appointment.starts_at >= bindparam("after_start"),
            or_(
                Appointment.starts_at > bindparam("after_start"),
                Appointment.appointment_id > bindparam("after_id"),
            ),
        ),
    }
)


@lru_cache(maxsize=128)
def _page_statement(filters: frozenset[str], clinics: int) -> AnySelect:
    """Built once for each set of filters in use: building costs more than running.

    The page is found first, from the index alone, and the names are joined to its rows only: else the server joins all
    rows from there on and sorts them. Of several clinics each gives a page, since the visits of all of them together
    are in no index.
    """
    found = (
        select(Appointment.appointment_id)
        .where(*(_FILTERS[name] for name in sorted(filters)))
        .order_by(Appointment.starts_at, Appointment.appointment_id)
        .limit(bindparam("page_limit"))
    )
    pages = [found.where(Appointment.clinic_id == bindparam(f"clinic_{number}")) for number in range(clinics)]
    page = union_all(*pages).subquery() if pages else found.subquery()
    return (
        _VIEW.join(page, page.c.appointment_id == Appointment.appointment_id)
        .order_by(Appointment.starts_at, Appointment.appointment_id)
        .limit(bindparam("page_limit"))
    )


_LEGACY: AnySelect = (
    select(
        _DOCTOR.user_name.label("doctor"),
        _RECEPTIONIST.user_name.label("receptionist"),
        _PATIENT.user_name.label("patient"),
        Appointment.starts_at,
        Clinic.time_zone,
    )
    .join(Clinic, Clinic.clinic_id == Appointment.clinic_id)
    .join(_DOCTOR, _DOCTOR.user_id == Appointment.doctor_id)
    .join(_PATIENT, _PATIENT.user_id == Appointment.patient_id)
    .outerjoin(_RECEPTIONIST, _RECEPTIONIST.user_id == Appointment.receptionist_id)
    .where(Appointment.status.in_(sorted(HOLDING)))
    .order_by(Appointment.starts_at, Appointment.appointment_id)
)

_KNOWN: AnySelect = select(
    func.coalesce(
        select(Doctor.user_id).where(Doctor.user_id == bindparam("doctor_id")).scalar_subquery(),
        # Who has left is no doctor of the catalogue any more; the visits are still there, for whoever may see one.
        select(Appointment.doctor_id).where(Appointment.doctor_id == bindparam("doctor_id")).limit(1).scalar_subquery(),
    ).label("doctor_id"),
    select(Patient.user_id).where(Patient.user_id == bindparam("patient_id")).scalar_subquery().label("patient_id"),
    select(Clinic.clinic_id).where(Clinic.clinic_id == bindparam("clinic_id")).scalar_subquery().label("clinic_id"),
    select(Clinic.time_zone).where(Clinic.clinic_id == bindparam("clinic_id")).scalar_subquery().label("time_zone"),
)
_NEW = insert(APPOINTMENT_ROWS)
_EVENT = insert(EVENT_ROWS)


class Appointments:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, **values: Any) -> int:
        """The id of a new appointment."""
        return insert_one(self._session, _NEW, values)

    def add_events(self, events: Sequence[Mapping[str, Any]]) -> None:
        """All columns of each, in one statement."""
        write(self._session, _EVENT, events)

    def get_one_or_none(self, appointment_id: int) -> AppointmentView | None:
        return fetch_one(self._session, AppointmentView, _ONE, {"appointment_id": appointment_id})

    def page(
        self, filters: Mapping[str, Any], *, limit: int, clinic_ids: Sequence[int] = ()
    ) -> Sequence[AppointmentView]:
        """Ordered by (starts_at, appointment_id). `filters` are any of starts_from, starts_before, statuses, doctor_id,
        patient_id, clinic_id, and after_start with after_id, the last row of the page before. `clinic_ids`, unless
        empty, are the clinics to look in.
        """
        statement = _page_statement(frozenset(filters) - {"after_id"}, len(clinic_ids))
        clinics = {f"clinic_{number}": clinic_id for number, clinic_id in enumerate(clinic_ids)}
        return fetch_all(self._session, AppointmentView, statement, {**filters, **clinics, "page_limit": limit})

    def from_local_midnight(self, since: Mapping[str, datetime], *, limit: int) -> Sequence[AnyRow]:
        """Rows of user names and start that hold their time, earliest first, each from its own zone's instant in
        `since` on.
        """
        own_midnight = or_(
            *(and_(Clinic.time_zone == zone, Appointment.starts_at >= instant) for zone, instant in since.items())
        )
        statement = _LEGACY.where(Appointment.starts_at >= min(since.values()), own_midnight).limit(limit)
        return self._session.execute(statement).all()

    def known(self, *, doctor_id: int | None, patient_id: int | None, clinic_id: int | None) -> AnyRow:
        """Which of the ids name something that the actor may see: doctor_id, patient_id and clinic_id, each NULL
        when not, and time_zone, the clinic's. A doctor who has left is one of whom the actor sees a visit.
        """
        ids = {"doctor_id": doctor_id, "patient_id": patient_id, "clinic_id": clinic_id}
        return self._session.execute(_KNOWN, ids).one()

    def resources_of(self, appointment_id: int) -> AnyRow | None:
        """doctor_id, patient_id and chair_id, and the clinic's policies and time_zone, read without a lock."""
        return self._session.execute(
            select(
                Appointment.doctor_id,
                Appointment.patient_id,
                Appointment.chair_id,
                Clinic.lead_minutes,
                Clinic.horizon_days,
                Clinic.cutoff_minutes,
                Clinic.time_zone,
            )
            .join(Clinic, Clinic.clinic_id == Appointment.clinic_id)
            .where(Appointment.appointment_id == appointment_id)
        ).one_or_none()

    def get_for_change(self, appointment_id: int) -> tuple[Appointment, bool] | None:
        """The entity, its row locked, and whether its patient has been erased, as it is now. Lock its doctor, patient
        and chair first (see claims.py): whoever erases holds the patient's lock.
        """
        row = self._session.execute(
            select(Appointment, _ERASED)
            .where(Appointment.appointment_id == appointment_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one_or_none()
        return None if row is None else (row[0], row[1] is not None)

    def cancel_all(
        self, appointment_ids: Sequence[int], *, reason: str, now: datetime
    ) -> Sequence[tuple[Appointment, Status]]:
        """Cancels them, their rows locked in the order of their ids, in two statements however many they are. Answers
        each as it is now, to be read only, with its status until then. For callers who have asked whether each may be
        cancelled, and hold the locks of get_for_change.
        """
        found = self._session.scalars(
            select(Appointment)
            .where(Appointment.appointment_id.in_(appointment_ids))
            .order_by(Appointment.appointment_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        changes = {"status": Status.CANCELLED, "cancel_reason": reason, "updated_at": now}
        self._session.execute(
            update(Appointment)
            .where(Appointment.appointment_id.in_([visit.appointment_id for visit in found]))
            .values(version=Appointment.version + 1, **changes),
            execution_options=UNSYNCED,
        )
        return [(visit, self._changed(visit, {**changes, "version": visit.version + 1})) for visit in found]

    def _changed(self, visit: Appointment, changes: Mapping[str, Any]) -> Status:
        """Away from the session, which would write each of them once more."""
        before = visit.status
        self._session.expunge(visit)
        for name, value in changes.items():
            setattr(visit, name, value)
        return before
