"""Imports 100,000 patients, kills the import at random moments and repeats it, and measures time and memory.

Run `python -m benchmarks.importing`: five minutes, with a MySQL of its own, or with the server of `--url`. The command
runs as operators run it, in a process of its own. The floor is inserting the same rows again in the same batches, with
PyMySQL alone and without a check of anything.
"""

from contextlib import closing
from pathlib import Path
from secrets import SystemRandom
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlalchemy import URL, text

from benchmarks.bench import argument_parser, bench_database
from lambda_function.services.operators.arguments import MOST_ROWS
from tests.factories import Practice
from tests.patient_files import import_file, write_patients
from tests.servers import plain_engine

# In the order in which rows refer to each other.
TABLES = ("user", "patient", "patient_import", "patient_identifier", "clinic_patient", "person_event", "person_word")
KILLS = 5


def floor(url: URL, first_id: int) -> float:
    """Deletes the people from `first_id` on, and returns how many seconds it takes to insert their rows again."""
    with closing(plain_engine(url).raw_connection()) as connection, closing(connection.cursor()) as cursor:
        batches = []
        cursor.execute("SELECT user_id FROM user WHERE user_id >= %s ORDER BY user_id", (first_id,))
        ids = [row[0] for row in cursor.fetchall()]
        for start in range(0, len(ids), MOST_ROWS):
            span = ids[start], ids[min(start + MOST_ROWS, len(ids)) - 1]
            batch = []
            for table in TABLES:
                column = "patient_id" if table == "clinic_patient" else "user_id"
                cursor.execute(f"SELECT * FROM `{table}` WHERE {column} BETWEEN %s AND %s", span)
                rows = cursor.fetchall()
                batch.append((f"INSERT INTO `{table}` VALUES ({', '.join(['%s'] * len(rows[0]))})", rows))
            batches.append(batch)
        for table in reversed(TABLES):
            column = "patient_id" if table == "clinic_patient" else "user_id"
            cursor.execute(f"DELETE FROM `{table}` WHERE {column} >= %s", (first_id,))
        connection.commit()
        begun = perf_counter()
        for batch in batches:
            for statement, rows in batch:
                cursor.executemany(statement, rows)
            connection.commit()
        return perf_counter() - begun


def check_once(url: URL, clinic_id: int, rows: int) -> None:
    """Fails unless each row of the file has become exactly one patient."""
    with plain_engine(url).connect() as connection:
        counts = connection.execute(
            text(
                "SELECT COUNT(*), COUNT(DISTINCT key_hash), COUNT(DISTINCT user_id),"
                " (SELECT COUNT(*) FROM clinic_patient WHERE clinic_id = :clinic_id)"
                " FROM patient_import WHERE clinic_id = :clinic_id"
            ),
            {"clinic_id": clinic_id},
        ).one()
    if set(counts) != {rows}:
        raise AssertionError(f"{tuple(counts)} instead of {rows}")


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    arguments = parser.parse_args()
    with bench_database(arguments.url) as url, TemporaryDirectory() as folder, Practice.open(url) as practice:
        report(url, practice, Path(folder), arguments.rows)


def report(url: URL, practice: Practice, folder: Path, rows: int) -> None:
    clinics = [practice.add_clinic(f"Imported {number}", "America/Lima").clinic_id for number in range(2)]
    first, second = (write_patients(folder / f"{name}.csv", range(rows), name) for name in "ab")
    empty = max(practice.ids.values()) + 1

    print(f"| {rows:,} rows | s | rows/s | memory, MB |\n|---|---|---|---|")
    checked = import_file(url, first, "Imported 0", "--dry-run")
    whole = import_file(url, first, "Imported 0")
    again = import_file(url, first, "Imported 0")
    check_once(url, clinics[0], rows)
    for name, run in (("check only", checked), ("check and import", whole), ("the same again", again)):
        print(f"| {name} | {run.seconds:.1f} | {rows / run.seconds:,.0f} | {run.megabytes:.0f} |", flush=True)
        if run.code:
            raise AssertionError(run.output)
    plain = floor(url, empty)
    print(f"| floor: the inserts alone | {plain:.1f} | {rows / plain:,.0f} | |", flush=True)
    print(f"\nImport without the check / floor: {(whole.seconds - checked.seconds) / plain:.2f}")

    killed = [SystemRandom().uniform(0, whole.seconds) for _ in range(KILLS)]
    codes = [import_file(url, second, "Imported 1", kill_after=moment).code for moment in killed]
    last = import_file(url, second, "Imported 1")
    check_once(url, clinics[1], rows)
    moments = ", ".join(f"{moment:.1f}" for moment in killed)
    print(f"\nKilled after {moments} s (exit codes {codes}), then repeated: {last.output} Each row exactly once.")


if __name__ == "__main__":
    main()
