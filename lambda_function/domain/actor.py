"""The caller. It is read from the database on every request; a role that a token names is never trusted."""

from dataclasses import dataclass
from enum import StrEnum

_NOBODY = 0


class Role(StrEnum):
    """The role of a person, which decides what the person may do and see."""

    PATIENT = "PATIENT"
    DOCTOR = "DOCTOR"
    RECEPTIONIST = "RECEPTIONIST"


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller. `clinic_ids` are the clinics a receptionist or doctor works at, and empty for a patient.
    `dependant_ids` are the patients for whom a patient acts as a guardian, and empty for staff.
    """

    user_id: int
    role: Role
    clinic_ids: tuple[int, ...] = ()
    dependant_ids: tuple[int, ...] = ()

    @property
    def patient_ids(self) -> tuple[int, ...]:
        """The people as whom the caller acts: the caller, and the caller's dependants."""
        return (self.user_id, *self.dependant_ids)

    def as_guardian_of(self, patient_id: int) -> int | None:
        """The caller's id for something that a patient does for another patient. None for those who act for themselves,
        and for staff.
        """
        return self.user_id if self.role is Role.PATIENT and patient_id != self.user_id else None

    @property
    def is_staff(self) -> bool:
        return self.role is not Role.PATIENT

    @property
    def is_user(self) -> bool:
        """Whether the caller is an API user. Operators are not, so the history names nobody for what they do."""
        return self.user_id != _NOBODY


def operator(clinic_ids: tuple[int, ...]) -> Actor:
    """The actor for operators, who are not API users: they act like a receptionist of all clinics."""
    return Actor(_NOBODY, Role.RECEPTIONIST, clinic_ids)
