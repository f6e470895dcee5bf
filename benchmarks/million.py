"""The people of benchmarks/search.py: 1,000,000 of them, with all their words.

They are written without the application, many rows to a statement, in a few minutes. The names are such that it is
known how many people a word finds. `check_words` compares the words of some of them with the application's.
"""

from dataclasses import dataclass

from sqlalchemy import URL, Connection, text

from lambda_function.domain.person_words import found_by
from tests.clock import NOW
from tests.factories import Practice
from tests.servers import plain_engine

PEOPLE, BATCH = 1_000_000, 20_000
# A word of kind SAME that 100,000 people share, of whom the small clinic sees nobody.
OF_MANY = "=of-many"
# Of so many people in a row, one is a doctor.
A_DOCTOR = 500
SMALL_PATIENTS, NOWHERE = 1000, 5000
# Each second surname has so many people.
RARE = 1000
# More than the data and the indexes, as on a server that is used for nothing else.
_BUFFER_POOL = 4 << 30
_REDO_LOG = 2 << 30

# First names, each with its share of a hundred. 30 begin with "ma".
_FIRST = [("Maria", 10), ("Mateo", 8), ("Marta", 7), ("Manuel", 5), ("Ana", 9), ("Luis", 9), ("Jose", 12), ("Rosa", 10)]
_FIRST += [("Carmen", 10), ("Pedro", 10), ("Julia", 10)]
# Surnames, each with its share of a thousand. Nobody called Maria is called Zapata.
_LAST = [("Garcia", 30), ("Torres", 20), ("Quispe", 50), ("Flores", 100), ("Zapata", 100), ("Rojas", 100)]
_LAST += [("Mamani", 100), ("Huaman", 100), ("Sanchez", 100), ("Ramos", 100), ("Diaz", 100), ("Vega", 100)]

# The words of one person, by kind. `p.n` is the person's number.
# 100,000 people are said to have been born on the first of January 1990.
_BORN = "IF(MOD(p.n, 10) = 5, '1990-01-01', ADDDATE('1930-01-01', MOD(p.n * 31, 30000)))"
_DIGITS = "CONCAT('519', LPAD(p.n, 8, '0'))"
_WORDS = [
    *((1, part) for part in ("LOWER(p.first_name)", "LOWER(p.last_name)", "p.rare")),
    *((2, part) for part in ("CONCAT('u', p.n)",)),
    *((3, part) for part in ("CONCAT('u', p.n)", "'example'", "'org'")),
    *((4, f"SUBSTRING({_DIGITS}, {start})") for start in range(1, 9)),
    *(
        (7, f"CONCAT('=', LEFT(SHA2(CONCAT({text}), 256), 32))")
        for text in (
            "'email u', p.n, '@example.org'",
            f"'phone ', {_DIGITS}",
            f"'born ', {_BORN}, ' ', LOWER(CONCAT(p.first_name, ' ', p.last_name, ' ', p.rare))",
        )
    ),
    (8, f"CONCAT('=', {_BORN})"),
]


@dataclass(frozen=True, slots=True)
class Million:
    """User names of callers, and the first of the ids, which are in a row."""

    first_id: int
    small_clinic: int
    of_small_clinic: str = "rsmall"
    of_large_clinics: str = "rlarge"
    doctor: str = "dsmall"
    patient: str = "alone"


def fill(url: URL) -> Million:
    with Practice.open(url) as practice:
        small = practice.add_clinic("Small", "America/Lima").clinic_id
        large = [practice.add_clinic(f"Large {number}", "America/Lima").clinic_id for number in range(4)]
        practice.add_receptionist("rsmall", clinics=(small,))
        practice.add_receptionist("rlarge", clinics=tuple(large))
        practice.add_doctor("dsmall", clinic=small)
        practice.add_patient("alone")
    with plain_engine(url).connect() as connection:
        connection.execute(text("DELETE FROM person_word"))
        connection.execute(text(f"SET GLOBAL innodb_buffer_pool_size = {_BUFFER_POOL}"))
        connection.execute(text(f"SET GLOBAL innodb_redo_log_capacity = {_REDO_LOG}"))
        connection.execute(text("SET foreign_key_checks = 0, unique_checks = 0"))
        _numbers(connection)
        connection.execute(text("DROP INDEX ix_person_word_word_user_id_kind ON person_word"))
        first_id = connection.execute(text("SELECT MAX(user_id) + 1 FROM user")).scalar_one()
        for start in range(0, PEOPLE, BATCH):
            _people(connection, first_id, start)
            _profiles(connection, first_id, start, small, large)
            _words(connection, first_id, start)
            connection.commit()
        connection.execute(text("CREATE INDEX ix_person_word_word_user_id_kind ON person_word (word, user_id, kind)"))
        connection.execute(text("ANALYZE TABLE user, patient, doctor, clinic_patient, person_word"))
    return Million(first_id, small)


