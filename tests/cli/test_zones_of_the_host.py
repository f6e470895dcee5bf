"""The host's own time zones, which may be older than the service's or wrong, have no effect on what commands do."""

import json
import shutil
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from lambda_function.cli.command import Exit
from tests.cli.test_command import cli
from tests.factories import Practice

ZONE = "Africa/Casablanca"
# The clinic's clocks show half past eleven in the evening of 10 September. In Tokyo it is the morning of the 11th.
VISIT = datetime(2027, 9, 10, 23, 30, tzinfo=UTC)


@pytest.fixture
def host_zones(tmp_path: Path) -> Path:
    """A folder of time zones as on a host, in which Casablanca has the clocks of Tokyo."""
    folder = tmp_path / "zoneinfo"
    (folder / "Africa").mkdir(parents=True)
    with as_file(files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo")) as tokyo:
        for name in (ZONE, "localtime"):
            shutil.copy(tokyo, folder / name)
    return folder


def _practice_command(action: str, document: Any, url: URL, host_zones: Path) -> Any:
    file = host_zones.parent / "practice.yaml"
    file.write_text(json.dumps(document))
    return cli(
        *("practice", action, str(file), "--json"),
        DATABASE_URL=url.render_as_string(hide_password=False),
        DATABASE_TLS="off",
        PYTHONTZPATH=str(host_zones),
    )


@pytest.mark.parametrize(("day", "exit_code"), [("2027-09-10", Exit.REFUSED), ("2027-09-11", Exit.DONE)])
def test_a_closure_is_compared_with_visits_by_the_service_s_own_zones(
    practice: Practice, database_url: URL, host_zones: Path, day: str, exit_code: Exit
) -> None:
    clinic_id = practice.add_clinic("Casablanca", ZONE).clinic_id
    doctor_id = practice.add_doctor(clinic=clinic_id).user_id
    visit = practice.add_appointment(VISIT, clinic_id=clinic_id, doctor_id=doctor_id)
    closure = {"first_day": day, "last_day": day}
    document = {"clinics": {"Casablanca": {"country": "PE", "time_zone": ZONE, "closures": [closure]}}}

    run = _practice_command("apply", document, database_url, host_zones)

    assert run.returncode == exit_code, run.stdout + run.stderr
    conflicts = [conflict["appointment_ids"] for conflict in json.loads(run.stdout)["conflicts"]]
    assert conflicts == ([[visit.appointment_id]] if exit_code == Exit.REFUSED else [])


def test_a_zone_that_only_the_host_has_is_refused(practice: Practice, database_url: URL, host_zones: Path) -> None:
    document = {"clinics": {"Casablanca": {"country": "PE", "time_zone": "localtime"}}}
    run = _practice_command("plan", document, database_url, host_zones)
    assert run.returncode == Exit.REFUSED
    assert "is not a known time zone" in run.stdout
