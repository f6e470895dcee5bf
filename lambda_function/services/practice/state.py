"""One form for both the current practice and the declared one, so that they can be compared.

An entry is its fields by name. Collections are tuples in order, so that equal ones are equal.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from lambda_function.db.repositories import practice
from lambda_function.db.repositories.clinic_messages import OwnWordsRow
from lambda_function.db.repositories.practice import ChairRow, ClinicRow, ClosureRow, WeeklyHoursRow
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Channel, Language
from lambda_function.domain.quiet_hours import QuietHours
from lambda_function.domain.user_names import folded
from lambda_function.domain.working_hours import WeeklyHours, Window
from lambda_function.domain.written_text import as_stored, trimmed
from lambda_function.services.practice.declaration import (
    LEFT_OUT,
    Declaration,
    DeclaredClinic,
    DeclaredDoctor,
    DeclaredReceptionist,
    DeclaredTreatment,
)

Fields = Mapping[str, Any]


class Kind(StrEnum):
    """The kinds of entries, in the order in which they refer to one another. A country is one if it has a register."""

    COUNTRY = "country"
    TREATMENT = "treatment"
    CLINIC = "clinic"
    DOCTOR = "doctor"
    RECEPTIONIST = "receptionist"

    @property
    def section(self) -> str:
        """Returns the key of the file that holds them."""
        return "countries" if self is Kind.COUNTRY else f"{self.value}s"


@dataclass(frozen=True, slots=True)
class ClosedDays:
    first_day: date
    last_day: date
    reason: str | None


class OwnMessage(NamedTuple):
    """A clinic's own words for one kind of message, in one channel and language."""

    kind: NotificationKind
    channel: Channel
    language: Language
    subject: str | None
    text: str


@dataclass(frozen=True, slots=True)
class State:
    """A practice. `things` and `ids` are by kind and name, `chair_ids` by clinic and name of the chair. Countries have
    no ids.
    """

    things: Mapping[Kind, Mapping[str, Fields]]
    ids: Mapping[Kind, Mapping[str, int]]
    chair_ids: Mapping[tuple[str, str], int]

    def spelled_as(self, wanted: Mapping[Kind, Mapping[str, Any]]) -> "State":
        """Returns the same people under the wanted user names, which may differ in capital letters."""
        things, ids = dict(self.things), dict(self.ids)
        for kind in (Kind.DOCTOR, Kind.RECEPTIONIST):
            spelling = {folded(name): name for name in wanted[kind]}
            names = {name: spelling.get(folded(name), name) for name in self.things[kind]}
            things[kind] = {names[name]: fields for name, fields in self.things[kind].items()}
            ids[kind] = {names[name]: user_id for name, user_id in self.ids[kind].items()}
        return State(things, ids, self.chair_ids)


_TREATMENT = (
    "name",
    "duration_minutes",
    "buffer_before_minutes",
    "buffer_after_minutes",
    "needs_approval",
    "recall_months",
    "price",
    "active",
)
_CLINIC = (
    "country",
    "time_zone",
    "language",
    "lead_minutes",
    "horizon_days",
    "cutoff_minutes",
    "slot_step_minutes",
    "offer_minutes",
    "max_open_visits",
    "address",
    "phone",
    "email",
    "reminder_hours",
    "recall_notice_days",
)
_PERSON = ("full_name", "email", "phone", "active")
_NAMES = ("name", "full_name")


def read_state(session: Session) -> State:
    """Returns the whole practice, in or out of use, in a fixed number of statements."""
    # What refers comes before what it refers to, which never goes away: so, although another apply may commit in
    # between, all that is referred to is there.
    offered_treatments, weekly_hours = practice.offered_treatments(session), practice.weekly_hours(session)
    receptions = practice.receptions(session)
    chairs, closures = practice.chairs(session), practice.closures(session)
    messages = practice.clinic_messages(session)
    doctors, receptionists = practice.doctors(session), practice.receptionists(session)
    clinics, treatments = practice.clinics(session), practice.treatments(session)
    countries = practice.countries(session)
    codes: dict[int | None, str] = {row.treatment_id: row.code for row in treatments}
    # Earlier releases stored texts as they were typed. Stored forms never meet: the database considers them equal.
    places = {row.clinic_id: as_stored(row.name) for row in clinics}
    offered = _grouped((row.doctor_id, codes[row.treatment_id]) for row in offered_treatments)
    hours = _grouped((row.doctor_id, _hours(row)) for row in weekly_hours)
    works_at = _grouped((row.receptionist_id, places[row.clinic_id]) for row in receptions)
    things: dict[Kind, dict[str, Fields]] = {
        Kind.COUNTRY: {row.code: {"active": True} for row in countries},
        Kind.TREATMENT: {row.code: _fields(row, _TREATMENT) for row in treatments},
        Kind.CLINIC: _clinics(clinics, messages, chairs, closures),
        Kind.DOCTOR: {
            row.user_name: {
                **_fields(row, _PERSON),
                "clinic": places[row.clinic_id],
                "treatments": tuple(sorted(offered[row.user_id])),
                "default_treatment": codes.get(row.default_treatment_id),
                "hours": _week(hours[row.user_id]),
            }
            for row in doctors
        },
        Kind.RECEPTIONIST: {
            row.user_name: {**_fields(row, _PERSON), "clinics": tuple(sorted(works_at[row.user_id]))}
            for row in receptionists
        },
    }
    ids = {
        Kind.TREATMENT: {row.code: row.treatment_id for row in treatments},
        Kind.CLINIC: {name: clinic_id for clinic_id, name in places.items()},
        Kind.DOCTOR: {row.user_name: row.user_id for row in doctors},
        Kind.RECEPTIONIST: {row.user_name: row.user_id for row in receptionists},
    }
    return State(things, ids, {(places[row.clinic_id], as_stored(row.name)): row.chair_id for row in chairs})


