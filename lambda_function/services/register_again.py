"""Has a visit registered again in its country."""

from lambda_function.db.repositories import appointments, registrations
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.errors import NoRegisterError, NotFoundError
from lambda_function.domain.messages import REGISTRATION_REQUESTED
from lambda_function.domain.permissions import Action, Subject, require
from lambda_function.services.visits import tell


def register_again(work: UnitOfWork, appointment_id: int) -> AppointmentView:
    """Forgets the outcome and asks the register of the country to read the visit again. Its version stays the same, and
    it takes none of the locks of a change. Returns the visit, which is PENDING now.

    Raises NotFoundError, ForbiddenError and NoRegisterError.
    """
    visit = appointments.find(work.session, appointment_id)
    if visit is None:
        raise NotFoundError("There is no such appointment.")
    require(work.actor, Action.REGISTER, Subject(visit.patient_id, visit.doctor_id, visit.clinic_id))
    if visit.register is None:
        raise NoRegisterError("The country of this appointment has no register, so there is nothing to be sent.")
    registrations.forget(work.session, appointment_id)
    tell(work, REGISTRATION_REQUESTED, [visit])
    return visit._replace(outcome=None, outcome_error=None, outcome_at=None)