def _numbers(connection: Connection) -> None:
    """Creates `bench_person` with the number and the names of everybody."""
    connection.execute(
        text(
            "CREATE TABLE bench_person (n INT PRIMARY KEY, first_name VARCHAR(20) NOT NULL,"
            " last_name VARCHAR(20) NOT NULL, rare VARCHAR(20) NOT NULL) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        )
    )
    digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
    places = ", ".join(f"({digits}) AS p{place}" for place in range(6))
    value = " + ".join(f"p{place}.d * {10**place}" for place in range(6))
    # Numbers that are mixed, so that names are spread over all ids and do not depend on each other.
    mixed = "MOD(n * 7919 + n DIV 100 * 31, 100)"
    other = "MOD(n DIV 100 * 607 + MOD(n, 100) * 389, 1000)"
    last = f"CASE {_cases(_LAST, other)} END"
    rare = f"CONCAT('s', LPAD(MOD(n * 17 + n DIV 1000, {PEOPLE // RARE}), 3, '0'), 'x')"
    names = (
        f"SELECT n, CASE {_cases(_FIRST, mixed)} END AS first_name, {last} AS last_name, {rare} AS rare"
        f" FROM (SELECT {value} AS n FROM {places}) AS v"
    )
    connection.execute(
        text(
            "INSERT INTO bench_person SELECT n, first_name, IF(first_name = 'Maria' AND last_name = 'Zapata', 'Vega',"
            f" last_name), rare FROM ({names}) AS named ORDER BY n"
        )
    )
    connection.commit()


def _cases(shares: list[tuple[str, int]], value: str) -> str:
    cases, until = [], 0
    for name, share in shares:
        until += share
        cases.append(f"WHEN {value} < {until} THEN '{name}'")
    return " ".join(cases)


def _people(connection: Connection, first_id: int, start: int) -> None:
    connection.execute(
        text(
            "INSERT INTO user (user_id, user_name, user_type, full_name, email, phone, birth_date, created_at,"
            " updated_at)"
            f" SELECT {first_id} + p.n, CONCAT('u', p.n), IF(MOD(p.n, {A_DOCTOR}) = 0, 2, 1), CONCAT(first_name, ' ',"
            " last_name, ' ', rare), CONCAT('u', p.n, '@example.org'), CONCAT('+51 9', LPAD(p.n, 8, '0')),"
            f" {_BORN}, :now, :now"
            " FROM bench_person AS p WHERE p.n >= :start AND p.n < :end ORDER BY p.n"
        ),
        {"now": NOW.replace(tzinfo=None), "start": start, "end": start + BATCH},
    )


def _profiles(connection: Connection, first_id: int, start: int, small: int, large: list[int]) -> None:
    """Spreads the small clinic's patients and those of no clinic over all ids. The others are in the large clinics."""
    given = {"now": NOW.replace(tzinfo=None), "start": start, "end": start + BATCH}
    span = "FROM bench_person AS p WHERE p.n >= :start AND p.n < :end"
    doctor = f"MOD(p.n, {A_DOCTOR}) = 0"
    of_small = f"MOD(p.n, {PEOPLE // SMALL_PATIENTS}) = 7"
    nowhere = f"MOD(p.n, {PEOPLE // NOWHERE}) = 11"
    large_clinic = f"{large[0]} + MOD(p.n, {len(large)})"
    member = f"IF({of_small}, {small}, {large_clinic}), {first_id} + p.n, :now"
    for statement in (
        f"INSERT INTO patient SELECT {first_id} + p.n {span} AND NOT {doctor}",
        f"INSERT INTO doctor (user_id, clinic_id) SELECT {first_id} + p.n, {large_clinic} {span} AND {doctor}",
        f"INSERT INTO clinic_patient SELECT {member} {span} AND NOT {doctor} AND NOT {nowhere}",
        (
            f"INSERT INTO patient_identifier SELECT 'national_id', 'PE', LPAD(p.n, 8, '0'), {first_id} + p.n {span}"
            f" AND NOT {doctor} AND MOD(p.n, 10) = 5"
        ),
        (
            f"INSERT INTO person_word SELECT {first_id} + p.n, 5, LPAD(p.n, 8, '0') {span} AND NOT {doctor}"
            " AND MOD(p.n, 10) = 5"
        ),
        # The number of a clinic, which it entered for 100,000 people. Their rows do not have it.
        f"INSERT INTO person_word SELECT {first_id} + p.n, 7, '{OF_MANY}' {span} AND MOD(p.n, 10) = 5",
    ):
        connection.execute(text(statement), given)


def _words(connection: Connection, first_id: int, start: int) -> None:
    cases = " ".join(f"WHEN {number} THEN {word}" for number, (_, word) in enumerate(_WORDS))
    numbers = " UNION ALL ".join(f"SELECT {number} AS i, {kind} AS kind" for number, (kind, _) in enumerate(_WORDS))
    connection.execute(
        text(
            f"INSERT INTO person_word (user_id, kind, word) SELECT {first_id} + p.n, w.kind, CASE w.i {cases} END"
            f" FROM bench_person AS p JOIN ({numbers}) AS w WHERE p.n >= :start AND p.n < :end ORDER BY 1, 2, 3"
        ),
        {"start": start, "end": start + BATCH},
    )


def check_words(url: URL, million: Million) -> None:
    """Raises RuntimeError unless the words of some people are those that the application would write."""
    with plain_engine(url).connect() as connection:
        for number in (0, 1, 7, 1234, 99_999, PEOPLE - 1):
            user_id = million.first_id + number
            person = connection.execute(
                text("SELECT full_name, user_name, email, phone, birth_date FROM user WHERE user_id = :id"),
                {"id": user_id},
            ).one()
            rows = connection.execute(text("SELECT kind, word FROM person_word WHERE user_id = :id"), {"id": user_id})
            if {tuple(row) for row in rows} != set(found_by(**person._asdict())):
                raise RuntimeError(f"The words of person {number} are not those of the application.")
