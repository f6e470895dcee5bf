"""No query sees more than the caller may, however it is written.

What each caller may see is computed again here, in Python from all rows, and compared with the result of every kind of
query.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Select, delete, exists, func, insert, inspect, select, text, union, update
from sqlalchemy.orm import Session, aliased

from lambda_function.db import scoping
from lambda_function.db.base import Base
from lambda_function.db.models import (
    Appointment,
    AppointmentEvent,
    CalendarToken,
    Clinic,
    FreedTime,
    Guardian,
    IdempotencyKey,
    IdempotencySubject,
    Link,
    LinkCode,
    Notification,
    OutboxMessage,
    Patient,
    PatientIdentifier,
    PersonEvent,
    PersonName,
    Recall,
    RecallEvent,
    Refusals,
    SlotClaim,
    TimeOff,
    User,
    WaitlistEntry,
)
from lambda_function.db.scoping import UNSCOPED, UnscopedStatementError
from lambda_function.domain.actor import Actor
from lambda_function.domain.appointment import Status
from lambda_function.domain.identifiers import IdentifierSystem
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.domain.people import Channel
from lambda_function.domain.recalls import RecallAction, RecallStatus
from lambda_function.domain.waitlist import WaitlistStatus
from tests.clock import NOW
from tests.db.expected import SCOPED, Expected, key
from tests.factories import Practice

PEOPLE = ("pat", "kim", "drjay", "drwu", "drsol", "rita", "rosa")


@pytest.fixture
def crowd(practice: Practice) -> Practice:
    """Adds people and visits of every kind that a scope must distinguish."""
    practice.add_patient("lima", clinics=(1,))
    practice.add_patient("santiago", clinics=(2,))
    practice.add_patient("nowhere")
    practice.add_patient("gone", clinics=(1, 2), active=False)
    practice.add_patient("erased", clinics=(1, 2), erased_at=NOW)
    practice.add_patient("merged", clinics=(1, 2), merged_into=1)
    practice.add_receptionist("both", clinics=(1, 2))
    practice.add_receptionist("none", clinics=())
    ids = practice.ids
    visits = [
        ("pat", "drjay", 1),
        ("kim", "drjay", 1),
        ("pat", "drwu", 1),
        ("pat", "drsol", 2),
        ("santiago", "drsol", 2),
    ]
    for number, (patient, doctor, clinic) in enumerate(visits, start=1):
        visit = practice.add_appointment(
            NOW + timedelta(days=number),
            patient_id=ids[patient],
            doctor_id=ids[doctor],
            clinic_id=clinic,
            status=Status.CANCELLED if number == 2 else Status.BOOKED,
        )
        practice.add(
            AppointmentEvent(
                appointment_id=visit.appointment_id, at=NOW, action="BOOK", to_status=Status.BOOKED, changes={}
            ),
            SlotClaim(
                kind=1, resource_id=visit.doctor_id, slot_at=visit.starts_at, appointment_id=visit.appointment_id
            ),
        )
    for doctor in ("drjay", "drsol"):
        until = NOW + timedelta(days=1)
        practice.add(TimeOff(doctor_id=ids[doctor], starts_at=NOW, ends_at=until, reason="Away", created_at=NOW))
    for add in (_add_families, _add_message, _add_recalls):
        add(practice)
    practice.add(LinkCode(user_id=ids["pat"], code_hash="0" * 64, created_at=NOW, expires_at=NOW))
    practice.add(Refusals(user_id=ids["pat"], kind="link", day=NOW.date(), count=1))
    practice.add(PersonEvent(user_id=ids["pat"], at=NOW, action="CHANGE", fields=["phone"]))
    practice.add(OutboxMessage(kind="appointment.booked", detail={}, created_at=NOW), _freed_time(ids))
    practice.add(
        *(CalendarToken(user_id=ids[name], token_hash=name.rjust(64, "0"), created_at=NOW) for name in PEOPLE[:5])
    )
    for name in PEOPLE:
        practice.add(_key_of(ids[name]))
        practice.add(_subject_of(ids["pat"], ids[name]))
    return practice


def _add_message(practice: Practice) -> None:
    """Adds a message with a link."""
    columns = {"kind": NotificationKind.BOOKED, "channel": Channel.EMAIL, "status": NotificationStatus.SENT}
    times = dict.fromkeys(("basis_at", "due_at", "created_at"), NOW)
    practice.add(
        Notification(
            notification_id=1, user_id=practice.ids["pat"], clinic_id=1, subject="booked:1", **columns, **times
        )
    )
    practice.add(Link(token_hash="0" * 64, notification_id=1, created_at=NOW))


def _add_recalls(practice: Practice) -> None:
    """Adds a recall of each kind of patient in each clinic, and what somebody did about it."""
    for patient in ("pat", "kim", "lima", "santiago", "nowhere", "gone"):
        for clinic, doctor in ((1, None), (1, "drwu"), (2, "drsol")):
            recall = Recall(
                patient_id=practice.ids[patient],
                treatment_id=1,
                clinic_id=clinic,
                doctor_id=None if doctor is None else practice.ids[doctor],
                due_on=NOW.date(),
                due_set_at=NOW,
                status=RecallStatus.DONE,
                created_at=NOW,
                updated_at=NOW,
            )
            practice.add(recall)
            event = RecallEvent(recall_id=recall.recall_id, at=NOW, action=RecallAction.OPEN, changes={})
            practice.add(event)


def _add_families(practice: Practice) -> None:
    """Adds wishes, a guardian for whose dependant the others of the crowd have rows, and identifiers of each system."""
    guardian = practice.add_patient("guardian")
    ids = practice.ids
    practice.add(*_wishes(ids))
    practice.add(
        Guardian(guardian_id=guardian.user_id, patient_id=ids["pat"], created_by=ids["rita"], created_at=NOW),
        Guardian(guardian_id=ids["nowhere"], patient_id=ids["gone"], created_by=ids["rita"], created_at=NOW),
    )
    for name in ("pat", "kim", "santiago", "guardian"):
        practice.add(
            PatientIdentifier(system=IdentifierSystem.NATIONAL_ID, scope="CL", value=name, user_id=ids[name]),
            PatientIdentifier(system=IdentifierSystem.CHART, scope="1", value=name, user_id=ids[name]),
            PatientIdentifier(system=IdentifierSystem.CHART, scope="2", value=name, user_id=ids[name]),
        )


def _key_of(user_id: int) -> IdempotencyKey:
    return IdempotencyKey(
        user_id=user_id,
        key_hash="0" * 64,
        request_hash="0" * 64,
        rights_hash="0" * 64,
        status=201,
        headers={},
        body="{}",
        created_at=NOW,
    )


def _subject_of(subject_id: int, user_id: int) -> IdempotencySubject:
    return IdempotencySubject(subject_id=subject_id, user_id=user_id, key_hash="0" * 64)


def _freed_time(ids: Mapping[str, int]) -> FreedTime:
    time = {"starts_at": NOW, "ends_at": NOW + timedelta(hours=1)}
    return FreedTime(doctor_id=ids["drjay"], clinic_id=1, occupied=True, created_at=NOW, **time)


def _wishes(ids: Mapping[str, int]) -> Iterator[WaitlistEntry]:
    """Adds wishes of each kind of patient: for any clinic, for each clinic, and for doctors of both."""
    for patient in ("pat", "kim", "lima", "santiago", "nowhere", "gone"):
        for doctor, clinic in ((None, None), (None, 1), (None, 2), ("drjay", None), ("drsol", None), ("drsol", 2)):
            yield WaitlistEntry(
                patient_id=ids[patient],
                treatment_id=1,
                doctor_id=None if doctor is None else ids[doctor],
                clinic_id=clinic,
                status=WaitlistStatus.WAITING,
                wished_from=NOW,
                wished_to=NOW + timedelta(days=1),
                created_at=NOW,
                updated_at=NOW,
            )


def _columns(mapped: Any, names: type[Any]) -> list[Any]:
    return [getattr(mapped, column.name) for column in inspect(names).primary_key]


def _ways(mapped: type[Any]) -> Mapping[str, Select[*tuple[Any, ...]]]:
    """Yields statements that each ask for the primary keys of all rows of a class."""
    alias = aliased(mapped)
    keys, alias_keys = _columns(mapped, mapped), _columns(alias, mapped)
    subquery = select(*keys).subquery()
    cte = select(*keys).cte()
    both = union(select(*keys), select(*alias_keys)).subquery()
    return {
        "columns": select(*keys),
        "alias": select(*alias_keys),
        "subquery": select(*subquery.c),
        "cte": select(*cte.c),
        "union": select(*both.c),
        "in": select(*alias_keys).where(alias_keys[0].in_(select(keys[0]))),
        "exists": select(*alias_keys).where(exists().where(keys[0] == alias_keys[0])),
        "joined to an open class": select(*keys).join(Clinic, Clinic.clinic_id > 0).distinct(),
        "behind an outer join": select(*keys).select_from(Clinic).outerjoin(mapped, Clinic.clinic_id > 0).distinct(),
    }


@pytest.mark.filterwarnings("ignore:SELECT statement has a cartesian product")
@pytest.mark.parametrize("user_name", [*PEOPLE, "both", "none", "nowhere", "guardian"])
def test_every_way_of_asking_shows_the_same_rows(
    crowd: Practice, sessions: Callable[[Actor | None], Session], user_name: str
) -> None:
    actor = crowd.actor(user_name)
    expected, session = Expected(crowd, actor), sessions(actor)
    for mapped in SCOPED:
        for way, statement in _ways(mapped).items():
            found = {tuple(row) for row in session.execute(statement)} - {(None,) * len(_columns(mapped, mapped))}
            assert found == expected.keys(mapped), f"{mapped.__name__} by {way}"


@pytest.mark.parametrize("user_name", PEOPLE)
def test_entities_are_scoped_as_columns_are(
    crowd: Practice, sessions: Callable[[Actor | None], Session], user_name: str
) -> None:
    actor = crowd.actor(user_name)
    expected, session = Expected(crowd, actor), sessions(actor)
    for mapped in SCOPED:
        for source in (mapped, aliased(mapped)):
            found = {key(mapped, entity) for entity in session.scalars(select(source))}
            assert found == expected.keys(mapped), mapped.__name__


def test_get_finds_nothing_that_is_hidden(crowd: Practice, sessions: Callable[[Actor | None], Session]) -> None:
    hidden = next(visit for visit in crowd.rows(Appointment) if visit.patient_id == crowd.ids["santiago"])
    assert sessions(crowd.actor("pat")).get(Appointment, hidden.appointment_id) is None


def test_counting_counts_what_is_visible(crowd: Practice, sessions: Callable[[Actor | None], Session]) -> None:
    session = sessions(crowd.actor("kim"))
    assert session.scalar(select(func.count()).select_from(Appointment)) == 1
    assert session.scalar(select(func.count(Appointment.appointment_id))) == 1


def test_a_scalar_subquery_is_scoped(crowd: Practice, sessions: Callable[[Actor | None], Session]) -> None:
    counted = select(func.count(Appointment.appointment_id)).scalar_subquery()
    assert sessions(crowd.actor("kim")).scalar(select(counted).select_from(Clinic).limit(1)) == 1


def test_the_names_in_a_visible_appointment_are_visible(
    crowd: Practice, sessions: Callable[[Actor | None], Session]
) -> None:
    statement = select(PersonName.full_name).join(Appointment, Appointment.patient_id == PersonName.user_id)
    assert set(sessions(crowd.actor("drsol")).scalars(statement)) == {"Pat Rojas", "Santiago"}


def test_a_name_says_no_more_than_names_and_that_somebody_has_none_any_more() -> None:
    assert set(inspect(PersonName).columns.keys()) == {
        "user_id",
        "user_name",
        "full_name",
        "erased_at",
        "merged_into",
    }


@pytest.mark.parametrize(
    "statement",
    [
        text("SELECT * FROM user"),
        select(User.__table__),
        select(text("1")),
        update(User).values(full_name="X"),
        delete(SlotClaim),
        insert(Patient).values(user_id=1),
    ],
    ids=["text", "core", "literal", "update", "delete", "insert"],
)
def test_what_cannot_be_scoped_is_refused(
    crowd: Practice, sessions: Callable[[Actor | None], Session], statement: Any
) -> None:
    with pytest.raises(UnscopedStatementError):
        sessions(crowd.actor("rita")).execute(statement)


def test_a_session_without_an_actor_sees_nothing(
    practice: Practice, sessions: Callable[[Actor | None], Session]
) -> None:
    with pytest.raises(UnscopedStatementError):
        sessions(None).execute(select(Clinic.clinic_id))


def test_unscoped_is_said_for_each_statement(crowd: Practice, sessions: Callable[[Actor | None], Session]) -> None:
    session = sessions(crowd.actor("kim"))
    everything = select(func.count()).select_from(Appointment)
    assert session.scalar(everything, execution_options=UNSCOPED) == 5
    assert session.scalar(everything) == 1


def test_every_mapped_class_is_either_scoped_or_open() -> None:
    mapped = {mapper.class_ for mapper in Base.registry.mappers}
    assert mapped == scoping.SCOPED | scoping.OPEN
    assert not scoping.SCOPED & scoping.OPEN
    assert set(SCOPED) == scoping.SCOPED
