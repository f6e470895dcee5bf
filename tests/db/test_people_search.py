"""A search finds exactly those whom the caller may see and who have the words, page by page, however it does so."""

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle, product
from typing import Any

import pytest
from sqlalchemy import URL, event, insert, text
from sqlalchemy.orm import Session

from lambda_function.db.models import User
from lambda_function.db.repositories import people_search
from lambda_function.db.repositories.people import words_of
from lambda_function.db.repositories.people_search import PeopleFilter, Source
from lambda_function.db.repositories.person_words import correct_words
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.person_words import WordKind, sought_words
from tests.clock import NOW, Clock
from tests.factories import Practice
from tests.servers import plain_engine, run_script

FIRST, LAST = ("Maria", "Mateo", "Ana"), ("Garcia", "Gil", "Torres", "Anaya")
SEARCHES = ("ma", "ga ma", "torres", "an", "gil anaya", "m g", "garcia maria", "5112", "51123", "ma example", None)
CALLERS = ("drjay", "rita", "both", "small", "p1")
ROLES = (None, Role.PATIENT, None, Role.DOCTOR)


@pytest.fixture
def many(practice: Practice) -> Practice:
    # Small limits make a page of each few ids, so ids must not have gaps from earlier tests.
    run_script(practice.url, "ALTER TABLE user AUTO_INCREMENT = 1")
    choose = random.Random(7)  # noqa: S311 - names of a test
    practice.add_receptionist("both", clinics=(1, 2))
    small = practice.add_clinic("Small", "America/Lima").clinic_id
    practice.add_receptionist("small", clinics=(small,))
    for number in range(36):
        columns: dict[str, Any] = {
            "full_name": f"{choose.choice(FIRST)} {choose.choice(LAST)}",
            "email": choose.choice([None, f"p{number}@example.org"]),
            "phone": choose.choice([None, f"+51 123 {number:03}"]),
            "created_at": NOW + timedelta(hours=number),
            "active": choose.random() > 0.1,
        }
        if number % 8:
            practice.add_patient(f"p{number}", clinics=choose.choice([(), (), (1,), (2,), (1, 2)]), **columns)
        else:
            practice.add_doctor(f"p{number}", clinic=choose.choice([1, 2]), **columns)
    practice.add_patient("s1", clinics=(small,), full_name="Maria Garcia")
    practice.add_patient("s2", clinics=(small,), full_name="Ana Gil")
    for user_name in ("p1", "pat"):
        practice.add_appointment(NOW, patient_id=practice.ids[user_name])
    return practice


# The limits of a practice of millions, and those that lead a small one through every way: TESTED, NEXT, SPAN and READ.
LIMITS = {
    "usual": (4000, 6000, 40_000, 30_000),
    Source.WORD: (100, 1, 1, 100),
    "WORD, in parts": (3, 1, 1, 100),
    Source.VISIBLE: (30, 1, 3, 30),
    Source.NEXT: (2, 7, 1, 2),
    Source.VISIBLE_OR_NEXT: (4, 1, 5, 4),
    Source.VISIBLE_OR_WORD: (4, 1, 5, 100),
}
_NAMES = ("TESTED", "NEXT", "SPAN", "READ")


@pytest.fixture(params=LIMITS)
def limits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, limit in zip(_NAMES, LIMITS[request.param], strict=True):
        monkeypatch.setattr(people_search, name, limit)


def _expected(visible: list[User], sees_contact: Callable[[User], bool], q: str | None) -> list[int]:
    return [user.user_id for user in visible if q is None or _has(user, q, contact=sees_contact(user))]


def _has(user: User, q: str, *, contact: bool) -> bool:
    words = words_of(user)
    allowed = [(kind, word) for kind, word in words if contact or kind in (WordKind.NAME, WordKind.LOGIN)]
    return all(
        any(word.startswith(one.start) and kind in one.kinds for kind, word in allowed) for one in sought_words(q)
    )


def _paged(session: Session, actor: Actor, wanted: PeopleFilter, limit: int) -> list[int]:
    found: list[int] = []
    after: int | None = 0
    while after is not None:
        page = people_search.find(session, actor, wanted, after=after, limit=limit)
        ids = [person.user_id for person in page.people]
        assert ids == sorted(set(ids))
        assert not ids or ids[0] > after
        found += ids
        after = ids[-1] if len(ids) == limit else page.until
    return found


@pytest.mark.usefixtures("limits")
def test_every_way_finds_the_same_people(many: Practice, sessions: Callable[[Actor | None], Session]) -> None:
    users = {user.user_id: user for user in many.rows(User)}
    treated = {"drjay": {many.ids["p1"], many.ids["pat"]}}
    for user_name in CALLERS:
        actor = many.actor(user_name)
        session = sessions(actor)
        visible = [users[user.user_id] for user in session.query(User).order_by(User.user_id)]

        def sees(user: User, actor: Actor = actor, user_name: str = user_name) -> bool:
            own = user.user_id in {actor.user_id} | treated.get(user_name, set())
            return own or actor.role is Role.RECEPTIONIST

        for q, role in zip(SEARCHES, cycle(ROLES), strict=False):
            wanted = PeopleFilter(words=sought_words(q or ""), role=role)
            expected = _expected([user for user in visible if role in (None, user.user_type)], sees, q)
            assert _paged(session, actor, wanted, limit=4) == expected, (user_name, role, q)


def test_the_limits_above_lead_through_every_way(
    many: Practice, sessions: Callable[[Actor | None], Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: set[Source] = set()
    plan = people_search._plan

    def noted(*arguments: object, **named: object) -> object:
        found = plan(*arguments, **named)  # type: ignore[arg-type]
        gone.add(found.source)
        return found

    monkeypatch.setattr(people_search, "_plan", noted)
    for limits in LIMITS.values():
        for name, limit in zip(_NAMES, limits, strict=True):
            monkeypatch.setattr(people_search, name, limit)
        for user_name, q in product(CALLERS, SEARCHES):
            actor = many.actor(user_name)
            people_search.find(sessions(actor), actor, PeopleFilter(words=sought_words(q or "")), after=0, limit=3)
    # Nothing has to be counted where an identifier is given.
    assert gone == set(Source) - {Source.IDENTIFIER}


def test_both_databases_find_words_by_their_index(race_url: URL) -> None:
    people = [{"user_name": f"p{number}", "full_name": f"Maria Name{number}"} for number in range(1000)]
    same = {"user_type": Role.PATIENT, "created_at": NOW, "updated_at": NOW}
    engine = plain_engine(race_url)
    with Practice.open(race_url) as practice:
        practice.session.execute(insert(User), [{**same, **person} for person in people])
        practice.session.commit()
        correct_words(practice.session, list(practice.ids.values()))
        practice.session.commit()
        practice.session.execute(text("ANALYZE TABLE user, person_word"))
        actor = practice.actor("rita")
    sent: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda *given: sent.append((given[2], given[3])))

    def find(work: UnitOfWork) -> int:
        work.act_as(actor)
        wanted = PeopleFilter(words=sought_words("name77 maria"))
        return len(people_search.find(work.session, actor, wanted, after=0, limit=101).people)

    assert Database(engine, Clock(NOW)).transact(find, commit=False) == 11

    with engine.connect() as connection:
        for statement, parameters in tuple(sent):
            plan = list(connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {statement}", parameters))
            by_word = [row for row in plan if row.key == "ix_person_word_word_user_id_kind"]
            assert by_word
            assert all(row.type == "range" and "Using index" in row.Extra for row in by_word)
            assert not [
                row.table for row in plan if row.type == "ALL" and (row.table or "").startswith(("user", "person"))
            ]
