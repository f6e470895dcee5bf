"""What docs/operations.md says about links."""

from sqlalchemy import URL, create_engine, text

from tests.api.desk import Desk, instant
from tests.docs.documents import OPERATIONS, spans
from tests.pages.visitor import Visitor

_DELETES = "DELETE link"


def test_the_statement_ends_the_links_of_one_visit_and_no_others(
    visitor: Visitor, desk: Desk, database_url: URL
) -> None:
    visit, other = (desk.practice.add_appointment(instant(at)) for at in ("15:00", "16:00"))
    leaked, kept = visitor.told("booked", visit), visitor.told("booked", other)
    [statement] = [span for span in spans(OPERATIONS) if span.startswith(_DELETES)]

    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text(statement.replace("123", str(visit.appointment_id))))
    engine.dispose()

    assert visitor.get(leaked).status == 404
    assert visitor.get(kept).status == 200
