"""What every search does: people and clinics by name and id, numbers of matches, forms, and what is not supported."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.api.conditions import set_treatment
from tests.api.expect import expect_problem
from tests.api.fhir.client import BASE, FhirClient
from tests.api.fhir.valid import expect_fhir
from tests.api_client import Answer

SLOTS = "start=ge2030-01-08T13:00:00Z&start=lt2030-01-08T14:00:00Z"
SEARCHES = {
    "Patient": "",
    "Practitioner": "",
    "Location": "",
    "Schedule": "",
    "Slot": f"{SLOTS}&service-type=checkup",
    "Appointment": "date=2030-01-10",
}
every_search = pytest.mark.parametrize(("kind", "query"), SEARCHES.items())


def ids(bundle: Any) -> list[str]:
    return [entry["resource"]["id"] for entry in bundle.get("entry", ())]


def links(bundle: Any) -> dict[str, str]:
    """Returns the query of each link."""
    return {link["relation"]: link["url"].partition("?")[2] for link in bundle["link"]}


def with_more(query: str, more: str) -> str:
    return "&".join(filter(None, (query, more)))


def names(fhir: FhirClient, found: list[str]) -> set[str]:
    known = {str(fhir.desk.id_of(name)): name for name in ("pat", "kim", "drjay", "drwu", "drsol")}
    return {known[one] for one in found}


@pytest.fixture
def visits(fhir: FhirClient) -> None:
    for hour in (15, 16, 17):
        fhir.booked("rita", f"2030-01-10T{hour}:00:00Z", patient="kim")


@pytest.mark.parametrize("caller", ["pat", "kim", "drjay", "drwu", "drsol", "rita", "rosa"])
def test_a_search_for_patients_finds_whom_the_caller_may_read(fhir: FhirClient, caller: str) -> None:
    found = ids(expect_fhir(fhir.get(caller, "Patient")))

    assert found == sorted(found, key=int)
    for name in ("pat", "kim", "drjay"):
        patient = str(fhir.desk.id_of(name))
        assert (patient in found) == (fhir.get(caller, f"Patient/{patient}").status == 200)
        assert ids(expect_fhir(fhir.get(caller, "Patient", _id=patient))) == [patient] * (patient in found)


@pytest.mark.parametrize("caller", ["pat", "drjay", "rita", "rosa"])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"drjay", "drwu", "drsol"}),
        ({"name": "JAY"}, {"drjay"}),
        ({"name": "Quispe"}, {"drjay"}),
        ({"family": "quis", "given": "j"}, {"drjay"}),
        ({"name": "ay"}, set()),
        ({"name": "%"}, set()),
        ({"name": "_ay"}, set()),
        ({"name": "jay\\, quispe"}, {"drjay"}),
        ({"_id": "drwu"}, {"drwu"}),
        ({"_id": "drwu", "name": "Jay"}, set()),
        ({"_id": "pat"}, set()),
        ({"_id": "0"}, set()),
        ({"_id": "x"}, set()),
        ({"_id": "9" * 30}, set()),
    ],
)
def test_everybody_finds_doctors_by_name_and_id(
    fhir: FhirClient, caller: str, query: dict[str, str], found: set[str]
) -> None:
    people = {"drwu", "pat"}
    given = {name: str(fhir.desk.id_of(value)) if value in people else value for name, value in query.items()}

    assert names(fhir, ids(expect_fhir(fhir.get(caller, "Practitioner", **given)))) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["1", "2"]),
        ({"name": "lima"}, ["1"]),
        ({"name": "Centro"}, []),
        ({"_id": "2"}, ["2"]),
        ({"_id": "2", "name": "lima"}, []),
        ({"_id": "3"}, []),
    ],
)
def test_clinics_are_found_by_name_and_id(fhir: FhirClient, query: dict[str, str], found: list[str]) -> None:
    assert ids(expect_fhir(fhir.get("pat", "Location", **query))) == found


@pytest.mark.parametrize("part", ["name", "given"])
def test_patients_are_found_by_name_where_they_may_be_seen(fhir: FhirClient, part: str) -> None:
    full_name = fhir.get("kim", f"Patient/{fhir.desk.id_of('kim')}").json["name"][0]["text"]
    first = full_name.split()[0]

    assert "kim" in names(fhir, ids(expect_fhir(fhir.get("rita", "Patient", **{part: first}))))
    assert ids(expect_fhir(fhir.get("pat", "Patient", **{part: first}))) == []


@every_search
@pytest.mark.usefixtures("visits")
def test_pages_cover_everything_once(fhir: FhirClient, kind: str, query: str) -> None:
    whole = ids(expect_fhir(fhir.raw("rita", kind, with_more(query, "_total=accurate"))))
    assert len(whole) > 1
    seen: list[str] = []
    following = with_more(query, "_count=1&_total=accurate")
    totals = []
    while following:
        page = expect_fhir(fhir.raw("rita", kind, following))
        assert len(ids(page)) == 1
        seen += ids(page)
        totals.append(page.get("total"))
        following = links(page).get("next", "")

    assert seen == whole
    # The first page says how many there are, and the links to the others do not ask again.
    assert totals == [len(whole), *[None] * (len(whole) - 1)]


@every_search
@pytest.mark.parametrize("ask", ["_summary=count", "_count=0"])
@pytest.mark.usefixtures("visits")
def test_the_number_alone_may_be_asked_for(fhir: FhirClient, kind: str, query: str, ask: str) -> None:
    whole = ids(expect_fhir(fhir.raw("rita", kind, query)))
    counted = expect_fhir(fhir.raw("rita", kind, with_more(query, ask)))

    assert counted["total"] == len(whole)
    assert "entry" not in counted
    assert links(counted).keys() == {"self"}


@pytest.mark.parametrize("ask", ["", "_total=none", "_summary=false"])
def test_nothing_is_counted_unless_it_is_asked_for(fhir: FhirClient, ask: str) -> None:
    assert "total" not in expect_fhir(fhir.raw("rita", "Practitioner", ask))


def test_more_than_are_counted_have_no_total(fhir: FhirClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambda_function.api.fhir.bundle.MOST_COUNTED", 2)

    assert "total" not in expect_fhir(fhir.raw("pat", "Practitioner", "_total=accurate"))
    assert expect_fhir(fhir.raw("pat", "Location", "_total=accurate"))["total"] == 2
    expect_problem(fhir.raw("pat", "Practitioner", "_summary=count"), 400, "not_supported", "_summary")
    expect_problem(fhir.raw("pat", "Practitioner", "_count=0"), 400, "not_supported", "_count")


def by_form(fhir: FhirClient, kind: str, form: str | bytes, *, query: str = "", **headers: str) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    pairs = dict(parse_qsl(query))
    return fhir.desk.client.call("rita", "POST", f"{BASE}/{kind}/_search", form, headers=given, **pairs)


@every_search
@pytest.mark.usefixtures("visits")
def test_a_form_finds_what_the_address_finds(fhir: FhirClient, kind: str, query: str) -> None:
    form = urlencode(parse_qsl(with_more(query, "_count=2")))
    for body in (form, form.encode()):  # API Gateway hands forms over in base64
        found = by_form(fhir, kind, body)
        assert expect_fhir(found) == expect_fhir(fhir.raw("rita", kind, form))


def test_a_form_and_the_address_are_one_search(fhir: FhirClient) -> None:
    found = expect_fhir(by_form(fhir, "Practitioner", "given=jay", query="family=quispe"))

    assert names(fhir, ids(found)) == {"drjay"}
    assert dict(parse_qsl(links(found)["self"])) == {"given": "jay", "family": "quispe"}
    assert len(ids(expect_fhir(by_form(fhir, "Location", "")))) == 2


def test_a_form_writes_nothing_and_keeps_no_answer(fhir: FhirClient) -> None:
    first, second = (by_form(fhir, "Location", form, idempotency_key="one") for form in ("_id=1", "_id=2"))

    assert [ids(expect_fhir(answer)) for answer in (first, second)] == [["1"], ["2"]]


@pytest.mark.parametrize(
    ("form", "content_type", "status", "code"),
    [
        ("{}", "application/json", 415, "unsupported_media_type"),
        ("_count=x", "application/x-www-form-urlencoded", 422, "validation_error"),
        ("_sort=name", "application/x-www-form-urlencoded; charset=UTF-8", 400, "not_supported"),
        (b"name=\xff", "application/x-www-form-urlencoded", 422, "validation_error"),
        ("&".join(f"a{number}=1" for number in range(60)), "", 422, "validation_error"),
        ("name=a&name=b", "", 422, "validation_error"),
        ("name=" + "a" * 70_000, "", 413, "too_large"),
    ],
)
def test_a_form_is_as_strict(fhir: FhirClient, form: str | bytes, content_type: str, status: int, code: str) -> None:
    given = {"content_type": content_type} if content_type else {}

    expect_problem(by_form(fhir, "Practitioner", form, **given), status, code)


UNSUPPORTED = {
    "Patient": [
        "telecom=1",
        "birthdate=2000",
        "birthdate=ge2000-01-01",
        "name:exact=Pat",
        "name:contains=a",
        "_lastUpdated=ge2030",
    ],
    "Practitioner": ["_sort=family", "_elements=name", "_summary=text", "_summary=true", "_summary=data"],
    "Location": ["address=Lima", "_has:Schedule:actor:_id=1"],
    "Schedule": ["_include=Schedule:actor", "date=2030"],
    "Slot": ["_revinclude=Appointment:slot"],
    "Appointment": ["patient.name=Pat", "patient:Patient=1", "_include=Appointment:patient", "_pretty=true"],
}


@pytest.mark.parametrize(("kind", "more"), [(kind, more) for kind, several in UNSUPPORTED.items() for more in several])
@pytest.mark.usefixtures("visits")
def test_what_is_not_supported_is_said_or_passed_over(fhir: FhirClient, kind: str, more: str) -> None:
    query = with_more(SEARCHES[kind], more)
    name = more.partition("=")[0]
    path = f"{BASE}/{kind}"

    def send(prefer: str) -> Answer:
        given: dict[str, Any] = {"Prefer": prefer}
        return fhir.desk.client.call("rita", "POST", f"{path}/_search", urlencode(parse_qsl(query)), headers=given)

    strict = ("handling=strict", "return=minimal", "xhandling=lenient", "handling=strict, handling=lenient")
    for answer in (fhir.raw("rita", kind, query), *map(send, strict)):
        assert (answer.status, answer.json["issue"][0]["code"]) == (400, "not-supported")
        assert answer.json["issue"][0]["location"] == [f"http.{name}"]
        assert answer.code == "not_supported"
    plain = expect_fhir(fhir.raw("rita", kind, urlencode(parse_qsl(SEARCHES[kind]))))
    for prefer in ("handling=lenient", 'return=minimal; handling="lenient"', "Handling=Lenient, respond-async"):
        assert expect_fhir(send(prefer)) == plain


def test_who_is_lenient_still_gives_values_that_can_be_meant(fhir: FhirClient) -> None:
    headers = {"Prefer": "handling=lenient"}
    for query, field in (({"_count": "x"}, "_count"), ({"practitioner": "Patient/1"}, "practitioner")):
        answer = fhir.desk.client.call("rita", "GET", f"{BASE}/Schedule", headers=headers, **query)
        expect_problem(answer, 422, "validation_error", field)


@pytest.mark.parametrize("query", ["name=a,b", "_id=1,2", "family=a%5C%5C,b"])
def test_several_values_are_not_one(fhir: FhirClient, query: str) -> None:
    expect_problem(fhir.raw("rita", "Patient", query), 422, "validation_error", query.partition("=")[0])


@pytest.mark.parametrize("caller", ["pat", "drjay", "rita"])
@pytest.mark.parametrize("doctor", ["drjay", None])
def test_slots_without_a_service_type_are_those_of_the_usual_treatment(
    fhir: FhirClient, caller: str, doctor: str | None
) -> None:
    more = f"{SLOTS}&schedule={fhir.desk.id_of(doctor)}" if doctor else SLOTS

    found = expect_fhir(fhir.raw(caller, "Slot", more))

    assert ids(found)
    assert ids(found) == ids(expect_fhir(fhir.raw(caller, "Slot", f"{more}&service-type=checkup")))


def test_without_a_usual_treatment_it_is_the_first_that_is_offered(fhir: FhirClient) -> None:
    set_treatment(fhir.desk.practice, 1, active=False)

    found = expect_fhir(fhir.raw("rita", "Slot", f"{SLOTS}&location=1&_count=1"))

    assert found["entry"][0]["resource"]["serviceType"][0]["coding"][0]["code"] == "cleaning"


def test_a_doctor_who_offers_nothing_has_no_slots_and_an_unknown_one_is_422(fhir: FhirClient) -> None:
    idle = fhir.desk.practice.add_doctor("idle", treatments=()).user_id

    assert ids(expect_fhir(fhir.raw("rita", "Slot", f"{SLOTS}&schedule={idle}"))) == []
    expect_problem(fhir.raw("rita", "Slot", f"{SLOTS}&schedule=99"), 422, "validation_error", "schedule")
    expect_problem(fhir.raw("rita", "Slot", f"{SLOTS}&location=99"), 422, "validation_error", "location")


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("Slot", "start=ge2030-01-08T15:00:00Z&start=lt2030-01-08T15:00:00Z&service-type=checkup"),
        ("Slot", "start=ge2030-01-08&start=lt2030-01-08"),
        ("Slot", "start=gt2030-01-09&start=lt2030-01-08"),
        ("Appointment", "date=ge2030-01-10T15:00:00Z&date=lt2030-01-10T15:00:00Z"),
        ("Appointment", "date=ge2030-01-11&date=lt2030-01-10"),
    ],
)
@pytest.mark.usefixtures("visits")
def test_a_range_without_time_holds_nothing(fhir: FhirClient, kind: str, query: str) -> None:
    assert ids(expect_fhir(fhir.raw("rita", kind, query))) == []
    assert expect_fhir(fhir.raw("rita", kind, f"{query}&_summary=count"))["total"] == 0
