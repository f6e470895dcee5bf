"""The plan of every statement that the hot paths send, taken from real requests over thousands of rows. No growing
table is read completely, and nothing beyond a page is sorted.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import URL, Engine

from lambda_function.api.app import create_app
from lambda_function.db.repositories import appointment_lists, outbox, people_search
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.pages.app import Pages
from lambda_function.services.notifications.sweeping import sweep
from tests.api.desk import Desk, at, instant, rfc3339
from tests.api_client import ApiClient
from tests.clock import NOW, Clock
from tests.db.crowd import crowd
from tests.db.plans import check as _check
from tests.db.recorded import Crowd, Sent, register_visits
from tests.factories import Practice
from tests.pages.visitor import Visitor
from tests.servers import empty_tables
from tests.services.notifications.messages import Messages
from tests.services.notifications.planned import offered

DAY = "2030-03-05"
CALLERS = ("pat", "mother", "drjay", "rita", "both")
DEPENDANTS = 20


@pytest.fixture(scope="module")
def crowded(migrated_url: URL, engine: Engine) -> Iterator[Crowd]:
    with Practice.open(migrated_url) as practice:
        practice.add_receptionist("both", clinics=(1, 2))
        crowd(practice)
        _add_mother(practice)
        register_visits(practice)
        yield Crowd(Desk(ApiClient(create_app(Database(engine, Clock(NOW)))), practice), engine)
    empty_tables(migrated_url)


def _add_mother(practice: Practice) -> None:
    """Makes a guardian of pat and of patients who have visits."""
    practice.add_patient("mother", clinics=(1,))
    for name in ("pat", *(f"patient-{number}" for number in range(1, DEPENDANTS))):
        practice.add_guardian("mother", name)


LISTS: dict[str, dict[str, Any]] = {
    "all": {},
    "window": {"from_": at("00:00", DAY), "to": at("00:00", "2030-04-05")},
    "day": {"date": DAY, "clinic_id": 1},
    "status": {"status": "BOOKED"},
    "doctor": {"doctor_id": "drjay", "from_": at("00:00", DAY)},
    "clinic": {"clinic_id": 1},
    "patient": {"patient_id": "pat"},
    "full page": {"limit": 100},
}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", LISTS)
def test_lists_of_appointments_are_read_by_an_index(crowded: Crowd, caller: str, name: str) -> None:
    desk = crowded.desk
    query = {key: desk.id_of(value) if value in {"drjay", "pat"} else value for key, value in LISTS[name].items()}
    with crowded.recorded() as sent:
        answer = desk.client.get(caller, "/appointments", **query)
        assert answer.status == 200, answer.text
        if cursor := answer.json["next_cursor"]:
            assert desk.client.get(caller, "/appointments", **query, cursor=cursor).status == 200

    _check(crowded, sent)


@pytest.mark.parametrize("few", [True, False], ids=["few failed", "many failed"])
@pytest.mark.parametrize("registration", ["PENDING", "DONE", "FAILED"])
@pytest.mark.parametrize("caller", ["drjay", "rita", "both"])
def test_visits_are_found_by_their_registration_by_an_index(
    crowded: Crowd, monkeypatch: pytest.MonkeyPatch, caller: str, registration: str, *, few: bool
) -> None:
    desk = crowded.desk
    monkeypatch.setattr(appointment_lists, "LOOKED_AT", 1000 if few else 20)
    filters: list[dict[str, Any]] = [
        {},
        {"country": "PE", "from_": at("00:00", DAY)},
        {"clinic_id": 1, "status": "BOOKED"},
        {"doctor_id": desk.id_of("drjay")},
    ]
    with crowded.recorded() as sent:
        for given in filters:
            query = {**given, "registration": registration}
            answer = desk.client.get(caller, "/appointments", **query)
            assert answer.status == 200, answer.text
            if cursor := answer.json["next_cursor"]:
                assert desk.client.get(caller, "/appointments", **query, cursor=cursor).status == 200

    _check(crowded, sent)


@pytest.mark.parametrize("registration", ["PENDING", "DONE", "FAILED"])
def test_a_page_reads_a_limited_number_of_rows_whatever_the_registration(
    crowded: Crowd, monkeypatch: pytest.MonkeyPatch, registration: str
) -> None:
    """In the clinic are thousands of visits, of which at most a few match, and the page looks at twenty."""
    monkeypatch.setattr(appointment_lists, "LOOKED_AT", 20)
    before = crowded.rows_read()

    answer = crowded.desk.client.get("rita", "/appointments", registration=registration, limit=10)

    assert answer.status == 200, answer.text
    assert answer.json["next_cursor"] is not None
    assert crowded.rows_read() - before < 1000


# Few enough that a page among two thousand people is bounded as one among millions is.
_BOUNDS = {"TESTED": 3, "NEXT": 40, "SPAN": 40}


@pytest.mark.parametrize("limits", [{}, _BOUNDS, {**_BOUNDS, "READ": 3}], ids=["usual", "read", "next"])
@pytest.mark.parametrize("caller", CALLERS)
def test_people_are_found_by_an_index(
    crowded: Crowd, monkeypatch: pytest.MonkeyPatch, caller: str, limits: dict[str, int]
) -> None:
    for name, limit in limits.items():
        monkeypatch.setattr(people_search, name, limit)
    searches = [{"q": q} for q in ("pat", "nobody", "+51 1234", "p d")]
    with crowded.recorded() as sent:
        for query in [*searches, {}] if limits else searches:
            answer = crowded.desk.client.get(caller, "/users", **query)
            assert answer.status == 200, answer.text

    _check(crowded, sent)


@pytest.mark.parametrize("limits", [{}, _BOUNDS, {**_BOUNDS, "READ": 3}], ids=["usual", "read", "next"])
@pytest.mark.parametrize("caller", CALLERS)
def test_people_are_found_by_an_index_of_identifiers_and_dates_of_birth(
    crowded: Crowd, monkeypatch: pytest.MonkeyPatch, caller: str, limits: dict[str, int]
) -> None:
    for name, limit in limits.items():
        monkeypatch.setattr(people_search, name, limit)
    searches = [
        {"identifier": "national_id:00000123"},
        {"identifier": "chart:A17"},
        {"birth_date": "1990-01-01"},
        {"birth_date": "1980-01-05", "q": "0000"},
    ]
    if caller in {"rita", "both"}:
        searches += [{**search, "active": "false"} for search in searches]
    with crowded.recorded() as sent:
        for query in searches:
            answer = crowded.desk.client.get(caller, "/users", **query)
            assert answer.status == 200, answer.text

    _check(crowded, sent)


def test_entering_and_changing_patients_read_by_an_index(crowded: Crowd) -> None:
    desk = crowded.desk
    body = {
        "full_name": "Zoe",
        "birth_date": "1990-01-01",
        "phone": "+51 987 654",
        "email": "zoe.quinn@example.org",
        "identifiers": [{"system": system, "value": "ZOE"} for system in ("national_id", "insurance", "chart")],
    }
    with crowded.recorded() as sent:
        entered = desk.client.post("rita", "/users", body)
        assert entered.status == 201, entered.text
        change = {"identifiers": [{"system": "chart", "value": "ZOE2"}], "birth_date": "1990-01-02", "phone": None}
        changed = desk.client.call("rita", "PATCH", f"/users/{entered.json['user_id']}", change)
        assert changed.status == 200, changed.text
        assert desk.client.post("rita", "/users", {**body, "identifiers": []}).status == 409

    _check(crowded, sent)


@pytest.mark.parametrize("caller", CALLERS)
def test_one_appointment_its_history_and_profiles_are_read_by_an_index(crowded: Crowd, caller: str) -> None:
    desk = crowded.desk
    booked = desk.client.get(caller, "/appointments", limit=1).json["items"][0]["appointment_id"]
    paths = (f"/appointments/{booked}", f"/appointments/{booked}/history", "/me")
    with crowded.recorded() as sent:
        for path in paths:
            assert desk.client.get(caller, path).status == 200

    _check(crowded, sent)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(
    "query",
    [
        {"doctor_id": "drjay", "to": at("00:00", "2030-03-06")},
        {"clinic_id": 1, "to": at("00:00", "2030-03-12")},
        {"to": at("00:00", "2030-03-12")},
        {"to": at("00:00", "2030-04-05"), "limit": 1000},
    ],
    ids="+".join,
)
def test_free_slots_are_found_by_an_index(crowded: Crowd, caller: str, query: dict[str, Any]) -> None:
    desk = crowded.desk
    given = {key: desk.id_of(value) if value == "drjay" else value for key, value in query.items()}
    with crowded.recorded() as sent:
        answer = desk.client.get(caller, "/availability", treatment_id=1, from_=at("00:00", DAY), **given)
        assert answer.status == 200, answer.text

    _check(crowded, sent)


@pytest.mark.parametrize("caller", CALLERS)
def test_booking_moving_and_cancelling_read_by_an_index(crowded: Crowd, caller: str) -> None:
    desk = crowded.desk
    day = f"2030-09-{10 + CALLERS.index(caller)}"
    path = f"/doctors/{desk.id_of('drjay')}/exceptions/{day}"
    assert desk.client.call("rita", "PUT", path, {"hours": [{"start": "08:00", "end": "18:00"}]}).status == 200
    with crowded.recorded() as sent:
        booked = desk.client.post(caller, "/appointments", desk.visit(at("13:15", day), treatment=1))
        assert booked.status == 201, booked.text
        one = f"/appointments/{booked.json['appointment_id']}"
        moved = desk.client.call(caller, "PATCH", one, {"starts_at": at("14:15", day)})
        assert moved.status == 200, moved.text
        assert desk.client.post(caller, f"{one}/cancel", {"reason": "Test"}).status == 200

    _check(crowded, sent)


def test_guardians_are_found_by_an_index(crowded: Crowd) -> None:
    desk = crowded.desk
    one = f"/users/{desk.id_of('patient-30')}/guardians/{desk.id_of('mother')}"
    with crowded.recorded() as sent:
        assert desk.client.get("rita", f"/users/{desk.id_of('pat')}/guardians").status == 200
        for reason in ("Test", "Renewed"):
            assert desk.client.call("rita", "PUT", one, {"reason": reason}).status == 204
        assert desk.client.call("rita", "DELETE", one).status == 204

    _check(crowded, sent)


def test_hours_and_time_off_read_by_an_index(crowded: Crowd) -> None:
    desk = crowded.desk
    doctor = f"/doctors/{desk.id_of('drwu')}"
    time_off = {"starts_at": rfc3339(NOW), "ends_at": at("00:00", "2031-01-01"), "reason": "Away"}
    with crowded.recorded() as sent:
        for path in ("working-hours", "exceptions", "time-off"):
            assert desk.client.get("rita", f"{doctor}/{path}").status == 200
        assert desk.client.call("rita", "PUT", f"{doctor}/working-hours", {"hours": []}).status == 200
        assert desk.client.post("rita", f"{doctor}/time-off", time_off).status == 409

    _check(crowded, sent)


@pytest.mark.parametrize("caller", CALLERS)
def test_a_calendar_feed_is_read_by_an_index(crowded: Crowd, caller: str) -> None:
    token = crowded.desk.client.post(caller, "/me/calendar-token").json["token"]
    with crowded.recorded() as sent:
        assert crowded.desk.client.get(None, "/calendar.ics", token=token).status == 200

    _check(crowded, sent)


def test_the_relay_finds_the_few_that_wait_by_an_index(crowded: Crowd) -> None:
    def run(work: UnitOfWork) -> None:
        rows = outbox.claim(work.session, after=0, limit=100)
        assert len(rows) >= 20
        assert outbox.oldest_unpublished(work.session) == NOW
        outbox.mark_published(work.session, [row.outbox_id for row in rows], NOW)
        outbox.purge_published(work.session, NOW, 100)

    with crowded.recorded() as sent:
        Database(crowded.engine, Clock(NOW)).transact(run, commit=False)

    _check(crowded, sent)


@pytest.mark.parametrize("caller", [caller for caller in CALLERS if caller != "drjay"])
def test_messages_are_read_by_an_index(crowded: Crowd, caller: str) -> None:
    desk = crowded.desk
    visit = desk.client.get(caller, "/appointments", limit=1).json["items"][0]["appointment_id"]
    with crowded.recorded() as sent:
        for query in (
            {},
            {"status": "SENT", "kind": "BOOKED"},
            {"user_id": desk.id_of("pat")},
            {"appointment_id": visit},
        ):
            answer = desk.client.get(caller, "/notifications", **query)
            assert answer.status == 200, answer.text
            if cursor := answer.json["next_cursor"]:
                assert desk.client.get(caller, "/notifications", **query, cursor=cursor).status == 200

    _check(crowded, sent)


def test_a_reminder_by_hand_is_planned_by_an_index(crowded: Crowd) -> None:
    query = {"status": "BOOKED", "from": at("00:00", "2030-03-01"), "limit": 1}
    visit = crowded.desk.client.get("rita", "/appointments", **query).json["items"][0]["appointment_id"]
    with crowded.recorded() as sent:
        assert crowded.desk.client.post("rita", f"/appointments/{visit}/remind").status == 202

    _check(crowded, sent)


def test_the_sweep_finds_what_is_due_by_an_index(crowded: Crowd) -> None:
    with crowded.recorded() as sent:
        assert sweep(Database(crowded.engine, Clock(NOW + timedelta(days=2))), lambda: 60.0) > 0

    _check(crowded, sent)


def test_the_page_behind_a_link_is_read_by_an_index(crowded: Crowd) -> None:
    practice, clock = crowded.desk.practice, Clock(NOW)
    database = Database(crowded.engine, clock)
    visitor = Visitor(Pages(database, clock), Messages(database, practice, clock))
    path = visitor.told("booked", practice.add_appointment(instant("15:00", "2030-06-04")))
    with crowded.recorded() as sent:
        assert visitor.get(f"{path}x").status == 404
        for action in ("confirm", "cancel", "book", "move"):
            assert visitor.get(path).status == 200
            start = {"move": "17:00"}.get(action, "16:00")
            assert visitor.post(path, action, starts_at=at(start, "2030-06-05")).status == 303
        offered(visitor.messages)
        [offer] = visitor.links().values()
        assert visitor.get(offer).status == 200
        assert visitor.post(offer, "accept").status == 303

    _check(crowded, sent)


def test_a_statement_that_reads_a_table_whole_is_found_out(crowded: Crowd) -> None:
    """This proves that the tests above are able to fail."""
    whole = Sent("SELECT appointment_id FROM appointment WHERE patient_note = %(note)s ORDER BY ends_at", {"note": "x"})
    with pytest.raises(AssertionError, match="read whole"):
        _check(crowded, [whole])
