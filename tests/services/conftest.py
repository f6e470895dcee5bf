"""Where people are recalled."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from lambda_function.db.models import Treatment
from lambda_function.db.unit_of_work import Database
from tests.clock import Clock
from tests.factories import Practice
from tests.services.recall_desk import MONTHS, VISIT, Desk


@pytest.fixture
def desk(database: Database, practice: Practice, clock: Clock) -> Desk:
    """Kim has visits before and after, so that what is read of the wrong visit is seen."""
    for start in (VISIT - timedelta(days=300), VISIT + timedelta(days=300)):
        practice.add_appointment(start, patient_id=practice.ids["kim"])
    practice.session.execute(update(Treatment).where(Treatment.treatment_id == 1).values(recall_months=MONTHS))
    practice.session.execute(update(Treatment).where(Treatment.treatment_id == 2).values(recall_months=None))
    practice.session.commit()
    return Desk(database, practice, clock)
