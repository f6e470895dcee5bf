"""The differences between a declared practice and the current one, its conflicts, and what else an operator should
know.

Planning only reads. services/practice/apply plans again under the locks of bookings.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from lambda_function.db.repositories.practice import name_weights, roles, with_visits
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import ContentionError
from lambda_function.services.practice.changes import PracticeChange, Things, afterwards, changes_between
from lambda_function.services.practice.conflicts import Conflict, VisitsAhead, affected_doctors, conflicts_of
from lambda_function.services.practice.declaration import Declaration
from lambda_function.services.practice.read_declaration import DeclarationError, NamesTakenError, Problem
from lambda_function.services.practice.state import Kind, State, countries_taken_out, declared_fields, read_state
from lambda_function.services.practice.suggestions import did_you_mean, listed
from lambda_function.services.working_hours import visits_outside_hours

_ROLES = {Kind.DOCTOR: Role.DOCTOR, Kind.RECEPTIONIST: Role.RECEPTIONIST}


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan. `outside_hours` are ids of appointments by the doctor's user name. `zone_moves` are the numbers of future
    appointments, by clinic, that stay at their instants while the clinic's clocks change. `not_in_file` is what is in
    use but not in the declaration, and stays as it is. `state` is what the plan was made from; `after` is the result.
    """

    changes: Sequence[PracticeChange]
    conflicts: Sequence[Conflict]
    outside_hours: Mapping[str, Sequence[int]]
    zone_moves: Mapping[str, int]
    not_in_file: Mapping[Kind, Sequence[str]]
    state: State
    after: Things

    def refused(self, *, accept_conflicts: bool) -> list[Conflict]:
        return [each for each in self.conflicts if not (each.acceptable and accept_conflicts)]


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The current practice, the wanted one, the resulting one, and the changes between them."""

    state: State
    wanted: Things
    after: Things
    changes: Sequence[PracticeChange]


def _compare(session: Session, declaration: Declaration) -> _Comparison:
    wanted = declared_fields(declaration)
    state = read_state(session).spelled_as(wanted)
    wanted[Kind.COUNTRY] |= countries_taken_out(declaration, state)
    after = afterwards(state, wanted)
    problems = [
        *_wrong_roles(session, state, wanted),
        *_unknown_references(after, wanted),
        *_other_countries(session, state, wanted),
    ]
    if problems:
        raise DeclarationError(problems)
    if taken := [*_taken_names(session, state, wanted)]:
        raise NamesTakenError(taken)
    return _Comparison(state, wanted, after, changes_between(state, wanted))


def doctors_to_lock(work: UnitOfWork, declaration: Declaration) -> frozenset[int]:
    """Returns the ids of the doctors whose visits the declaration may affect. Raises what make_plan raises."""
    comparison = _compare(work.session, declaration)
    return affected_doctors(comparison.changes, comparison.state)


def make_plan(work: UnitOfWork, declaration: Declaration) -> Plan:
    """Raises DeclarationError if the declaration refers to what neither it nor the practice has, and ContentionError if
    another transaction has just created it.
    """
    comparison = _compare(work.session, declaration)
    state, wanted, after, changes = comparison.state, comparison.wanted, comparison.after, comparison.changes
    ahead = VisitsAhead(work.session, work.now)
    moved = [each.name for each in changes if "time_zone" in each.new and not each.created]
    return Plan(
        changes=changes,
        conflicts=[conflict for change in changes for conflict in conflicts_of(change, state, after, ahead)],
        outside_hours=_outside(work, state, after, [each for each in changes if "hours" in each.new], moved),
        zone_moves={name: len(ahead.of(clinic_id=state.ids[Kind.CLINIC][name])) for name in moved},
        not_in_file={
            kind: [name for name, each in state.things[kind].items() if each["active"] and name not in wanted[kind]]
            for kind in Kind
        },
        state=state,
        after=after,
    )


def _wrong_roles(session: Session, state: State, wanted: Things) -> Iterator[Problem]:
    for kind, role in _ROLES.items():
        for name, found in roles(session, wanted[kind].keys() - state.things[kind].keys()).items():
            if found is role:
                raise ContentionError("Another operator is changing the practice; try again.")
            what_next = f"take another one, or make that person a {role.lower()} with `users set-type` first"
            yield (kind.section, name), f"is the user name of a {found.lower()}; {what_next}"


def _taken_names(session: Session, state: State, wanted: Things) -> Iterator[Problem]:
    """Returns new clinics and chairs whose names the database considers equal to others, as it does when they differ
    only in capital letters and accents.
    """
    new_clinics = wanted[Kind.CLINIC]
    new_chairs = {chair for clinic in new_clinics.values() for chair in clinic.get("chairs", ())}
    known_chairs = {chair for _, chair in state.chair_ids}
    names = {*state.things[Kind.CLINIC], *new_clinics, *known_chairs, *new_chairs}
    weights = name_weights(session, names)
    clinics = {weights[name]: name for name in state.things[Kind.CLINIC]}
    chairs = {(clinic, weights[chair]): chair for clinic, chair in state.chair_ids}
    for name, clinic in new_clinics.items():
        first = clinics.setdefault(weights[name], name)
        if first != name:
            yield (Kind.CLINIC.section, name), _taken("clinic", first)
        for chair in clinic.get("chairs", ()):
            first = chairs.setdefault((name, weights[chair]), chair)
            if first != chair:
                yield (Kind.CLINIC.section, name, "chairs"), f"{chair}: {_taken('chair', first)}"


def _taken(noun: str, name: str) -> str:
    return f"the name is taken by the {noun} {name}: capital letters and accents make no difference; take another name"


def _unknown_references(after: Things, wanted: Things) -> Iterator[Problem]:
    """Returns references that lead nowhere, in the entries that the declaration names."""
    clinics, treatments = after[Kind.CLINIC], after[Kind.TREATMENT]
    for name in wanted[Kind.DOCTOR]:
        doctor = after[Kind.DOCTOR][name]
        at = (Kind.DOCTOR.section, name)
        if doctor["clinic"] not in clinics:
            yield (*at, "clinic"), _unknown("clinic", doctor["clinic"], clinics)
        for code in doctor.get("treatments", ()):
            if code not in treatments:
                yield (*at, "treatments"), _unknown("treatment", code, treatments)
        default = doctor.get("default_treatment")
        if default is not None and default not in doctor.get("treatments", ()):
            offered = listed(doctor.get("treatments", ())) or "none"
            yield (*at, "default_treatment"), f"{default} is not among the doctor's treatments, which are: {offered}"
    for name in wanted[Kind.RECEPTIONIST]:
        for clinic in after[Kind.RECEPTIONIST][name]["clinics"]:
            if clinic not in clinics:
                yield (Kind.RECEPTIONIST.section, name, "clinics"), _unknown("clinic", clinic, clinics)


def _other_countries(session: Session, state: State, wanted: Things) -> Iterator[Problem]:
    """Returns clinics that have visits and would change their country, in whose register the visits are."""
    known = state.things[Kind.CLINIC]
    moved = {
        state.ids[Kind.CLINIC][name]: (name, known[name]["country"], clinic["country"])
        for name, clinic in wanted[Kind.CLINIC].items()
        if name in known and clinic["country"] != known[name]["country"]
    }
    if not moved:
        return
    for clinic_id in sorted(with_visits(session, moved.keys())):
        name, old, new = moved[clinic_id]
        what_next = f"write {old}, and declare a clinic of another name in {new}"
        yield (Kind.CLINIC.section, name, "country"), f"the clinic has visits, so it stays in {old}; {what_next}"


def _unknown(noun: str, name: str, known: Collection[str]) -> str:
    meant = did_you_mean(name, known)
    there_are = f"The {noun}s are: {listed(known)}." if known else f"There are no {noun}s yet."
    return f"there is no {noun} {name}{f'; {meant}' if meant else '.'} {there_are}"


def _outside(
    work: UnitOfWork, state: State, after: Things, changes_of_hours: Sequence[PracticeChange], moved: Sequence[str]
) -> dict[str, list[int]]:
    """Returns appointments outside hours for doctors whose hours change, or whose clinic's clocks do."""
    changed = {each.name for each in changes_of_hours}
    names = {
        doctor_id: name
        for name, doctor_id in state.ids[Kind.DOCTOR].items()
        if name in changed or after[Kind.DOCTOR][name]["clinic"] in moved
    }
    doctors = {doctor_id: after[Kind.DOCTOR][name] for doctor_id, name in names.items()}
    zones = {doctor_id: after[Kind.CLINIC][doctor["clinic"]]["time_zone"] for doctor_id, doctor in doctors.items()}
    weeks = {doctor_id: doctor["hours"] for doctor_id, doctor in doctors.items()}
    return {
        names[doctor_id]: [visit.appointment_id for visit in visits]
        for doctor_id, visits in visits_outside_hours(work, zones, weeks).items()
    }