def _clinics(
    clinics: Iterable[ClinicRow],
    messages: Iterable[OwnWordsRow],
    chairs: Iterable[ChairRow],
    closures: Iterable[ClosureRow],
) -> dict[str, Fields]:
    own_words = _grouped((row.clinic_id, _own_message(row)) for row in messages)
    used = _grouped((row.clinic_id, as_stored(row.name)) for row in chairs if row.active)
    closed = _grouped((row.clinic_id, _closed_days(row)) for row in closures)
    return {
        as_stored(row.name): {
            **_fields(row, _CLINIC),
            "quiet_hours": QuietHours.between(row.quiet_from_minute, row.quiet_to_minute),
            "messages": tuple(sorted(own_words[row.clinic_id])),
            "active": row.active,
            "chairs": tuple(sorted(used[row.clinic_id])),
            "closures": tuple(sorted(closed[row.clinic_id], key=_days)),
        }
        for row in clinics
    }


def declared_fields(declaration: Declaration) -> dict[Kind, dict[str, Fields]]:
    """Returns the fields of each entry that the declaration names, without those that it leaves out."""
    return {
        Kind.COUNTRY: {code: {} for code in sorted(declaration.countries or ())},
        Kind.TREATMENT: {code: _declared_fields(each) for code, each in declaration.treatments.items()},
        Kind.CLINIC: {name: _declared_fields(each) for name, each in declaration.clinics.items()},
        Kind.DOCTOR: {name: _declared_fields(each) for name, each in declaration.doctors.items()},
        Kind.RECEPTIONIST: {name: _declared_fields(each) for name, each in declaration.receptionists.items()},
    }


def countries_taken_out(declaration: Declaration, state: State) -> dict[str, Fields]:
    """Returns the countries that the declaration's list lacks. If there is no list, none is taken out."""
    if declaration.countries is LEFT_OUT:
        return {}
    return {code: {"active": False} for code in sorted(state.things[Kind.COUNTRY].keys() - set(declaration.countries))}


def _declared_fields(declared: DeclaredTreatment | DeclaredClinic | DeclaredDoctor | DeclaredReceptionist) -> Fields:
    fields = {
        name: getattr(declared, name) for name in type(declared).model_fields if name in declared.model_fields_set
    }
    for name in fields.keys() & {"chairs", "treatments", "clinics"}:
        fields[name] = tuple(sorted(fields[name]))
    if "closures" in fields:
        closures = (ClosedDays(each.first_day, each.last_day, each.reason) for each in fields["closures"])
        fields["closures"] = tuple(sorted(closures, key=_days))
    if "reminder_hours" in fields:
        fields["reminder_hours"] = tuple(sorted(fields["reminder_hours"], reverse=True))
    if "recall_notice_days" in fields:
        fields["recall_notice_days"] = tuple(sorted(fields["recall_notice_days"]))
    if fields.get("quiet_hours") is not None:
        fields["quiet_hours"] = fields["quiet_hours"].hours
    if "messages" in fields:
        messages = (
            OwnMessage(each.kind, each.channel, each.language, each.subject, each.text) for each in fields["messages"]
        )
        fields["messages"] = tuple(sorted(messages))
    if "hours" in fields:
        fields["hours"] = _week(day for entry in fields["hours"] for day in entry.weekly())
    return fields


def _fields(row: NamedTuple, names: Iterable[str]) -> dict[str, Any]:
    values = ((name, getattr(row, name)) for name in names)
    return {name: as_stored(value) if name in _NAMES else value for name, value in values}


def _grouped(pairs: Iterable[tuple[int, Any]]) -> defaultdict[int, list[Any]]:
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return found


def _closed_days(row: ClosureRow) -> ClosedDays:
    return ClosedDays(row.first_day, row.last_day, row.reason and trimmed(row.reason))


def _own_message(row: OwnWordsRow) -> OwnMessage:
    return OwnMessage(row.kind, row.channel, row.language, row.subject, row.text)


def _hours(row: WeeklyHoursRow) -> WeeklyHours:
    return WeeklyHours(row.weekday, Window(row.start_minute, row.end_minute), row.valid_from, row.valid_to)


def _week(hours: Iterable[WeeklyHours]) -> tuple[WeeklyHours, ...]:
    return tuple(
        sorted(
            hours, key=lambda each: (each.weekday, each.window, each.valid_from or date.min, each.valid_to or date.max)
        )
    )


def _days(closed: ClosedDays) -> tuple[date, date]:
    return closed.first_day, closed.last_day
