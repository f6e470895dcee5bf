"""Who is asking. Made from the database on every request, never from what a token says of a role."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    PATIENT = "PATIENT"
    DOCTOR = "DOCTOR"
    RECEPTIONIST = "RECEPTIONIST"


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller. `clinic_ids` are the clinics a receptionist or doctor works at, and empty for a patient."""

    user_id: int
    role: Role
    clinic_ids: tuple[int, ...] = ()

    @property
    def is_staff(self) -> bool:
        return self.role is not Role.PATIENT
