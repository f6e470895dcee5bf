"""Eight requests at once, each in its own process and over its own connection, with one key or with one ETag."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import URL, Engine, event, text

from lambda_function.api.app import create_app
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.models import Appointment, AppointmentEvent, IdempotencyKey, User
from lambda_function.db.repositories.idempotency import stripe
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.appointment import Status
from lambda_function.services.idempotency import key_hash
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api_client import Answer, ApiClient, access_claims, http_event
from tests.clock import NOW, Clock
from tests.factories import Practice
from tests.lock_waits import lock_waiters, until
from tests.servers import empty_tables, plain_engine
from tests.workers import WORKERS, Event, Workers

ROUNDS = 5


@pytest.fixture(scope="module", params=["mysql", "mariadb"])
def race_url(request: pytest.FixtureRequest) -> URL:
    url: URL = request.getfixturevalue("migrated_url" if request.param == "mysql" else "mariadb_url")
    return url


@pytest.fixture(scope="module")
def workers(race_url: URL) -> Iterator[Workers]:
    workers = Workers(race_url)
    yield workers
    workers.close()


@pytest.fixture
def own_engine(race_url: URL) -> Iterator[Engine]:
    engine = build_engine(UrlCredentials(race_url), tls=None)
    yield engine
    engine.dispose()


@pytest.fixture
def desk(race_url: URL, own_engine: Engine) -> Iterator[Desk]:
    with Practice.open(race_url) as practice:
        yield Desk(ApiClient(create_app(Database(own_engine, Clock(NOW)))), practice)
    empty_tables(race_url)


def post(user_name: str, path: str, body: Any, *, method: str = "POST", **headers: str) -> Event:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return http_event(
        method,
        path,
        headers={"content-type": "application/json", **given},
        body=json.dumps(body),
        claims=access_claims(user_name),
    )


def booking(desk: Desk, key: str, time: str, *, user_name: str = "rita", **visit: Any) -> Event:
    return post(user_name, "/appointments", desk.visit(time, **visit), Idempotency_Key=key)


def told(answer: Answer) -> tuple[Any, ...]:
    """Returns the parts of an answer that a client relies on."""
    return answer.status, answer.text, answer.headers.get("ETag"), answer.headers.get("Location")


def replayed(answer: Answer) -> bool:
    return answer.headers.get("Idempotency-Replayed") == "true"


def visits(desk: Desk) -> list[Any]:
    return desk.practice.rows(Appointment)


def test_one_key_and_one_body_make_one_appointment_and_eight_identical_answers(desk: Desk, workers: Workers) -> None:
    for number in range(ROUNDS):
        answers = workers.at_once([booking(desk, f"key-{number}", at(f"{14 + number}:00"))] * WORKERS)

        assert {answer.status for answer in answers} == {201}, answers
        assert len({told(answer) for answer in answers}) == 1
        assert None not in told(answers[0])
        assert [replayed(answer) for answer in answers].count(False) == 1
        assert len(visits(desk)) == len(desk.practice.rows(IdempotencyKey)) == number + 1
    assert len(desk.practice.rows(AppointmentEvent)) == ROUNDS


def test_without_a_key_the_same_race_answers_differently(desk: Desk, workers: Workers) -> None:
    """This proves that the test above is able to fail."""
    answers = workers.at_once([post("rita", "/appointments", desk.visit(at("15:00")))] * WORKERS)

    assert sorted(answer.status for answer in answers) == [201] + [409] * (WORKERS - 1)


def test_one_key_and_two_bodies_make_one_appointment_and_422(desk: Desk, workers: Workers) -> None:
    for number in range(ROUNDS):
        times = at(f"{14 + number}:00"), at(f"{14 + number}:30")
        answers = workers.at_once([booking(desk, f"key-{number}", times[n % 2]) for n in range(WORKERS)])

        done = [answer for answer in answers if answer.status == 201]
        assert len(done) == WORKERS // 2
        assert len({told(answer) for answer in done}) == 1
        for answer in answers:
            if answer not in done:
                expect_problem(answer, 422, "idempotency_mismatch", "Idempotency-Key")
        assert len(visits(desk)) == number + 1


def test_two_users_with_one_key_are_independent(desk: Desk, workers: Workers) -> None:
    """Half of the requests are sent by rita in clinic 1, and half by rosa in clinic 2."""
    events = [
        booking(desk, "1", at("15:00"), user_name="rita", doctor="drjay", patient="pat"),
        booking(desk, "1", at("15:00"), user_name="rosa", doctor="drsol", patient="kim"),
    ] * (WORKERS // 2)
    answers = workers.at_once(events)

    assert {answer.status for answer in answers} == {201}
    assert len({told(answer) for answer in answers[::2]}) == len({told(answer) for answer in answers[1::2]}) == 1
    assert len(visits(desk)) == 2


def test_who_waits_for_a_refused_request_is_answered_for_itself(desk: Desk, workers: Workers) -> None:
    """All are refused in turn, because a refusal leaves nothing for the next request to repeat."""
    blocking = desk.booked("rita", at("15:00"))["appointment_id"]
    for number in range(ROUNDS):
        answers = workers.at_once([booking(desk, f"key-{number}", at("15:00"))] * WORKERS)
        for answer in answers:
            expect_problem(answer, 409, "doctor_busy")
    assert desk.practice.rows(IdempotencyKey) == []

    desk.cancelled("rita", blocking)
    answers = workers.at_once([booking(desk, "key-0", at("15:00"))] * WORKERS)
    assert {told(answer)[0] for answer in answers} == {201}
    assert len(visits(desk)) == 2


def test_some_refused_and_some_right_under_one_key_make_one_appointment(desk: Desk, workers: Workers) -> None:
    """The order does not matter. A refusal leaves the key free, and after a success other bodies are 422."""
    desk.booked("rita", at("13:00"))
    for number in range(ROUNDS):
        times = at("13:00"), at(f"{14 + number}:00")
        answers = workers.at_once([booking(desk, f"key-{number}", times[n % 2]) for n in range(WORKERS)])

        assert {answer.code for answer in answers[::2]} <= {"doctor_busy", "idempotency_mismatch"}
        assert len({told(answer) for answer in answers[1::2]}) == 1
        assert answers[1].status == 201
        assert len(visits(desk)) == number + 2


def _once_booked(engine: Engine, act: Callable[[int], None]) -> None:
    """Calls `act` with the number of the application's connection when it has written its first appointment."""
    numbers: list[int] = []

    def written(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("INSERT INTO appointment ") and not numbers:
            numbers.append(connection.connection.thread_id())
            act(numbers[0])

    event.listen(engine, "after_cursor_execute", written)


def test_a_connection_that_dies_before_the_commit_leaves_the_key_to_those_who_wait(
    desk: Desk, workers: Workers, own_engine: Engine, race_url: URL
) -> None:
    body = desk.visit(at("15:00"))
    request = booking(desk, "key", at("15:00"))

    def crash(number: int) -> None:
        workers.send([request] * WORKERS)
        until(lambda: lock_waiters(race_url, "SELECT%FROM idempotency_lock%FOR UPDATE%") >= WORKERS)
        with plain_engine(race_url).connect() as other:
            other.execute(text(f"KILL {number}"))

    _once_booked(own_engine, crash)
    expect_problem(
        desk.client.post("rita", "/appointments", body, headers={"Idempotency-Key": "key"}), 503, "unavailable"
    )
    answers = workers.answers()

    assert {answer.status for answer in answers} == {201}
    assert len({told(answer) for answer in answers}) == 1
    assert [replayed(answer) for answer in answers].count(False) == 1
    again = desk.client.post("rita", "/appointments", body, headers={"Idempotency-Key": "key"})
    assert told(again) == told(answers[0])
    assert len(visits(desk)) == 1


def test_other_keys_and_requests_without_one_do_not_wait(desk: Desk, workers: Workers, own_engine: Engine) -> None:
    """Eight requests in another clinic run from beginning to end in the meantime."""
    held = stripe(key_hash(desk.practice.actor("rita"), "key"))
    rosa = desk.practice.actor("rosa")
    free = (key for key in map(str, count()) if stripe(key_hash(rosa, key)) != held)
    visits = [desk.visit(at(f"{13 + n}:00"), doctor="drsol", patient="kim") for n in range(WORKERS)]
    events = [
        post("rosa", "/appointments", visit, **({"Idempotency_Key": next(free)} if n % 2 else {}))
        for n, visit in enumerate(visits)
    ]
    others: list[Answer] = []
    _once_booked(own_engine, lambda _: others.extend(workers.at_once(events)))
    body = desk.visit(at("15:00"), patient="pat")
    first = desk.client.post("rita", "/appointments", body, headers={"Idempotency-Key": "key"})

    assert first.status == 201, first.text
    assert {answer.status for answer in others} == {201}
    assert len(others) == WORKERS


Change = tuple[str, str, Mapping[str, Any], Status, timedelta]
AHEAD, BEGUN = timedelta(days=8), -timedelta(hours=1)
CHANGES: dict[str, Change] = {
    "confirm": ("rita", "POST", {}, Status.REQUESTED, AHEAD),
    "cancel": ("rita", "POST", {"reason": "Flu"}, Status.BOOKED, AHEAD),
    "check-in": ("rita", "POST", {}, Status.BOOKED, timedelta(hours=1)),
    "complete": ("drjay", "POST", {}, Status.CHECKED_IN, BEGUN),
    "no-show": ("rita", "POST", {}, Status.BOOKED, BEGUN),
    "": ("rita", "PATCH", {}, Status.BOOKED, AHEAD),
}


def _tell_one_winner(answers: list[Answer], version: int) -> None:
    assert sorted(answer.status for answer in answers) == [200] + [412] * (WORKERS - 1)
    for answer in answers:
        if answer.status == 200:
            assert answer.headers["ETag"] == f'"{version}"'
        else:
            expect_problem(answer, 412, "stale_version")


@pytest.mark.parametrize("change", CHANGES)
def test_of_eight_changes_of_a_visit_with_one_etag_one_is_done(desk: Desk, workers: Workers, change: str) -> None:
    user_name, method, body, status, ahead = CHANGES[change]
    row = desk.practice.add_appointment(NOW + ahead, status=status)
    path = f"/appointments/{row.appointment_id}" + (f"/{change}" if change else "")
    bodies = [{"patient_note": f"I am {n}"} if method == "PATCH" else body for n in range(WORKERS)]
    answers = workers.at_once([post(user_name, path, one, method=method, If_Match='"1"') for one in bodies])

    _tell_one_winner(answers, 2)
    (event_row,) = desk.practice.rows(AppointmentEvent)
    assert event_row.appointment_id == row.appointment_id
    (visit,) = visits(desk)
    assert visit.version == 2


def test_of_eight_moves_of_a_visit_with_one_etag_one_is_done(desk: Desk, workers: Workers) -> None:
    booked = desk.booked("rita", at("13:00"))["appointment_id"]
    times = [at(f"{14 + n}:00") for n in range(WORKERS)]
    events = [
        post("rita", f"/appointments/{booked}", {"starts_at": time}, method="PATCH", If_Match='"1"') for time in times
    ]
    answers = workers.at_once(events)

    _tell_one_winner(answers, 2)
    (winner,) = (time for time, answer in zip(times, answers, strict=True) if answer.status == 200)
    (visit,) = visits(desk)
    assert visit.starts_at == instant(winner[11:16])


@pytest.mark.parametrize("path", ["/me", "/users/{user_id}"])
def test_of_eight_changes_of_a_profile_with_one_etag_one_is_done(desk: Desk, workers: Workers, path: str) -> None:
    user_name, target = ("pat", path) if path == "/me" else ("rita", path.format(user_id=desk.id_of("pat")))
    events = [post(user_name, target, {"phone": f"555{n:04}"}, method="PATCH", If_Match='"1"') for n in range(WORKERS)]
    answers = workers.at_once(events)

    _tell_one_winner(answers, 2)
    (winner,) = (n for n, answer in enumerate(answers) if answer.status == 200)
    (pat,) = (row for row in desk.practice.rows(User) if row.user_name == "pat")
    assert (pat.version, pat.phone) == (2, f"555{winner:04}")


def test_one_key_and_one_etag_are_eight_times_200(desk: Desk, workers: Workers) -> None:
    """The kept answer is found before the condition is checked, which the first request has made false."""
    booked = desk.booked("rita", at("15:00"))["appointment_id"]
    request = post("rita", f"/appointments/{booked}/cancel", {"reason": "Flu"}, Idempotency_Key="key", If_Match='"1"')
    answers = workers.at_once([request] * WORKERS)

    assert {answer.status for answer in answers} == {200}
    assert len({told(answer) for answer in answers}) == 1
    assert len(desk.practice.rows(AppointmentEvent)) == 2
