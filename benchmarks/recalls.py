"""Times what is done with recalls among 100,000 open ones, against the barest read of a page of them.

    python -m benchmarks.recalls [--url mysql+pymysql://administrator:password@host:port] [--rounds 50]

The recalls are spread over ten clinics and two years; every eleventh patient has a visit ahead. In process and warm:
a receptionist's pages of `GET /recalls` by filter, completing a visit whose treatment has recalls and one whose
treatment has none, the sweep that plans the notices of a day (some 400 messages), and the operators' report of a year.
The floor is one SELECT of 50 recalls of a clinic by its index, with PyMySQL alone on an open connection. In each round
they take turns, in an order that moves on, and each time is divided by that of the floor in the same round.

Without --url a throw-away MySQL is started. With it, the database `dentist_bench` of that server is dropped and created
again. The result is Markdown.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import URL, insert, text, update

from benchmarks.bench import Ways, answered, argument_parser, bench_database, in_turns, print_ratios
from lambda_function.api.app import create_app
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine, connect
from lambda_function.db.models import Appointment, ClinicPatient, Patient, Recall, Treatment, User
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import Status
from lambda_function.domain.recalls import RecallStatus
from lambda_function.services.notifications.recalling import sweep_recalls
from lambda_function.services.operators.arguments import RecallReport
from lambda_function.services.operators.recall_report import report
from tests.api_client import access_claims, http_event
from tests.clock import NOW, Clock
from tests.factories import Practice

CLINICS, RECALLS, TREATMENTS = 10, 100_000, 2
WITH_RECALLS, WITHOUT = 1, 3
WARM_UP = 10
PAGE = 50
_RITA, _DRJAY = access_claims("rita"), access_claims("drjay")
_DAYS = 730
_FIRST = NOW.date() - timedelta(days=_DAYS // 2)
_FLOOR = (
    "SELECT recall_id, patient_id, treatment_id, clinic_id, doctor_id, due_on, note, version FROM recall"
    " WHERE clinic_id = 1 AND status = 'OPEN' ORDER BY due_on, recall_id LIMIT 50"
)
_LISTS: Mapping[str, Mapping[str, Any]] = {
    "all of the clinic": {},
    "`state=DUE`": {"state": "DUE"},
    "`state=UPCOMING`": {"state": "UPCOMING"},
    "`state=BOOKED`": {"state": "BOOKED"},
    "of a treatment": {"treatment_id": 1},
    "due in a month": {"due_from": "2030-01-01", "due_to": "2030-01-31"},
}


def _insert(practice: Practice, mapped: type[Any], rows: Iterable[Mapping[str, Any]]) -> None:
    remaining = iter(rows)
    while chunk := list(islice(remaining, 5000)):
        practice.session.execute(insert(mapped), chunk)
    practice.session.commit()


def fill(practice: Practice) -> list[int]:
    """Adds the clinics, patients, recalls and visits ahead, and returns the patients' ids."""
    clinics = [1, *(practice.add_clinic(f"Clinic {number}", "America/Lima").clinic_id for number in range(1, CLINICS))]
    practice.session.execute(update(Treatment).where(Treatment.treatment_id == WITH_RECALLS).values(recall_months=6))
    first = max(practice.ids.values()) + 1
    patients = list(range(first, first + RECALLS // TREATMENTS))
    written = {"created_at": NOW, "updated_at": NOW}
    person = {"user_type": Role.PATIENT, **written}
    names = (
        {
            "user_id": each,
            "user_name": f"p{each}",
            "full_name": f"Patient {each}",
            "email": f"p{each}@example.org",
            **person,
        }
        for each in patients
    )
    _insert(practice, User, names)
    _insert(practice, Patient, ({"user_id": each} for each in patients))
    members = ({"clinic_id": clinics[each % CLINICS], "patient_id": each, "created_at": NOW} for each in patients)
    _insert(practice, ClinicPatient, members)
    recall = {
        "due_set_at": NOW - timedelta(days=_DAYS),
        "status": RecallStatus.OPEN,
        "open_key": 1,
        "version": 1,
        **written,
    }
    recalls = (
        {
            "patient_id": each,
            "treatment_id": treatment,
            "clinic_id": clinics[each % CLINICS],
            "due_on": _FIRST + timedelta(days=(each * 7 + treatment * 11) % _DAYS),
            **recall,
        }
        for each in patients
        for treatment in range(1, TREATMENTS + 1)
    )
    _insert(practice, Recall, recalls)
    doctor, later = practice.ids["drjay"], NOW + timedelta(days=3)
    ahead = (visit(doctor, each, WITH_RECALLS, later, Status.BOOKED) for each in patients[CLINICS // 2 :: 11])
    _insert(practice, Appointment, ahead)
    practice.session.execute(text("ANALYZE TABLE recall, appointment, user, patient, clinic_patient")).all()
    return patients


def visit(doctor_id: int, patient_id: int, treatment_id: int, starts_at: datetime, status: Status) -> dict[str, Any]:
    return {
        "patient_id": patient_id,
        "doctor_id": doctor_id,
        "clinic_id": 1,
        "treatment_id": treatment_id,
        "status": status,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=30),
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 0,
        "created_at": NOW,
        "updated_at": NOW,
    }


def to_complete(practice: Practice, patients: Iterable[int], treatment_id: int) -> Iterator[int]:
    """Adds a visit of each patient that can be completed, and returns an iterator of their ids."""
    doctor, begun = practice.ids["drjay"], NOW - timedelta(hours=1)
    _insert(practice, Appointment, (visit(doctor, each, treatment_id, begun, Status.CHECKED_IN) for each in patients))
    found = text("SELECT appointment_id FROM appointment WHERE treatment_id = :treatment AND status = 'CHECKED_IN'")
    return iter(list(practice.session.scalars(found, {"treatment": treatment_id})))


def ways_of(url: URL, rounds: int) -> Ways:
    """Returns what is measured. The first is the floor."""
    source = UrlCredentials(url)
    database = Database(build_engine(source, tls=None), Clock(NOW))
    # Each sweep is that of another day.
    tomorrow = Clock(NOW)
    sweeping = Database(build_engine(source, tls=None), tomorrow)
    api = create_app(database)
    with Practice.open(url) as practice:
        patients = [each for each in fill(practice) if each % CLINICS == 0]
        recalled = to_complete(practice, patients[1:rounds], WITH_RECALLS)
        others = to_complete(practice, patients[1:rounds], WITHOUT)
    raw = connect(source.current(), charset="utf8mb4", ssl_disabled=True)

    def floor() -> None:
        with closing(raw.cursor()) as cursor:
            cursor.execute(_FLOOR)
            if len(cursor.fetchall()) != PAGE:
                raise RuntimeError("the floor read no whole page")
        raw.rollback()

    def listed(query: Mapping[str, Any]) -> None:
        wanted = urlencode({**query, "limit": PAGE})
        if not json.loads(answered(api, http_event("GET", "/recalls", query=wanted, claims=_RITA)))["items"]:
            raise RuntimeError(f"{query}: no recalls")

    def swept() -> None:
        tomorrow.advance(days=1)
        if not sweep_recalls(sweeping, lambda: 60.0):
            raise RuntimeError("nobody was to be told")

    def completed(visits: Iterator[int]) -> None:
        answered(api, http_event("POST", f"/appointments/{next(visits)}/complete", claims=_DRJAY))

    return {
        "SELECT of a page (the floor)": floor,
        **{f"page of 50: {name}": partial(listed, query) for name, query in _LISTS.items()},
        "completing, with a recall": partial(completed, recalled),
        "completing, without recalls": partial(completed, others),
        "sweep of a day, all clinics": swept,
        "report of a year, all clinics": partial(report, database, RecallReport()),
    }


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    wanted = parser.parse_args()
    with bench_database(wanted.url) as url:
        ways = ways_of(url, wanted.rounds + 2 * WARM_UP)
        times = in_turns(lambda: ways, wanted.rounds, warm_up=WARM_UP)
    print_ratios(ways, times, what="what")


if __name__ == "__main__":
    main()
