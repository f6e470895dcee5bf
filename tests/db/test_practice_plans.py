"""Random small changes of the demo file: a plan names exactly the changed fields, and after
applying it none is left.
"""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.services.practice.apply import apply_practice
from lambda_function.services.practice.plan import Plan, make_plan
from lambda_function.services.practice.read_declaration import read_declaration
from lambda_function.services.practice.state import Kind, read_state
from tests.cli.terminal import demo_document
from tests.factories import Practice
from tests.practice_files import COUNTRIES, MESSAGES, QUIET_HOURS
from tests.profiles import examples

LIMA, SANTIAGO = "Lima Centro", "Santiago Norte"
MINUTES = st.integers(1, 100).map(lambda number: number * 5)
NAMES = st.sampled_from(["Jay Quispe", "Wu Mei", "Ana María Ñañez", "Checkup", "Cleaning"])
CLOCKS = ["00:00", "06:30", "08:00", "12:00", "18:00", "24:00"]
WEEKDAYS = st.sets(st.integers(1, 7), min_size=1).map(sorted)


def subsets(*values: Any) -> Any:
    return st.sets(st.sampled_from(values)).flatmap(lambda chosen: st.permutations(sorted(chosen)))


HOURS = st.lists(
    st.fixed_dictionaries(
        {"weekdays": WEEKDAYS, "start": st.sampled_from(CLOCKS[:3]), "end": st.sampled_from(CLOCKS[3:])},
        optional={"valid_from": st.sampled_from(["2030-01-01", "2031-01-01"])},
    ),
    max_size=1,
)
CLOSURES = st.lists(
    st.fixed_dictionaries(
        {"first_day": st.sampled_from(["2030-05-01", "2030-07-28"]), "last_day": st.sampled_from(["2030-07-29"])},
        optional={"reason": st.sampled_from(["Holiday", None])},
    ),
    max_size=2,
    unique_by=lambda closure: closure["first_day"],
)
# The demo's value of each field, and possible new values.
EDITS: dict[tuple[str, str, str], tuple[Any, Any]] = {
    ("treatments", "cleaning", "name"): ("Cleaning", NAMES),
    ("treatments", "cleaning", "duration_minutes"): (45, MINUTES),
    ("treatments", "cleaning", "buffer_before_minutes"): (0, MINUTES),
    ("treatments", "implant", "needs_approval"): (True, st.booleans()),
    ("treatments", "checkup", "recall_months"): (6, st.none() | st.integers(5, 7)),
    ("treatments", "checkup", "price"): (40, st.integers(38, 42) | st.none()),
    ("treatments", "checkup", "active"): (True, st.booleans()),
    ("clinics", LIMA, "time_zone"): ("America/Lima", st.sampled_from(["America/Lima", "Europe/Madrid"])),
    ("clinics", LIMA, "language"): ("en", st.sampled_from(["en", "es"])),
    ("clinics", LIMA, "lead_minutes"): (60, st.integers(0, 120)),
    ("clinics", LIMA, "slot_step_minutes"): (15, st.sampled_from([5, 10, 15])),
    ("clinics", LIMA, "closures"): ([], CLOSURES),
    ("clinics", SANTIAGO, "chairs"): (["Chair 1", "Chair 2"], subsets("Chair 1", "Chair 2", "Chair 3")),
    ("clinics", SANTIAGO, "horizon_days"): (400, st.integers(300, 500)),
    ("clinics", SANTIAGO, "max_open_visits"): (20, st.none() | st.integers(19, 21)),
    ("clinics", SANTIAGO, "address"): ("Avenida Recoleta 1280, Santiago", st.none() | NAMES),
    ("clinics", LIMA, "reminder_hours"): ([48, 2], subsets(48, 24, 2)),
    ("clinics", LIMA, "recall_notice_days"): ([-14, 14, 60], subsets(-14, 0, 60)),
    ("clinics", LIMA, "quiet_hours"): ({"from": "21:00", "to": "08:00"}, QUIET_HOURS),
    ("clinics", LIMA, "messages"): ([], MESSAGES),
    ("doctors", "drwu", "full_name"): ("Wu Mei", NAMES),
    ("doctors", "drwu", "email"): (None, st.sampled_from([None, "wu@example.org"])),
    ("doctors", "drwu", "clinic"): (LIMA, st.sampled_from([LIMA, SANTIAGO])),
    ("doctors", "drwu", "active"): (True, st.booleans()),
    ("doctors", "drsol", "treatments"): (
        ["checkup", "cleaning", "implant"],
        subsets("cleaning", "implant").map(lambda codes: [*codes, "checkup"]),
    ),
    ("doctors", "drsol", "default_treatment"): ("checkup", st.sampled_from([None, "checkup"])),
    ("doctors", "drsol", "hours"): ([{"weekdays": [1, 2, 3, 4, 5, 6], "start": "08:00", "end": "18:00"}], HOURS),
    ("receptionists", "rita", "clinics"): ([LIMA], subsets(LIMA, SANTIAGO).filter(bool)),
    ("receptionists", "rosa", "phone"): (None, st.sampled_from([None, "+56 2 2345"])),
}
ONE = st.sampled_from(sorted(EDITS)).flatmap(lambda place: st.tuples(st.just(place), EDITS[place][1]))
SOME = st.lists(ONE, max_size=5, unique_by=lambda edit: edit[0])


def comparable(value: Any) -> Any:
    """Returns the value in a form in which the order of lists and null or nothing make no difference."""
    if isinstance(value, list):
        return sorted(json.dumps(comparable(item), sort_keys=True) for item in value)
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items() if item is not None}
    return value


def fields(plan: Plan) -> set[tuple[str, str, str]]:
    return {(change.kind.section, change.name, field) for change in plan.changes for field in change.new}


@settings(max_examples=examples(25, 1000), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=SOME)
def test_a_plan_is_exactly_the_change_and_nothing_is_left_after_it(
    database: Database, practice: Practice, edits: list[tuple[tuple[str, str, str], Any]]
) -> None:
    document = demo_document()
    for (section, name, field), value in edits:
        document[section][name][field] = value
    changed = {place for place, value in edits if comparable(value) != comparable(EDITS[place][0])}

    def run(work: UnitOfWork) -> None:
        before = read_state(work.session)
        declaration = read_declaration(document)
        assert fields(make_plan(work, declaration)) == changed
        assert fields(apply_practice(work, declaration)) == changed
        assert not make_plan(work, declaration).changes

        back = demo_document()
        for section, name, field in changed:
            back[section][name][field] = EDITS[section, name, field][0]
        apply_practice(work, read_declaration(back))
        assert read_state(work.session).things == before.things

    database.transact(run, commit=False)


@settings(max_examples=examples(25, 1000), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=COUNTRIES, second=st.none() | COUNTRIES)
def test_a_list_of_countries_is_complete_and_a_file_without_one_leaves_them_as_they_are(
    database: Database, first: list[str], second: list[str] | None
) -> None:
    document = {} if second is None else {"countries": second}
    wanted = set(first if second is None else second)

    def run(work: UnitOfWork) -> None:
        apply_practice(work, read_declaration({"countries": first}))
        changes = make_plan(work, read_declaration(document)).changes
        assert {change.name: change.created for change in changes} == {
            code: code in wanted for code in wanted.symmetric_difference(first)
        }
        assert apply_practice(work, read_declaration(document)).changes == changes
        assert read_state(work.session).things[Kind.COUNTRY].keys() == wanted

    database.transact(run, commit=False)
