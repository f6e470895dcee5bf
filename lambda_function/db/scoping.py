"""Limits every statement of a caller's session to the rows that the caller may see.

The listener adds the criteria of all scoped classes to every ORM select, whatever the statement mentions, because
criteria only on mentioned classes leak through eager loads. It refuses every other statement, because nothing would
scope it. `UNSCOPED` is for the few repositories that must see or change all rows. They return columns, never entities.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import (
    Executable,
)
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.interfaces import ORMOption

from lambda_function.db.criteria import CRITERIA, Criterion, caller_values
from lambda_function.db.models import (
    AppointmentRegistration,
    Chair,
    Clinic,
    ClinicMessage,
    Closure,
    Country,
    DoctorTreatment,
    IdempotencyLock,
    ImportLock,
    Installation,
    OfferLock,
    PersonName,
    RecallSweep,
    Treatment,
    UserType,
    WorkingHours,
    WorkingHoursException,
)
from lambda_function.domain.actor import Actor, Role

UNSCOPED: Mapping[str, Any] = MappingProxyType({"unscoped": True})
# For an UPDATE or DELETE of many rows, which does not bring the session's entities up to date.
UNSYNCED: Mapping[str, Any] = MappingProxyType({**UNSCOPED, "synchronize_session": False})
_ACTOR = "actor"


class UnscopedStatementError(RuntimeError):
    """No criteria can be added to the statement, or the session has no actor. This is a defect of ours."""


SCOPED = frozenset(CRITERIA)
# Classes that everybody may read completely: the catalogue, names in visible rows, outcomes of registrations, which are
# read only beside their appointments, the id of the installation, and locks, which reveal nothing.
OPEN = frozenset(
    {
        AppointmentRegistration,
        Clinic,
        ClinicMessage,
        Chair,
        Closure,
        Country,
        Treatment,
        DoctorTreatment,
        WorkingHours,
        WorkingHoursException,
        PersonName,
        UserType,
        Installation,
        IdempotencyLock,
        ImportLock,
        OfferLock,
        RecallSweep,
    }
)


def _option(mapped: type[Any], role: Role) -> ORMOption:
    """Returns the criteria as a function, because SQLAlchemy adapts nothing else to aliases. It caches the function's
    result by the function's code, and looks into closures and globals for values to bind. This function therefore has
    neither, and has its own code object: with a shared one, the criteria of the first role would serve every role.
    """

    def criterion(row: Any, build: Callable[[Any, Role], Criterion] = CRITERIA[mapped], role: Role = role) -> Criterion:
        return build(row, role)

    criterion.__code__ = criterion.__code__.replace(co_name=f"{mapped.__name__}_as_{role}")
    return with_loader_criteria(mapped, criterion, include_aliases=True)


_OPTIONS: Mapping[Role, tuple[ORMOption, ...]] = MappingProxyType(
    {role: tuple(_option(mapped, role) for mapped in CRITERIA) for role in Role}
)
# The keys are weak, so an entry goes with its statement. No value refers to the statement from which it was made.
_SCOPED: Mapping[Role, WeakKeyDictionary[Executable, Executable]] = MappingProxyType(
    {role: WeakKeyDictionary() for role in Role}
)


def act_as(session: Session, actor: Actor) -> None:
    """Limits the session to what the actor may see, from here on."""
    session.info[_ACTOR] = actor


def _scoped(statement: Executable, role: Role) -> Executable:
    """Returns the statement with the criteria of the role. It is made once for each statement of a module, because
    making the criteria and hashing the result for SQLAlchemy's cache costs as much as the rest of the call.
    """
    known = _SCOPED[role]
    found = known.get(statement)
    if found is None:
        found = known[statement] = statement.options(*_OPTIONS[role])
    return found


def scope(state: ORMExecuteState) -> None:
    """Limits a statement. This is the `do_orm_execute` listener of every session: see the module's docstring."""
    if state.execution_options.get("unscoped"):
        return
    actor: Actor | None = state.session.info.get(_ACTOR)
    if actor is None or not state.is_orm_statement or not state.is_select:
        raise UnscopedStatementError("only ORM selects of a known actor are scoped; see db/scoping.py")
    state.statement = _scoped(state.statement, actor.role)
    given = state.parameters
    caller = caller_values(actor)
    state.parameters = {**given, **caller} if isinstance(given, Mapping) else caller
