"""GET /appointments/{id} and the filters of GET /appointments; pages are in test_appointment_pages.py."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from lambda_function.domain.appointment import Status
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api_client import Answer
from tests.clock import NOW


def _ids(answer: Answer) -> list[int]:
    assert answer.status == 200, answer.text
    return [item["appointment_id"] for item in answer.json["items"]]


@pytest.fixture
def week(desk: Desk) -> dict[str, int]:
    """Returns appointments by a short name for patient, doctor and day."""
    found: dict[str, int] = {}
    for name, patient, doctor, reception in (
        ("pat-jay", "pat", "drjay", "rita"),
        ("kim-jay", "kim", "drjay", "rita"),
        ("pat-wu", "pat", "drwu", "rita"),
        ("pat-sol", "pat", "drsol", "rosa"),
    ):
        start = at("15:00", f"2030-01-{8 + len(found):02}")
        found[name] = desk.booked(reception, start, patient=patient, doctor=doctor)["appointment_id"]
    return found


VISIBLE = {
    "pat": ["pat-jay", "pat-wu", "pat-sol"],
    "kim": ["kim-jay"],
    "drjay": ["pat-jay", "kim-jay"],
    "drwu": ["pat-wu"],
    "drsol": ["pat-sol"],
    "rita": ["pat-jay", "kim-jay", "pat-wu"],
    "rosa": ["pat-sol"],
}


@pytest.mark.parametrize("user_name", VISIBLE)
def test_each_sees_their_own_appointments_and_a_receptionist_those_of_the_own_clinics(
    desk: Desk, week: dict[str, int], user_name: str
) -> None:
    visible = [week[name] for name in VISIBLE[user_name]]

    assert _ids(desk.client.get(user_name, "/appointments")) == visible
    for appointment_id in week.values():
        answer = desk.client.get(user_name, f"/appointments/{appointment_id}")
        if appointment_id in visible:
            assert answer.status == 200
        else:
            expect_problem(answer, 404, "not_found")


def test_one_appointment_is_the_same_as_in_the_list_and_has_an_etag(desk: Desk, week: dict[str, int]) -> None:
    one = desk.client.get("pat", f"/appointments/{week['pat-jay']}")
    listed = desk.client.get("pat", "/appointments")

    assert one.json == listed.json["items"][0]
    assert one.headers["ETag"] == '"1"'
    assert (one.headers["Cache-Control"], listed.headers["Cache-Control"]) == ("no-store", "no-store")


@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
def test_what_the_staff_writes_for_itself_never_reaches_patients(desk: Desk, user_name: str) -> None:
    row = desk.practice.add_appointment(
        instant("15:00"), internal_note="Hard to please", override_reason="Owner's cousin", patient_note="Hello"
    )
    one = desk.client.get(user_name, f"/appointments/{row.appointment_id}")
    listed = desk.client.get(user_name, "/appointments").json["items"][0]

    assert one.json == listed
    assert one.json["patient_note"] == "Hello"
    if user_name == "pat":
        assert not {"internal_note", "override_reason"} & one.json.keys()
        assert "Hard to please" not in one.text
    else:
        assert (one.json["internal_note"], one.json["override_reason"]) == ("Hard to please", "Owner's cousin")


@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
def test_names_of_people_who_may_not_be_looked_up_are_shown_in_a_visit(desk: Desk, user_name: str) -> None:
    booked = desk.booked("rita", at("15:00"))
    shown = desk.client.get(user_name, f"/appointments/{booked['appointment_id']}").json

    assert shown["receptionist"] == {"user_id": desk.id_of("rita"), "full_name": "Rita Flores"}


@pytest.mark.parametrize("appointment_id", ["0", "-1", "9223372036854775808", "1e3", "me", "1.0", "%00", "9" * 400])
def test_what_is_no_id_is_404(desk: Desk, appointment_id: str) -> None:
    expect_problem(desk.client.get("rita", f"/appointments/{appointment_id}"), 404, "not_found")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"from_": at("15:00", "2030-01-09")}, ["kim-jay", "pat-wu"]),
        ({"from_": "2030-01-09T15:00:00.000001Z"}, ["pat-wu"]),
        ({"to": at("15:00", "2030-01-09")}, ["pat-jay"]),
        ({"to": "2030-01-09T15:00:00.000001Z"}, ["pat-jay", "kim-jay"]),
        ({"from_": at("15:00"), "to": at("15:00", "2030-01-10")}, ["pat-jay", "kim-jay"]),
        ({"from_": "2030-01-09T10:00:00-05:00"}, ["kim-jay", "pat-wu"]),
        ({"from_": at("15:00"), "to": at("15:00")}, []),
    ],
)
def test_from_is_included_and_to_is_not(
    desk: Desk, week: dict[str, int], query: dict[str, str], expected: list[str]
) -> None:
    assert _ids(desk.client.get("rita", "/appointments", **query)) == [week[name] for name in expected]


def test_a_window_that_ends_before_it_starts_is_422(desk: Desk) -> None:
    answer = desk.client.get("rita", "/appointments", from_=at("15:05"), to=at("15:00"))

    expect_problem(answer, 422, "validation_error", "from")


def test_appointments_are_filtered_by_status(desk: Desk, week: dict[str, int]) -> None:
    desk.cancelled("rita", week["kim-jay"])

    assert _ids(desk.client.get("rita", "/appointments", status="CANCELLED")) == [week["kim-jay"]]
    assert _ids(desk.client.get("rita", "/appointments", status="BOOKED")) == [week["pat-jay"], week["pat-wu"]]
    for status in set(Status) - {Status.CANCELLED, Status.BOOKED}:
        assert _ids(desk.client.get("rita", "/appointments", status=status)) == []


@pytest.mark.parametrize(
    ("user_name", "by", "expected"),
    [
        ("rita", ("doctor_id", "drjay"), ["pat-jay", "kim-jay"]),
        ("rita", ("patient_id", "pat"), ["pat-jay", "pat-wu"]),
        ("pat", ("doctor_id", "drwu"), ["pat-wu"]),
        ("pat", ("patient_id", "me"), ["pat-jay", "pat-wu", "pat-sol"]),
        ("pat", ("patient_id", "pat"), ["pat-jay", "pat-wu", "pat-sol"]),
        ("drjay", ("doctor_id", "me"), ["pat-jay", "kim-jay"]),
        ("drjay", ("patient_id", "kim"), ["kim-jay"]),
        ("drjay", ("doctor_id", "drwu"), []),
        ("rita", ("clinic_id", 1), ["pat-jay", "kim-jay", "pat-wu"]),
        ("rita", ("clinic_id", 2), []),
        ("pat", ("clinic_id", 2), ["pat-sol"]),
    ],
)
def test_appointments_are_filtered_by_people_and_clinic(
    desk: Desk, week: dict[str, int], user_name: str, by: tuple[str, Any], expected: list[str]
) -> None:
    field, who = by
    value = who if who == "me" or isinstance(who, int) else desk.id_of(who)

    assert _ids(desk.client.get(user_name, "/appointments", **{field: value})) == [week[name] for name in expected]


def test_the_visits_of_a_doctor_who_has_left_are_still_listed_for_whoever_sees_them(
    desk: Desk, week: dict[str, int]
) -> None:
    """`users deactivate drjay --keep-visits` leaves visits, although the doctor can no longer be booked."""
    doctor = desk.practice.user("drjay")
    doctor.active = False
    desk.practice.session.commit()

    listed = {
        name: desk.client.get(name, "/appointments", doctor_id=doctor.user_id) for name in ("rita", "pat", "rosa")
    }

    ids = {
        name: [item["appointment_id"] for item in answer.json["items"]]
        for name, answer in listed.items()
        if answer.status == 200
    }
    assert ids == {"rita": [week["pat-jay"], week["kim-jay"]], "pat": [week["pat-jay"]]}
    expect_problem(listed["rosa"], 422, "validation_error", "doctor_id")
    expect_problem(desk.book("rita", at("15:00", "2030-01-18")), 422, "validation_error", "doctor_id")


def test_filters_are_combined(desk: Desk, week: dict[str, int]) -> None:
    answer = desk.client.get(
        "rita",
        "/appointments",
        doctor_id=desk.id_of("drjay"),
        patient_id=desk.id_of("pat"),
        clinic_id=1,
        status="BOOKED",
        from_=at("00:00"),
        to=at("00:00", "2030-02-01"),
    )

    assert _ids(answer) == [week["pat-jay"]]


@pytest.mark.parametrize(
    ("user_name", "field", "who"),
    [
        ("rita", "doctor_id", "nobody"),
        ("rita", "doctor_id", "pat"),
        ("rita", "doctor_id", "me"),
        ("rita", "patient_id", "drjay"),
        ("rita", "patient_id", "stranger"),
        ("drjay", "patient_id", "me"),
        ("drjay", "patient_id", "stranger"),
        ("pat", "patient_id", "kim"),
        ("pat", "doctor_id", "me"),
        ("pat", "clinic_id", "nobody"),
    ],
)
def test_a_filter_that_names_nothing_visible_of_its_kind_is_422(
    desk: Desk, user_name: str, field: str, who: str
) -> None:
    desk.practice.add_patient("stranger", clinics=(2,))
    value: Any = {"nobody": 2**63 - 1, "me": "me"}.get(who) or desk.id_of(who)

    expect_problem(desk.client.get(user_name, "/appointments", **{field: value}), 422, "validation_error", field)


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2030-01-08", "2030-01-08T05:00:00Z", "2030-01-09T04:55:00Z"),  # an ordinary day
        ("2030-03-10", "2030-03-10T05:00:00Z", "2030-03-11T03:55:00Z"),  # 23 hours
        ("2030-11-03", "2030-11-03T04:00:00Z", "2030-11-04T04:55:00Z"),  # 25 hours
    ],
)
def test_a_date_is_a_day_of_the_clinics_calendar(desk: Desk, day: str, first: str, last: str) -> None:
    clinic = desk.practice.add_clinic("New York", "America/New_York")
    desk.practice.add_receptionist("nancy", clinics=(clinic.clinic_id,))
    doctor = desk.practice.add_doctor("drnewyork", clinic=clinic.clinic_id)
    begin, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    five = timedelta(minutes=5)
    for start in (begin - five, begin, end, end + five):
        desk.practice.add_appointment(start, clinic_id=clinic.clinic_id, doctor_id=doctor.user_id)

    for user_name, query in (("nancy", {"clinic_id": clinic.clinic_id}), ("drnewyork", {})):
        answer = desk.client.get(user_name, "/appointments", date=day, **query)
        assert [item["starts_at"] for item in answer.json["items"]] == [first, last]


@pytest.mark.parametrize("user_name", ["pat", "rita"])
def test_a_date_needs_a_clinic_except_for_doctors(desk: Desk, user_name: str) -> None:
    expect_problem(desk.client.get(user_name, "/appointments", date="2030-01-08"), 422, "validation_error", "clinic_id")
    assert desk.client.get("drjay", "/appointments", date="2030-01-08").status == 200


@pytest.mark.parametrize("query", [{"from_": at("15:00")}, {"to": at("15:00")}])
def test_a_date_and_a_window_exclude_each_other(desk: Desk, query: dict[str, str]) -> None:
    answer = desk.client.get("rita", "/appointments", date="2030-01-08", clinic_id=1, **query)

    expect_problem(answer, 422, "validation_error", "date")


@pytest.mark.parametrize(
    "date",
    [
        "2030-1-8",
        "20300108",
        "2030-02-30",
        "today",
        "",
        "0000-01-01",
        "0001-01-01",
        "9999-12-31",
        "2030-01-08T00:00:00Z",
    ],
)
def test_what_is_no_date_is_422(desk: Desk, date: str) -> None:
    expect_problem(desk.client.get("rita", "/appointments", date=date, clinic_id=1), 422, "validation_error", "date")


def test_a_past_appointment_is_still_listed(desk: Desk) -> None:
    row = desk.practice.add_appointment(NOW.replace(year=2020))

    assert _ids(desk.client.get("pat", "/appointments")) == [row.appointment_id]
