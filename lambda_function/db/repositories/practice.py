"""The practice as operators see and change it: all rows, whoever's they are. Only services/practice calls this, and no
route leads there.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow, AnySelect
from lambda_function.db.errors import duplicate
from lambda_function.db.models import (
    Appointment,
    Chair,
    Clinic,
    Closure,
    Doctor,
    DoctorTreatment,
    Receptionist,
    ReceptionistClinic,
    Treatment,
    User,
    WorkingHours,
)
from lambda_function.db.scoping import UNSCOPED, UNSYNCED
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import HOLDING
from lambda_function.domain.errors import NameTakenError
from lambda_function.domain.user_names import folded

_PERSON = (User.user_id, User.user_name, User.full_name, User.email, User.phone, User.active)


class PracticeRows:
    def __init__(self, session: Session) -> None:
        self._session = session

    def treatments(self) -> Sequence[AnyRow]:
        return self._all(
            select(
                Treatment.treatment_id,
                Treatment.code,
                Treatment.name,
                Treatment.duration_minutes,
                Treatment.buffer_before_minutes,
                Treatment.buffer_after_minutes,
                Treatment.needs_approval,
                Treatment.price,
                Treatment.active,
            )
        )

    def clinics(self) -> Sequence[AnyRow]:
        return self._all(
            select(
                Clinic.clinic_id,
                Clinic.name,
                Clinic.country,
                Clinic.time_zone,
                Clinic.lead_minutes,
                Clinic.horizon_days,
                Clinic.cutoff_minutes,
                Clinic.slot_step_minutes,
                Clinic.offer_minutes,
                Clinic.max_open_visits,
                Clinic.active,
            )
        )

    def chairs(self) -> Sequence[AnyRow]:
        return self._all(select(Chair.clinic_id, Chair.chair_id, Chair.name, Chair.active))

    def closures(self) -> Sequence[AnyRow]:
        return self._all(select(Closure.clinic_id, Closure.first_day, Closure.last_day, Closure.reason))

    def doctors(self) -> Sequence[AnyRow]:
        return self._all(
            select(*_PERSON, Doctor.clinic_id, Doctor.default_treatment_id)
            .join(Doctor, Doctor.user_id == User.user_id)
            .where(User.user_type == Role.DOCTOR)
        )

    def offers(self) -> Sequence[AnyRow]:
        return self._all(select(DoctorTreatment.doctor_id, DoctorTreatment.treatment_id))

    def hours(self) -> Sequence[AnyRow]:
        return self._all(
            select(
                WorkingHours.doctor_id,
                WorkingHours.weekday,
                WorkingHours.start_minute,
                WorkingHours.end_minute,
                WorkingHours.valid_from,
                WorkingHours.valid_to,
            )
        )

    def receptionists(self) -> Sequence[AnyRow]:
        return self._all(
            select(*_PERSON)
            .join(Receptionist, Receptionist.user_id == User.user_id)
            .where(User.user_type == Role.RECEPTIONIST)
        )

    def works_at(self) -> Sequence[AnyRow]:
        return self._all(select(ReceptionistClinic.receptionist_id, ReceptionistClinic.clinic_id))

    def roles(self, user_names: Collection[str]) -> dict[str, Role]:
        """What those of the names are that somebody has, in capital or small letters; in the spelling that is asked."""
        asked = {folded(name): name for name in user_names}
        rows = self._all(select(User.user_name, User.user_type).where(User.user_name.in_(sorted(user_names))))
        return {asked[folded(row.user_name)]: row.user_type for row in rows if folded(row.user_name) in asked}

    def visits_ahead(self, now: datetime, **ids: Collection[int]) -> Sequence[AnyRow]:
        """Rows of appointment_id, starts_at and ends_at, by id, of what holds time and has not begun. `ids` are
        columns of the appointment, `doctor_id=[…]`, and all of them must fit.
        """
        wanted = [getattr(Appointment, column).in_(sorted(values)) for column, values in ids.items()]
        return self._all(
            select(Appointment.appointment_id, Appointment.starts_at, Appointment.ends_at)
            .where(Appointment.starts_at > now, Appointment.status.in_(sorted(HOLDING)), *wanted)
            .order_by(Appointment.appointment_id)
        )

    def add(self, *rows: Any) -> None:
        """Raises NameTakenError when something else has such a name."""
        self._session.add_all(rows)
        try:
            self._session.flush()
        except IntegrityError as error:
            if duplicate(error) is None:
                raise
            raise NameTakenError(
                "A new name is taken: capital letters and accents do not tell names of clinics and chairs apart, or "
                "somebody else has just added it."
            ) from None

    def change(self, key: Any, row_id: int, values: Mapping[str, Any]) -> None:
        """Sets columns of the row that `key`, the class's primary key, has as its value."""
        mapped = key.class_
        if hasattr(mapped, "version"):
            values = {**values, "version": mapped.version + 1}
        self._session.execute(update(mapped).where(key == row_id).values(values), execution_options=UNSYNCED)

    def set_chairs(self, clinic_id: int, names: Collection[str]) -> None:
        known = {row.name for row in self._all(select(Chair.name).where(Chair.clinic_id == clinic_id))}
        for named, active in ((Chair.name.in_(names), True), (Chair.name.not_in(names), False)):
            self._session.execute(
                update(Chair).where(Chair.clinic_id == clinic_id, named).values(active=active),
                execution_options=UNSYNCED,
            )
        self.add(*(Chair(clinic_id=clinic_id, name=name) for name in names if name not in known))

    def set_offer(self, doctor_id: int, treatment_ids: Collection[int]) -> None:
        """A default treatment that is no longer offered is none any more."""
        self._session.execute(
            update(Doctor)
            .where(Doctor.user_id == doctor_id, Doctor.default_treatment_id.not_in(treatment_ids))
            .values(default_treatment_id=None),
            execution_options=UNSYNCED,
        )
        offered = DoctorTreatment.doctor_id == doctor_id
        self._session.execute(
            delete(DoctorTreatment).where(offered, DoctorTreatment.treatment_id.not_in(treatment_ids)),
            execution_options=UNSYNCED,
        )
        known = {row.treatment_id for row in self._all(select(DoctorTreatment.treatment_id).where(offered))}
        self.add(*(DoctorTreatment(doctor_id=doctor_id, treatment_id=new) for new in treatment_ids if new not in known))

    def replace(self, owner: Any, owner_id: int, rows: Iterable[Any]) -> None:
        """The rows whose column `owner`, such as Closure.clinic_id, is the id, instead of those that there are."""
        self._session.execute(delete(owner.class_).where(owner == owner_id), execution_options=UNSYNCED)
        self.add(*rows)

    def _all(self, statement: AnySelect | Any) -> Sequence[AnyRow]:
        return self._session.execute(statement, execution_options=UNSCOPED).all()
