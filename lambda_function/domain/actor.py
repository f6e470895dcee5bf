"""Who is asking. Made from the database on every request, never from what a token says of a role."""

from dataclasses import dataclass
from enum import StrEnum

_NOBODY = 0


class Role(StrEnum):
    """What a person is to the clinics; it decides what the person may do and see."""

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

    @property
    def is_user(self) -> bool:
        """Operators are not: the history names nobody for what they do."""
        return self.user_id != _NOBODY


def operator(clinic_ids: tuple[int, ...]) -> Actor:
    """Operators are no users. Where they do what a reception can do, they do it as that of all clinics."""
    return Actor(_NOBODY, Role.RECEPTIONIST, clinic_ids)
