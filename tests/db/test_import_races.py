"""Whatever ends an import and however many run at once, each row of a file becomes one patient."""

import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from secrets import SystemRandom

from sqlalchemy import URL, text

from lambda_function.db.models import ClinicPatient, PatientIdentifier, PatientImport, PersonEvent, User
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.errors import DomainError
from lambda_function.services.operators.arguments import ImportBatch, ImportRow
from lambda_function.services.operators.importing import import_patients
from tests.db.races import THREADS, Clients, Job
from tests.factories import Practice
from tests.patient_files import importing, patient, write_patients
from tests.profiles import examples
from tests.servers import plain_engine

BATCH = 40


def _importing(numbers: Sequence[int], prefix: str = "", clinic: str = "Lima Centro") -> Job:
    """Imports these patients in batches and answers how many were new, or the codes of problems and refusals."""

    def run(database: Database) -> str:
        new, codes = 0, []
        for start in range(0, len(numbers), BATCH):
            rows = [
                ImportRow(line=number + 2, values=patient(number, prefix)) for number in numbers[start : start + BATCH]
            ]
            try:
                answer = import_patients(database, ImportBatch(clinic=clinic, rows=rows))
            except DomainError as refusal:
                return refusal.code
            codes += [problem["code"] for problem in answer["problems"]]
            new += 0 if answer["problems"] else answer["new"]
        return " ".join(sorted(set(codes))) or str(new)

    return run


def _check_once(practice: Practice, rows: int) -> None:
    """Fails unless each of the first rows has become exactly one patient, with all that belongs to one."""
    imports = practice.rows(PatientImport)
    ids = {row.user_id for row in imports}
    assert (len(imports), len(ids)) == (rows, rows)
    names = Counter(user.email for user in practice.rows(User) if user.user_id in ids)
    assert names == Counter(patient(number)["email"] for number in range(rows))
    assert Counter(row.user_id for row in practice.rows(PatientIdentifier)) == dict.fromkeys(ids, 2)
    assert Counter(row.user_id for row in practice.rows(PersonEvent) if row.user_id in ids) == dict.fromkeys(ids, 1)
    members = (row.patient_id for row in practice.rows(ClinicPatient) if row.patient_id in ids)
    assert Counter(members) == dict.fromkeys(ids, 1)


def test_of_many_imports_of_one_file_each_row_is_imported_by_one(clients: Clients, practice: Practice) -> None:
    numbers = range(4 * BATCH)
    answers = clients.at_once([_importing(numbers)] * THREADS)
    assert sum(map(int, answers)) == len(numbers)
    _check_once(practice, len(numbers))


def test_imports_of_the_same_rows_in_other_orders_do_not_stop_each_other(clients: Clients, practice: Practice) -> None:
    numbers = list(range(4 * BATCH))
    jobs = [_importing(SystemRandom().sample(numbers, len(numbers))) for _ in range(4)]
    answers = clients.at_once(jobs)
    assert sum(map(int, answers)) == len(numbers)
    _check_once(practice, len(numbers))


def test_of_two_clinics_that_import_one_number_at_once_one_has_it_and_the_other_hears_of_it(
    clients: Clients, practice: Practice
) -> None:
    practice.add_clinic("Lima Sur", "America/Lima")
    for number in range(10):
        jobs = [_importing([number], clinic=clinic) for clinic in ("Lima Centro", "Lima Sur")]
        assert sorted(clients.at_once(jobs)) == ["1", "identifier_taken"]


def test_a_program_that_is_killed_at_random_moments_and_repeated_imports_each_row_once(
    app_url: URL, practice: Practice, tmp_path: Path
) -> None:
    rows = examples(2_000, 100_000)
    file = write_patients(tmp_path / "patients.csv", range(rows))

    def done() -> int:
        with plain_engine(practice.url).connect() as connection:
            return int(connection.execute(text("SELECT COUNT(*) FROM patient_import")).scalar_one())

    for enough in sorted(SystemRandom().sample(range(rows), 3)):
        with importing(app_url, file, "Lima Centro") as process:
            while done() < enough and not _ended(process, 0.02):
                pass
            _ended(process, SystemRandom().uniform(0, 0.3))
            process.kill()
    with importing(app_url, file, "Lima Centro") as process:
        output, _ = process.communicate()
    numbers = [int(number.replace(",", "")) for number in re.findall("[0-9,]+", output.decode())]
    assert (process.returncode, sum(numbers)) == (0, rows)
    _check_once(practice, rows)


def _ended(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Waits for at most some seconds, and returns whether the process has ended."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)
    return process.returncode is not None
