"""What people learn about patients whom they do not see by trying identifiers, dates of birth, duplicates and searches:
nothing. Each attack is played against practices in which it guesses right and wrong, or in which there is nobody to
find. Answers and statements are the same.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest

from tests.api.conftest import Statements
from tests.api.desk import Desk, at
from tests.api_client import Answer

BORN = date(1990, 1, 31)
WRONG_DAY = BORN + timedelta(1)
NAME = "Zoe Quinn"
PHONE, EMAIL = "+51 987 654 321", "zoe.private@example.org"
NUMBERS = {"national_id": "12345678", "insurance": "INS77", "chart": "CHART5"}


class Secret(NamedTuple):
    """The patient about whom somebody wants to learn something. `clinic` is whose patient they are."""

    clinic: int = 2
    birth_date: date | None = BORN
    full_name: str = NAME
    phone: str | None = PHONE
    email: str | None = EMAIL
    active: bool = True
    numbers: tuple[str, ...] = ("national_id", "insurance", "chart")
    chart_of: int = 2


Attack = Callable[[Desk], Answer]


def _enter(desk: Desk, secret: Secret) -> None:
    zoe = desk.practice.add_patient(
        "zoe",
        clinics=(secret.clinic,),
        full_name=secret.full_name,
        birth_date=secret.birth_date,
        phone=secret.phone,
        email=secret.email,
        active=secret.active,
    )
    for system in secret.numbers:
        scope = secret.chart_of if system == "chart" else "PE"
        desk.practice.add_identifier(zoe.user_id, system, scope, NUMBERS[system])


def _shape(answer: Answer, statements: Statements) -> tuple[Any, ...]:
    """Returns what a client can tell apart, with the statements behind it."""
    body = re.sub(r'"(request_id|lastUpdated|diagnostics)": ?"[^"]*"', "", answer.text)
    return answer.status, body, [statement.split()[0] for statement in statements.sent]


def _register(user_name: str = "rita", **body: Any) -> Attack:
    return lambda desk: desk.client.post(user_name, "/users", {"full_name": NAME, **body})


def _give_to_pat(user_name: str, **body: Any) -> Attack:
    return lambda desk: desk.client.call(user_name, "PATCH", f"/users/{desk.id_of('pat')}", body)


def _find(user_name: str, **query: Any) -> Attack:
    return lambda desk: desk.client.get(user_name, "/users", **query)


def _find_in_fhir(user_name: str, **query: Any) -> Attack:
    return lambda desk: desk.client.get(user_name, "/fhir/R4/Patient", **query)


DNI = [{"system": "national_id", "value": NUMBERS["national_id"]}]
TAKEN = Secret()

# What is refused looks the same, whyever it is refused.
SAME_REFUSAL: dict[str, tuple[Attack, list[Secret]]] = {
    "the date of birth of a known identifier": (
        _register(birth_date=WRONG_DAY.isoformat(), identifiers=DNI),
        [TAKEN, Secret(birth_date=None), Secret(clinic=1), Secret(active=False), Secret(full_name="Leo")],
    ),
    "the name of a known identifier": (
        _register(full_name="Zoe Quint", birth_date=BORN.isoformat(), identifiers=DNI),
        [TAKEN, Secret(birth_date=WRONG_DAY), Secret(clinic=1), Secret(active=False)],
    ),
    "an identifier without a date of birth": (
        _register(identifiers=DNI),
        [TAKEN, Secret(birth_date=None), Secret(clinic=1), Secret(active=False)],
    ),
    "whether whoever has an identifier is a patient here": (
        _give_to_pat("rita", identifiers=DNI),
        [TAKEN, Secret(clinic=1), Secret(active=False), Secret(birth_date=None)],
    ),
}

# Zoe is a patient elsewhere. Whoever looks for her gets what they would get if there were no Zoe.
SEARCHES: dict[str, Attack] = {
    "a reception by q": _find("rita", q=NUMBERS["national_id"]),
    "a reception by a chart number": _find("rita", q=NUMBERS["chart"]),
    "a reception by identifier": _find("rita", identifier="national_id:12345678"),
    "a reception by the identifier of a chart": _find("rita", identifier="chart:CHART5"),
    "a reception by the date of birth": _find("rita", birth_date=BORN.isoformat()),
    "a reception among those who left": _find("rita", active="false", birth_date=BORN.isoformat()),
    "a patient by identifier": _find("pat", identifier="national_id:12345678"),
    "a patient by the date of birth": _find("pat", birth_date=BORN.isoformat()),
    "a patient by q": _find("pat", q=NUMBERS["insurance"]),
    "a doctor by identifier": _find("drjay", identifier="insurance:INS77"),
    "a doctor by the date of birth": _find("drjay", birth_date=BORN.isoformat()),
    "a doctor by q": _find("drjay", q=NUMBERS["insurance"]),
    "a client of FHIR by identifier": _find_in_fhir("rita", identifier="urn:dentist-appointments:national-id|12345678"),
    "a client of FHIR by the date of birth": _find_in_fhir("rita", birthdate=BORN.isoformat()),
}
# Zoe is a patient of the doctor's clinic, so the doctor sees her name, but does not treat her.
SEARCHES_OF_A_DOCTOR: dict[str, Attack] = {
    "by identifier": _find("drjay", identifier="national_id:12345678"),
    "by the date of birth": _find("drjay", birth_date=BORN.isoformat()),
    "by q": _find("drjay", q=NUMBERS["national_id"]),
    "by a chart number": _find("drjay", q=NUMBERS["chart"]),
    "by her name and q": _find("drjay", q=f"zoe {NUMBERS['insurance']}"),
    "by her name and the date of birth": _find("drjay", q="zoe", birth_date=BORN.isoformat()),
    "by FHIR and the date of birth": _find_in_fhir("drjay", birthdate=BORN.isoformat()),
    "by FHIR and identifier": _find_in_fhir("drjay", identifier="12345678"),
}
# Whoever enters somebody with the data of a patient elsewhere is not held up.
DUPLICATES: dict[str, Attack] = {
    "a name and a date of birth": _register(birth_date=BORN.isoformat()),
    "a telephone number": _register(phone=PHONE),
    "an e-mail address": _register(email=EMAIL),
}


def _played(desk: Desk, statements: Statements, attack: Attack, secret: Secret) -> tuple[Any, ...]:
    _enter(desk, secret)
    statements.clear()
    return _shape(attack(desk), statements)


@pytest.mark.parametrize(
    ("attack", "secret"),
    [(attack, secret) for attack, secrets in SAME_REFUSAL.values() for secret in secrets],
    ids=[f"{name}, {number}" for name, (_, secrets) in SAME_REFUSAL.items() for number in range(len(secrets))],
)
def test_refusals_do_not_tell_why(desk: Desk, statements: Statements, attack: Attack, secret: Secret) -> None:
    status, body, sent = _played(desk, statements, attack, secret)

    assert status == 409
    assert '"code": "identifier_taken"' in body
    for word in (NAME, "Quinn", PHONE, EMAIL, "1990", *NUMBERS.values(), "user_id"):
        assert word not in body
    assert sent == EXPECTED[attack is SAME_REFUSAL["whether whoever has an identifier is a patient here"][0]]


# The statements of any refusal of POST and of PATCH: the caller, the count, the country, the holders, and the refusal.
EXPECTED = {
    False: ["SELECT", "INSERT", "SELECT", "SELECT", "SELECT", "UPDATE", "INSERT", "COMMIT"],
    True: ["SELECT", "INSERT", *["SELECT"] * 6, "UPDATE", "INSERT", "COMMIT"],
}


@pytest.mark.parametrize(
    ("attack", "secret"),
    [
        *((attack, TAKEN) for attack in SEARCHES.values()),
        *((attack, Secret(active=False)) for attack in SEARCHES.values()),
        *((attack, Secret(clinic=1)) for attack in SEARCHES_OF_A_DOCTOR.values()),
    ],
)
def test_searches_do_not_tell_whether_somebody_is_there(
    desk: Desk, statements: Statements, attack: Attack, secret: Secret
) -> None:
    statements.clear()
    without = _shape(attack(desk), statements)

    assert without[0] == 200
    assert _played(desk, statements, attack, secret) == without


@pytest.mark.parametrize("attack", DUPLICATES.values(), ids=DUPLICATES.keys())
@pytest.mark.parametrize("secret", [TAKEN, Secret(active=False), Secret(clinic=1, active=False)])
def test_duplicates_do_not_tell_whether_somebody_is_there(desk: Desk, attack: Attack, secret: Secret) -> None:
    _enter(desk, secret)

    assert attack(desk).status == 201


def test_a_chart_number_of_another_clinic_is_neither_shown_nor_found(desk: Desk) -> None:
    _enter(desk, Secret(clinic=1, chart_of=2))
    for query in ({"q": "chart5"}, {"q": "zoe chart5"}, {"identifier": "chart:CHART5"}):
        assert desk.client.get("rita", "/users", **query).json["items"] == []
    [zoe] = desk.client.get("rita", "/users", q="zoe").json["items"]
    assert [each["system"] for each in zoe["identifiers"]] == ["national_id", "insurance"]


def test_all_of_this_is_found_by_whoever_may_see_it(desk: Desk) -> None:
    _enter(desk, Secret(clinic=1, chart_of=1))
    desk.booked("rita", at("15:00"), doctor="drjay", patient="zoe")
    queries: list[dict[str, Any]] = [
        {"q": "1234"},
        {"q": "ins7 quinn"},
        {"q": "chart5"},
        {"identifier": "chart:chart-5"},
        {"identifier": "national_id:12.345.678"},
        {"birth_date": BORN.isoformat()},
    ]
    for user_name in ("rita", "drjay", "zoe"):
        for query in queries:
            found = [item["user_name"] for item in desk.client.get(user_name, "/users", **query).json["items"]]
            assert found == ["zoe"], (user_name, query)


def test_brute_force_of_dates_of_birth_ends_after_five_tries(desk: Desk) -> None:
    _enter(desk, Secret())
    answers = [
        _register(birth_date=(BORN - timedelta(days)).isoformat(), identifiers=DNI)(desk).status
        for days in (5, 4, 3, 2, 1, 0)
    ]

    assert answers == [409] * 5 + [429]
