"""Has a visit registered again in its country."""

from lambda_function.db.repositories import appointments, registrations
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.errors import ContentionError, NoRegisterError, NotFoundError
from lambda_function.domain.messages import REGISTRATION_REQUESTED
from lambda_function.domain.permissions import Action, Subject, require
from lambda_function.services.guardians import lock_patient
from lambda_function.services.visits import tell


def register_again(work: UnitOfWork, appointment_id: int) -> AppointmentView:
    """Forgets the outcome and asks the register of the country to read the visit again. Its version stays the same.
    Returns the visit, which is PENDING now.

    Of the locks of a change it takes only the patient's, since the answer may be kept and names the patient: erasing
    holds that lock while it removes such answers and the name. Raises NotFoundError, ForbiddenError, NoRegisterError,
    and ContentionError if the patient was merged into another at the same time.
    """
    resources = appointments.resources_of(work.session, appointment_id)
    if resources is None:
        raise NotFoundError("There is no such appointment.")
    lock_patient(work, resources.patient_id)
    visit = appointments.find(work.session, appointment_id)
    if visit is None:
        raise NotFoundError("There is no such appointment.")
    if visit.patient_id != resources.patient_id:
        raise ContentionError("The patient was merged at the same time; try again.")
    require(work.actor, Action.REGISTER, Subject(visit.patient_id, visit.doctor_id, visit.clinic_id))
    if visit.register is None:
        raise NoRegisterError("The country of this appointment has no register, so there is nothing to be sent.")
    registrations.forget(work.session, appointment_id)
    tell(work, REGISTRATION_REQUESTED, [visit])
    return visit._replace(outcome=None, outcome_error=None, outcome_at=None)
