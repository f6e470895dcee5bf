"""Every state of a page, in HTML, without a database."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.repositories.message_facts import ClinicFacts, Contact, OfferFacts, RecallFacts
from lambda_function.domain import errors
from lambda_function.domain.appointment import EventAction, Status
from lambda_function.domain.errors import DomainError
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Language
from lambda_function.domain.recalls import RecallStatus
from lambda_function.domain.waitlist import WaitlistStatus
from lambda_function.pages.rendering import error_page, visit_page
from lambda_function.services.links.acting import LinkAction
from lambda_function.services.links.opening import Ended, LinkEndedError, OpenedLink
from lambda_function.services.links.showing import Shown
from lambda_function.services.links.times import Day, Times
from lambda_function.web.errors import EdgeError
from tests.clock import NOW

# Ten in the morning of a Tuesday in Lima.
STARTS_AT = datetime(2030, 1, 8, 15, tzinfo=UTC)
_CHANGES = {LinkAction.MOVE, LinkAction.CANCEL}

VISIT = AppointmentView(
    appointment_id=7,
    status=Status.BOOKED,
    starts_at=STARTS_AT,
    ends_at=STARTS_AT + timedelta(minutes=30),
    clinic_id=1,
    clinic_name="Lima Dental",
    country="PE",
    time_zone="America/Lima",
    doctor_id=3,
    doctor_name="Luz Quispe",
    patient_id=11,
    patient_name="Ana Torres",
    receptionist_id=None,
    receptionist_name=None,
    treatment_id=1,
    treatment_code="CHECKUP",
    treatment_name="Check-up",
    chair_id=None,
    patient_note=None,
    internal_note=None,
    cancel_reason=None,
    override_reason=None,
    version=1,
    created_at=NOW,
    updated_at=NOW,
    attendance_confirmed_at=None,
    register=None,
)
OFFER = OfferFacts(
    waitlist_id=5,
    patient_id=11,
    treatment_name="Check-up",
    doctor_name="Luz Quispe",
    status=WaitlistStatus.OFFERED,
    appointment_id=None,
    offer_doctor_id=7,
    offer_starts_at=STARTS_AT,
    offer_ends_at=STARTS_AT + timedelta(minutes=30),
    offer_expires_at=NOW + timedelta(hours=2),
)
RECALL = RecallFacts(
    recall_id=4,
    patient_id=11,
    treatment_id=1,
    treatment_name="Check-up",
    treatment_active=True,
    clinic_id=1,
    doctor_id=3,
    due_on=date(2030, 1, 21),
    status=RecallStatus.OPEN,
    appointment_id=None,
    unfinished=False,
)
CLINIC = ClinicFacts(
    clinic_id=1,
    name="Lima Dental",
    address="Av. Larco 345, Miraflores, Lima",
    phone="+51 1 234 5678",
    email="hola@lima.example",
    language=Language.EN,
    time_zone="America/Lima",
    quiet_from_minute=None,
    quiet_to_minute=None,
    cutoff_minutes=1440,
    active=True,
)
PERSON = Contact(
    asked_id=11,
    user_id=11,
    full_name="Ana Torres",
    email="ana@example.org",
    phone=None,
    language=None,
    contact_by=None,
    bounced_email_hash=None,
    recalls=None,
    active=True,
)


def times(doctors: int = 3, days: int = 5, starts: int = 8, *, more: bool = True) -> Times:
    first = date(2030, 1, 9)
    return Times(
        doctor_id=3,
        doctors={3: "Luz Quispe", **{10 + each: f"Alejandro Villanueva {each}" for each in range(1, doctors)}},
        days=[
            Day(
                first + timedelta(days=day),
                [datetime(2030, 1, 9 + day, 13, tzinfo=UTC) + timedelta(minutes=5 * each) for each in range(starts)],
                more,
            )
            for day in range(days)
        ],
        earlier=False,
        later=first + timedelta(days=days),
    )


def shown(
    language: Language = Language.EN,
    *,
    visit: Mapping[str, Any] | None = None,
    offer: Mapping[str, Any] | None = None,
    clinic: Mapping[str, Any] | None = None,
    person: Mapping[str, Any] | None = None,
    **more: Any,
) -> Shown:
    """Returns what a page shows: by default, a booked visit that the patient can confirm, move and cancel."""
    opened = OpenedLink(
        kind=NotificationKind.OFFER if offer is not None else NotificationKind.BOOKED,
        person=PERSON._replace(**{"language": language, **(person or {})}),
        clinic=CLINIC._replace(**(clinic or {})),
        visit=None if offer is not None else VISIT._replace(**(visit or {})),
        offer=None if offer is None else OFFER._replace(**offer),
    )
    given = {"actions": frozenset({LinkAction.CONFIRM, *_CHANGES}), "times": times(), **more}
    return Shown(opened=opened, patient_name="Ana Torres", seen="7.2030-01-08T15:00:00Z.3", **given)


def _cancelled(language: Language, **more: Any) -> Shown:
    visit = {"status": Status.CANCELLED}
    return shown(language, visit=visit, actions=frozenset({LinkAction.BOOK}), **more)


def _recall(language: Language, **more: Any) -> Shown:
    page = shown(language, actions=frozenset({LinkAction.BOOK}), **more)
    return replace(page, opened=replace(page.opened, kind=NotificationKind.RECALL, visit=None, recall=RECALL))


def _closed(language: Language, status: Status, error: DomainError, *actions: LinkAction) -> Shown:
    return shown(language, visit={"status": status}, actions=frozenset(actions), unchangeable=error, times=None)


def _past_cutoff(language: Language) -> Shown:
    return _closed(language, Status.BOOKED, _PAST_CUTOFF, LinkAction.CONFIRM)


def _offer(language: Language, **more: Any) -> Shown:
    return shown(language, offer={}, actions=frozenset({LinkAction.ACCEPT}), times=None, **more)


_CONFIRMED = {"attendance_confirmed_at": NOW}
_GUARDIAN = {"user_id": 12, "full_name": "Rosa Quispe"}
_LONG = "Maximiliana" * 10
_PAST_CUTOFF = errors.PastCutoffError("Too late.")
_ARRIVED = errors.InvalidTransitionError("Arrived.")
SHOWN: Mapping[str, Callable[[Language], Shown]] = {
    "booked": shown,
    "booked_guardian": lambda language: shown(language, person=_GUARDIAN),
    "confirmed": lambda language: shown(language, visit=_CONFIRMED, actions=frozenset(_CHANGES)),
    "requested": lambda language: shown(
        language, visit={"status": Status.REQUESTED}, actions=frozenset(_CHANGES), person={"recalls": False}
    ),
    "choosing": lambda language: shown(language, searched=True),
    "choosing_a_day": lambda language: shown(
        language, searched=True, times=replace(times(1, 1, 96), only=date(2030, 1, 9))
    ),
    "past_cutoff": _past_cutoff,
    "cancelled": _cancelled,
    "checked_in": lambda language: _closed(language, Status.CHECKED_IN, _ARRIVED),
    "no_show": lambda language: _closed(language, Status.NO_SHOW, _ARRIVED),
    "offer": _offer,
    "offer_guardian": lambda language: _offer(language, person=_GUARDIAN),
    "recall": _recall,
    "recall_guardian": lambda language: _recall(language, person=_GUARDIAN),
    "recall_later": lambda language: _recall(language, due_later=True),
    "recall_cancelled": lambda language: _recall(language, done=EventAction.CANCEL),
    "recall_no_times": lambda language: _recall(language, times=replace(times(1), days=[], later=None)),
    "recall_nobody": lambda language: _recall(language, times=None, clinic={"time_zone": "Lima/Miraflores"}),
    "just_confirmed": lambda language: shown(
        language, visit=_CONFIRMED, actions=frozenset(_CHANGES), done=EventAction.CONFIRM_ATTENDANCE
    ),
    "just_moved": lambda language: shown(language, done=EventAction.MOVE),
    "just_moved_request": lambda language: shown(
        language, visit={"status": Status.REQUESTED}, actions=frozenset(_CHANGES), done=EventAction.MOVE
    ),
    "just_cancelled": lambda language: _cancelled(language, done=EventAction.CANCEL),
    "just_booked": lambda language: shown(language, done=EventAction.BOOK),
    "no_times_now": lambda language: shown(
        language, searched=True, times=replace(times(), days=[], later=date(2030, 2, 7))
    ),
    "no_times": lambda language: _cancelled(language, times=replace(times(1), days=[], later=None)),
    "nobody_to_choose": lambda language: _cancelled(language, times=None),
    "none_on_a_day": lambda language: shown(
        language, searched=True, times=replace(times(), days=[], only=date(2030, 1, 9))
    ),
    "no_more_times": lambda language: shown(
        language, searched=True, times=replace(times(), days=[], earlier=True, later=None)
    ),
    "none_with_this_doctor": lambda language: shown(language, times=replace(times(), days=[], later=None)),
    "unknown_zone": lambda language: shown(
        language, clinic={"time_zone": "Lima/Miraflores"}, actions=frozenset(_CHANGES), times=None
    ),
    "just_confirmed_guardian": lambda language: shown(
        language,
        visit=_CONFIRMED,
        actions=frozenset(_CHANGES),
        person=_GUARDIAN,
        done=EventAction.CONFIRM_ATTENDANCE,
    ),
    "no_contact": lambda language: shown(
        language,
        clinic={"address": None, "phone": None, "email": None},
        actions=frozenset(),
        unchangeable=_PAST_CUTOFF,
        times=None,
    ),
    "only_email": lambda language: shown(
        language, clinic={"phone": None}, actions=frozenset(), unchangeable=_PAST_CUTOFF, times=None
    ),
    "long": lambda language: shown(
        language,
        visit={"doctor_name": _LONG, "treatment_name": _LONG},
        clinic={"name": _LONG, "address": _LONG, "email": f"{_LONG}@example.org", "phone": "+1 " + "2345 " * 5},
        person=_GUARDIAN,
        searched=True,
        times=replace(times(), doctors={3: _LONG, 4: _LONG}),
    ),
    "right_to_left": lambda language: shown(
        language,
        visit={"doctor_name": "د. ليلى حداد", "treatment_name": "בדיקה <b>"},
        clinic={"name": "מרפאת שיניים 24"},
        person=_GUARDIAN,
    ),
}
REFUSALS: Mapping[str, tuple[Callable[[Language], Shown], DomainError]] = {
    "refused_busy": (shown, errors.DoctorBusyError("Busy.")),
    "refused_offer": (_offer, errors.DoctorBusyError("Busy.")),
    "refused_cutoff": (_past_cutoff, _PAST_CUTOFF),
    "refused_stale": (shown, errors.StaleVersionError("Changed.")),
    "refused_reason": (shown, errors.InvalidInputError("Too long.", field="reason")),
    "refused_otherwise": (shown, errors.ForbiddenError("No.")),
}
ENDINGS: Mapping[str, Callable[[Language], DomainError]] = {
    "ended": lambda language: LinkEndedError(language, CLINIC, Ended.VISIT, recalls_stopped=True),
    "ended_offer": lambda language: LinkEndedError(language, CLINIC, Ended.OFFER, recalls_stopped=False),
    "ended_recall": lambda language: LinkEndedError(language, CLINIC, Ended.RECALL, recalls_stopped=False),
    "ended_recall_stopped": lambda language: LinkEndedError(language, CLINIC, Ended.RECALL, recalls_stopped=True),
    "wrong_link": lambda _: errors.NotFoundError("Nowhere."),
    "too_many_tries": lambda _: errors.ThrottledError("Wait."),
    "busy": lambda _: errors.ContentionError("Again."),
    "our_error": lambda _: EdgeError("internal_error", "Ours."),
    "bad_request": lambda _: EdgeError("unsupported_media_type", "A form."),
}


def pages() -> Mapping[str, str]:
    """Returns all pages in both languages, as HTML, by a name such as `booked.es`."""
    found = {}
    for language in Language:
        event: Any = {"headers": {"accept-language": f"{language},fr;q=0.5"}}
        for name, make in SHOWN.items():
            found[f"{name}.{language}"] = visit_page(make(language))
        for name, (make, refusal) in REFUSALS.items():
            found[f"{name}.{language}"] = visit_page(make(language), refusal, "I am <ill>.\n" * 80)
        for name, ending in ENDINGS.items():
            found[f"{name}.{language}"] = error_page(ending(language), event)
    return found
