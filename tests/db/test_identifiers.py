"""Identifiers and the words by which they are found are written together."""

import pytest

from lambda_function.db.models import PersonWord
from lambda_function.db.repositories.identifiers import (
    add_identifiers,
    holders_of,
    identifiers_of,
    replace_identifiers,
)
from lambda_function.db.repositories.people import add_patient
from lambda_function.db.repositories.person_words import read_words
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.errors import ContentionError
from lambda_function.domain.identifiers import IdentifierSystem, ScopedIdentifier
from lambda_function.domain.people import Channel, Language, NewUser
from lambda_function.domain.person_words import IDENTIFIER_KINDS
from tests.clock import NOW
from tests.factories import Practice

RITA = Actor(4, Role.RECEPTIONIST, (1,))
DNI = ScopedIdentifier(IdentifierSystem.NATIONAL_ID, "PE", "12345678")
SPANISH = ScopedIdentifier(IdentifierSystem.NATIONAL_ID, "ES", "12345678")
CHART = ScopedIdentifier(IdentifierSystem.CHART, "1", "A17")
OTHER_CHART = ScopedIdentifier(IdentifierSystem.CHART, "2", "A17")
OF_CLINIC_1 = {(DNI.system, "PE"), (IdentifierSystem.INSURANCE, "PE"), (CHART.system, "1")}


def _words(practice: Practice, user_id: int) -> set[str]:
    return {row.word for row in practice.rows(PersonWord) if row.user_id == user_id and row.kind in IDENTIFIER_KINDS}


def test_the_details_of_a_new_person_are_stored(database: Database, practice: Practice) -> None:
    new = NewUser(
        user_name="zoe",
        user_type=Role.PATIENT,
        full_name="Zoe Quinn",
        birth_date=NOW.date(),
        language=Language.ES,
        contact_by=Channel.SMS,
        recalls=False,
    )
    database.transact(lambda work: add_patient(work.session, new, NOW, [1]))

    zoe = practice.user("zoe")
    assert (zoe.birth_date, zoe.language, zoe.contact_by, zoe.recalls) == (NOW.date(), "es", "SMS", False)
    assert new.fields_entered == ["birth_date", "contact_by", "full_name", "language", "recalls", "user_name"]


def test_identifiers_are_added_with_their_words(database: Database, practice: Practice) -> None:
    pat = practice.ids["pat"]
    database.transact(lambda work: add_identifiers(work.session, pat, [DNI, CHART]))

    assert database.transact(lambda work: identifiers_of(work.session, pat)) == [DNI, CHART]
    assert database.transact(lambda work: [row.user_id for row in holders_of(work.session, RITA, [DNI, SPANISH])]) == [
        pat
    ]
    assert _words(practice, pat) == {"12345678", "a17 1"}
    words = database.transact(lambda work: read_words(work.session, [pat])[pat])
    assert words.right == words.stored


def test_nobody_holds_no_identifiers(database: Database) -> None:
    assert database.transact(lambda work: holders_of(work.session, RITA, [])) == []


def test_identifiers_are_replaced_in_their_scopes_only(database: Database, practice: Practice) -> None:
    pat = practice.ids["pat"]
    database.transact(lambda work: add_identifiers(work.session, pat, [DNI, SPANISH, CHART, OTHER_CHART]))
    new = CHART._replace(value="B18")

    assert database.transact(lambda work: replace_identifiers(work.session, pat, [new], OF_CLINIC_1))

    stored = database.transact(lambda work: identifiers_of(work.session, pat))
    assert set(stored) == {SPANISH, OTHER_CHART, new}
    assert _words(practice, pat) == {"12345678", "a17 2", "b18 1"}


def test_the_same_identifiers_again_change_nothing(database: Database, practice: Practice) -> None:
    pat = practice.ids["pat"]
    database.transact(lambda work: add_identifiers(work.session, pat, [DNI, CHART]))

    assert not database.transact(lambda work: replace_identifiers(work.session, pat, [CHART, DNI], OF_CLINIC_1))


def test_an_identifier_that_somebody_else_has_is_refused(database: Database, practice: Practice) -> None:
    pat, kim = practice.ids["pat"], practice.ids["kim"]
    database.transact(lambda work: add_identifiers(work.session, pat, [DNI]))

    for write in (
        lambda work: add_identifiers(work.session, kim, [DNI]),
        lambda work: replace_identifiers(work.session, kim, [DNI], OF_CLINIC_1),
    ):
        with pytest.raises(ContentionError):
            database.transact(write, retries=0)
