"""Many clients at once, each with its own connection and engine, like separate Lambdas."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import combinations
from threading import Barrier

from sqlalchemy import URL, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.models import Appointment, SlotClaim
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor
from lambda_function.domain.appointment import HOLDING, Status
from lambda_function.domain.errors import DomainError
from lambda_function.domain.intervals import Interval
from lambda_function.services.booking import BookingRequest, book
from tests.clock import NOW
from tests.servers import plain_engine

THREADS = 16

Job = Callable[[Database], str]
Run = Callable[[UnitOfWork], object]


class Clients:
    """`THREADS` databases, each with one connection."""

    def __init__(self, url: URL) -> None:
        self._engines = [build_engine(UrlCredentials(url), tls=None) for _ in range(THREADS)]
        self.databases = [Database(engine, lambda: NOW) for engine in self._engines]
        self._pool = ThreadPoolExecutor(THREADS)

    def at_once(self, jobs: Sequence[Job]) -> list[str]:
        """Runs one job for each client, all released by the same barrier, and returns their answers."""
        barrier = Barrier(len(jobs))

        def run(job: Job, database: Database) -> str:
            barrier.wait()
            return job(database)

        return list(self._pool.map(run, jobs, self.databases))

    def close(self) -> None:
        self._pool.shutdown()
        for engine in self._engines:
            engine.dispose()


def outcome(run: Callable[[], object], done: str = "done") -> str:
    """Runs it, and returns `done` or the code of the refusal."""
    try:
        run()
    except DomainError as refusal:
        return refusal.code
    return done


def transaction(run: Run, actor: Actor | None = None, done: str = "done") -> Job:
    """Returns a job that runs it in a transaction, as the actor if there is one, and answers with the outcome."""

    def act(work: UnitOfWork) -> None:
        if actor is not None:
            work.act_as(actor)
        run(work)

    return lambda database: outcome(lambda: database.transact(act), done)


def booking(actor: Actor, request: BookingRequest) -> Job:
    """Returns a job that books, and answers `booked` or the code of the refusal."""
    return transaction(lambda work: book(work, request), actor, "booked")


def plain_booking(url: URL, request: BookingRequest, clinic_id: int, *, claims: bool) -> Job:
    """Returns a job of somebody with a database client, who checks that the time is free and then writes. It takes no
    locks, and writes only the doctor's claims, and these only if asked to.
    """
    engine = plain_engine(url)
    visit = Interval(request.starts_at, request.starts_at + timedelta(minutes=30))

    def job(_: Database) -> str:
        with engine.connect() as connection:
            clash = select(Appointment.appointment_id).where(
                Appointment.doctor_id == request.doctor_id,
                Appointment.starts_at < visit.end,
                Appointment.ends_at > visit.start,
            )
            if connection.execute(clash).first():
                return "doctor_busy"
            row = {
                "patient_id": request.patient_id,
                "doctor_id": request.doctor_id,
                "clinic_id": clinic_id,
                "treatment_id": request.treatment_id,
                "status": Status.BOOKED,
                "starts_at": visit.start,
                "ends_at": visit.end,
                "buffer_before_minutes": 0,
                "buffer_after_minutes": 0,
                "created_at": NOW,
                "updated_at": NOW,
            }
            appointment_id = connection.execute(insert(Appointment), row).lastrowid
            slots = [
                {"kind": 1, "resource_id": request.doctor_id, "slot_at": slot, "appointment_id": appointment_id}
                for slot in visit.grid_slots()
            ]
            try:
                if claims:
                    connection.execute(insert(SlotClaim), slots)
                connection.commit()
            except DBAPIError:
                return "refused by the database"
        return "booked"

    return job


def held(url: URL, since: datetime) -> list[tuple[dict[str, int | None], Interval]]:
    """Returns the people and chair of every appointment that starts within a day of `since` and holds its time."""
    with Session(plain_engine(url)) as session:
        rows = session.execute(
            select(
                Appointment.doctor_id,
                Appointment.patient_id,
                Appointment.chair_id,
                Appointment.starts_at,
                Appointment.ends_at,
            ).where(
                Appointment.status.in_(sorted(HOLDING)),
                Appointment.starts_at >= since,
                Appointment.starts_at < since + timedelta(days=1),
            )
        ).all()
    return [
        (
            {"doctor": row.doctor_id, "patient": row.patient_id, "chair": row.chair_id},
            Interval(row.starts_at, row.ends_at),
        )
        for row in rows
    ]


def overlapping_pairs(appointments: Sequence[tuple[dict[str, int | None], Interval]]) -> int:
    """Counts the pairs that share a doctor, a patient or a chair at the same time."""
    return sum(
        time.overlaps(other_time)
        and any(value is not None and value == other[kind] for kind, value in resources.items())
        for (resources, time), (other, other_time) in combinations(appointments, 2)
    )
