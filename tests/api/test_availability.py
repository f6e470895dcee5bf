"""GET /availability: which slots are offered for which query. Refusals of bad queries are at the end."""

from datetime import date, timedelta
from typing import Any

import pytest

from lambda_function.db.models import Chair, DoctorTreatment, User
from lambda_function.domain.appointment import STAFF_HORIZON
from tests.api.conditions import add_closure, add_time_off, set_clinic, set_treatment
from tests.api.conftest import Statements
from tests.api.desk import DAY, Desk, at, instant, rfc3339
from tests.api.expect import expect_problem
from tests.clock import NOW, Clock

NEXT = "2030-01-09"
QUARTERS = ("00", "15", "30", "45")


def _times(first: str, last: str) -> list[str]:
    """Returns every quarter of an hour from `first` to `last`, both included, as UTC times of day."""
    quarters = [f"{hour:02d}:{minute}" for hour in range(24) for minute in QUARTERS]
    return quarters[quarters.index(first) : quarters.index(last) + 1]


# Eight to six in Lima, without the starts after which half an hour no longer fits.
WHOLE_DAY = _times("13:00", "22:30")


def _asked(desk: Desk, user_name: str, **query: Any) -> Any:
    """Returns the items of one page, by default one doctor's on Tuesday. `doctor` is a name, or None."""
    doctor = query.pop("doctor", "drjay")
    given = {"treatment_id": 1, "from_": at("00:00"), "to": at("00:00", NEXT), "limit": 1000, **query}
    if doctor is not None:
        given["doctor_id"] = desk.id_of(doctor)
    answer = desk.client.get(user_name, "/availability", **given)
    assert answer.status == 200, answer.text
    return answer.json


def _offered(desk: Desk, user_name: str = "kim", **query: Any) -> list[str]:
    """Returns the starts as times of day."""
    return [slot["starts_at"][11:16] for slot in _asked(desk, user_name, **query)["items"]]


def _without(*taken: str) -> list[str]:
    return [time for time in WHOLE_DAY if time not in taken]


def test_a_slot_says_who_where_from_when_until_when(desk: Desk) -> None:
    page = _asked(desk, "pat", limit=1)

    assert page["items"] == [
        {"doctor_id": desk.id_of("drjay"), "clinic_id": 1, "starts_at": at("13:00"), "ends_at": at("13:30")}
    ]


@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
def test_everybody_who_may_book_with_a_doctor_sees_their_free_slots(desk: Desk, user_name: str) -> None:
    assert _offered(desk, user_name) == WHOLE_DAY


def test_a_doctor_asks_for_their_own_as_me(desk: Desk) -> None:
    assert _offered(desk, "drjay", doctor=None, doctor_id="me") == WHOLE_DAY
    expect_problem(
        desk.client.get("pat", "/availability", treatment_id=1, from_=at("00:00"), to=at("01:00"), doctor_id="me"),
        422,
        "validation_error",
        "doctor_id",
    )


def test_the_range_is_half_open_and_need_not_be_on_the_step(desk: Desk) -> None:
    assert _offered(desk, from_=at("14:00"), to=at("15:00")) == ["14:00", "14:15", "14:30", "14:45"]
    assert _offered(desk, from_="2030-01-08T14:00:01Z", to="2030-01-08T14:15:01Z") == ["14:15"]
    assert _offered(desk, from_="2030-01-08T09:00:00-05:00", to="2030-01-08T09:30:00-05:00") == ["14:00", "14:15"]
    assert _offered(desk, from_=at("14:00"), to=at("14:00")) == []


def test_a_longer_treatment_ends_with_the_hours_and_its_buffer_does_not_count_there(desk: Desk) -> None:
    assert _offered(desk, treatment_id=2)[-1] == "22:15"
    assert _offered(desk, treatment_id=3)[-1] == "21:30"


def _set_hours(desk: Desk, *windows: tuple[str, str]) -> None:
    hours = [{"weekday": 2, "start": start, "end": end} for start, end in windows]
    assert desk.client.call("drjay", "PUT", "/doctors/me/working-hours", {"hours": hours}).status == 200


def test_starts_follow_the_step_of_the_clinic_counted_from_the_start_of_each_window(desk: Desk) -> None:
    set_clinic(desk.practice, slot_step_minutes=20)
    _set_hours(desk, ("08:00", "10:30"), ("12:30", "14:00"))

    assert _offered(desk) == [
        *("13:00", "13:20", "13:40", "14:00", "14:20", "14:40", "15:00"),
        *("17:30", "17:50", "18:10", "18:30"),
    ]


def test_a_visit_may_run_on_into_the_next_window_which_has_its_own_count(desk: Desk) -> None:
    set_clinic(desk.practice, slot_step_minutes=20)
    _set_hours(desk, ("08:00", "08:45"), ("08:45", "09:30"))

    assert _offered(desk) == ["13:00", "13:20", "13:40", "13:45"]


def test_time_off_does_not_begin_a_new_count(desk: Desk) -> None:
    set_clinic(desk.practice, slot_step_minutes=40)
    add_time_off(desk.practice, desk.id_of("drjay"), instant("13:10"), instant("14:05"))

    assert _offered(desk, from_=at("13:00"), to=at("16:00")) == ["14:20", "15:00", "15:40"]


def test_booked_time_is_not_offered_and_cancelled_time_is_again(desk: Desk) -> None:
    booked = desk.booked("rita", at("15:00"))["appointment_id"]
    requested = desk.booked("pat", at("17:00"), treatment=3)["appointment_id"]

    taken = ["14:45", "15:00", "15:15", *_times("16:45", "18:15")]
    assert _offered(desk) == _without(*taken)
    desk.cancelled("rita", booked)
    desk.cancelled("rita", requested)
    assert _offered(desk) == WHOLE_DAY


def test_buffers_of_what_is_booked_and_of_what_is_asked_for_both_keep_their_distance(desk: Desk) -> None:
    set_treatment(desk.practice, 1, buffer_before_minutes=20)
    desk.booked("rita", at("15:00"), treatment=2)  # until 15:45, and ten minutes after it

    offered = _offered(desk)

    assert [time for time in offered if "14:00" <= time < "17:00"] == [
        "14:00",
        "14:15",
        "14:30",
        *_times("16:15", "16:45"),
    ]


def test_the_snapshot_of_a_booking_counts_and_not_its_treatment_of_today(desk: Desk) -> None:
    desk.booked("rita", at("15:00"), treatment=2)
    set_treatment(desk.practice, 2, duration_minutes=120, buffer_after_minutes=60)

    assert _offered(desk) == _without("14:45", *_times("15:00", "15:45"))


def test_without_a_free_chair_nothing_is_offered(desk: Desk) -> None:
    for number in range(3):
        doctor = desk.practice.add_doctor(f"dr{number}").user_name
        patient = desk.practice.add_patient(f"p{number}", clinics=(1,)).user_name
        desk.booked("rita", at("15:00"), doctor=doctor, patient=patient)

    assert _offered(desk) == _without("14:45", "15:00", "15:15")


def test_chairs_out_of_use_do_not_count(desk: Desk) -> None:
    for chair in desk.practice.rows(Chair):
        chair.active = chair.clinic_id == 2 or chair.name == "Chair 1"
    desk.practice.session.commit()
    desk.booked("rita", at("15:00"), doctor="drwu", patient="pat")

    assert _offered(desk) == _without("14:45", "15:00", "15:15")


def test_a_clinic_without_chairs_needs_none(desk: Desk) -> None:
    clinic = desk.practice.add_clinic("Bare", "America/Lima")
    desk.practice.add_doctor("drbare", clinic=clinic.clinic_id)

    assert len(_offered(desk, doctor="drbare")) == 96


def test_closures_and_time_off_and_exceptions_are_not_offered(desk: Desk) -> None:
    add_closure(desk.practice, date(2030, 1, 9), date(2030, 1, 9))
    add_time_off(desk.practice, desk.id_of("drjay"), instant("14:00"), instant("21:00"))
    path = f"/doctors/{desk.id_of('drjay')}/exceptions/2030-01-10"
    desk.client.call("rita", "PUT", path, {"hours": [{"start": "20:00", "end": "21:00"}]})

    assert _offered(desk) == ["13:00", "13:15", "13:30", *_times("21:00", "22:30")]
    assert _offered(desk, from_=at("00:00", NEXT), to=at("00:00", "2030-01-10")) == []
    assert _offered(desk, from_=at("00:00", "2030-01-10"), to=at("12:00", "2030-01-11")) == ["01:00", "01:15", "01:30"]


def test_a_break_is_not_offered(desk: Desk) -> None:
    _set_hours(desk, ("08:00", "09:00"), ("10:00", "11:00"))

    assert _offered(desk) == [*_times("13:00", "13:30"), *_times("15:00", "15:30")]


def test_a_patient_is_not_offered_what_overlaps_another_visit_of_theirs(desk: Desk) -> None:
    desk.booked("rosa", at("15:00"), doctor="drsol", patient="pat", treatment=2)

    assert _offered(desk, "pat") == _without("14:45", *_times("15:00", "15:30"))
    assert _offered(desk, "kim") == _offered(desk, "rita") == WHOLE_DAY


def test_an_excluded_appointment_is_not_in_the_way(desk: Desk) -> None:
    booked = desk.booked("pat", at("15:00"))["appointment_id"]

    for user_name in ("pat", "drjay", "rita"):
        assert _offered(desk, user_name, exclude_appointment_id=booked) == WHOLE_DAY
    desk.booked("rita", at("15:30"), patient="kim")
    assert _offered(desk, "pat", exclude_appointment_id=booked) == _without("15:15", "15:30", "15:45")


def test_a_visit_that_can_no_longer_be_moved_is_offered_nothing(desk: Desk, clock: Clock) -> None:
    booked = desk.booked("pat", at("15:00"))
    clock.advance(hours=2)  # less than the clinic's cutoff is left
    assert _offered(desk, "pat", exclude_appointment_id=booked["appointment_id"]) == []
    assert _offered(desk, "rita", exclude_appointment_id=booked["appointment_id"]) == WHOLE_DAY

    desk.cancelled("rita", booked["appointment_id"])
    assert _offered(desk, "rita", exclude_appointment_id=booked["appointment_id"]) == []


def test_lead_time_and_horizon_bind_patients_alone(desk: Desk, clock: Clock) -> None:
    clock.now = instant("14:05")
    today = {"from_": at("00:00"), "to": at("16:00")}

    assert _offered(desk, "pat", **today) == _times("15:15", "15:45")
    for user_name in ("drjay", "rita"):
        assert _offered(desk, user_name, **today) == _times("14:15", "15:45")
    set_clinic(desk.practice, horizon_days=1)
    later = {"from_": at("14:00", NEXT), "to": at("15:00", NEXT)}
    assert _offered(desk, "pat", **later) == ["14:00"]
    assert _offered(desk, "rita", **later) == ["14:00", "14:15", "14:30", "14:45"]


def test_the_very_ends_of_lead_time_and_horizon_are_offered_and_bookable(desk: Desk, clock: Clock) -> None:
    set_clinic(desk.practice, horizon_days=1)
    clock.now = instant("14:00")

    assert _offered(desk, "pat")[0] == "15:00"
    assert _offered(desk, "pat", from_=at("13:45", NEXT), to=at("23:00", NEXT)) == ["13:45", "14:00"]
    assert desk.book("pat", at("15:00")).status == 201
    assert desk.book("pat", at("14:00", NEXT)).status == 201


def test_nothing_is_offered_in_the_past_or_beyond_five_years(desk: Desk) -> None:
    assert _offered(desk, "rita", from_=at("00:00", "2030-01-02"), to=at("00:00", "2030-01-05")) == []
    far = NOW + STAFF_HORIZON
    given = {"from_": rfc3339(far - timedelta(days=2)), "to": rfc3339(far + timedelta(days=5))}
    starts = [slot["starts_at"] for slot in _asked(desk, "rita", **given)["items"]]
    assert starts
    assert max(starts) <= rfc3339(far)


def test_without_a_doctor_all_who_offer_the_treatment_are_asked_by_start_and_id(desk: Desk) -> None:
    items = _asked(desk, "pat", doctor=None, from_=at("13:00"), to=at("13:30"))["items"]

    doctors = [desk.id_of(name) for name in ("drjay", "drwu", "drsol")]
    expected = [(at("13:00"), doctor) for doctor in doctors] + [(at("13:15"), doctor) for doctor in doctors]
    assert [(slot["starts_at"], slot["doctor_id"]) for slot in items] == sorted(expected)


def test_a_clinic_limits_the_doctors(desk: Desk) -> None:
    def doctors(**query: Any) -> set[int]:
        return {slot["doctor_id"] for slot in _asked(desk, "pat", doctor=None, **query)["items"]}

    assert doctors(clinic_id=1) == {desk.id_of("drjay"), desk.id_of("drwu")}
    assert doctors(clinic_id=2) == {desk.id_of("drsol")}
    assert _offered(desk, "pat", doctor="drjay", clinic_id=2) == []


def test_a_doctor_who_does_not_offer_the_treatment_has_no_slots(desk: Desk) -> None:
    whitening = desk.practice.add_treatment("whitening")
    assert _offered(desk, treatment_id=whitening.treatment_id) == []

    desk.practice.add(DoctorTreatment(doctor_id=desk.id_of("drwu"), treatment_id=whitening.treatment_id))

    items = _asked(desk, "pat", doctor=None, treatment_id=whitening.treatment_id)["items"]
    assert {slot["doctor_id"] for slot in items} == {desk.id_of("drwu")}


def test_doctors_and_clinics_that_are_closed_offer_nothing(desk: Desk) -> None:
    [drjay] = [user for user in desk.practice.rows(User) if user.user_name == "drjay"]
    drjay.active = False
    desk.practice.session.commit()
    set_clinic(desk.practice, 2, active=False)

    items = _asked(desk, "pat", doctor=None)["items"]

    assert {slot["doctor_id"] for slot in items} == {desk.id_of("drwu")}


@pytest.mark.parametrize("limit", [1, 7, 200, 1000])
def test_pages_give_every_slot_once_in_order(desk: Desk, limit: int) -> None:
    desk.booked("rita", at("15:00"))
    desk.booked("rita", at("15:15"), doctor="drwu", patient="kim")
    query = {"doctor": None, "from_": at("13:00"), "to": at("18:00", NEXT)}
    everything = _asked(desk, "rita", **query)["items"]
    keys = [(slot["starts_at"], slot["doctor_id"]) for slot in everything]
    assert keys == sorted(set(keys))

    seen: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = _asked(desk, "rita", **query, limit=limit, **cursor)
        seen += page["items"]
        assert len(page["items"]) <= limit
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == everything


def test_a_page_holds_two_hundred_unless_asked_otherwise(desk: Desk) -> None:
    query = {"treatment_id": 1, "from_": at("00:00"), "to": at("00:00", "2030-02-08")}

    page = desk.client.get("pat", "/availability", **query).json

    assert len(page["items"]) == 200
    assert page["next_cursor"]


def test_pages_stay_right_while_slots_go(desk: Desk) -> None:
    first = _asked(desk, "kim", limit=4)
    desk.booked("pat", at("13:15"))
    desk.booked("pat", at("14:30"))

    rest = _asked(desk, "kim", cursor=first["next_cursor"])["items"]

    assert [slot["starts_at"][11:16] for slot in rest] == _times("14:00", "14:00") + _times("15:00", "22:30")


def test_thirty_one_days_are_a_range_and_a_second_more_is_not(desk: Desk) -> None:
    far = at("00:00", "2030-02-08")
    assert _offered(desk, from_=at("00:00"), to=far)

    query = {"treatment_id": 1, "from_": at("00:00"), "to": "2030-02-08T00:00:01Z"}
    expect_problem(desk.client.get("pat", "/availability", **query), 422, "range_too_wide", "to")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from_": at("01:00"), "to": at("00:00")}, "from"),
        ({"from_": "2030-01-08"}, "from"),
        ({"from_": "2030-01-08T00:00:00"}, "from"),
        ({"to": "soon"}, "to"),
        ({"treatment_id": 99}, "treatment_id"),
        ({"treatment_id": "checkup"}, "treatment_id"),
        ({"treatment_id": 0}, "treatment_id"),
        ({"doctor_id": 999}, "doctor_id"),
        ({"doctor_id": "drjay"}, "doctor_id"),
        ({"clinic_id": 999}, "clinic_id"),
        ({"exclude_appointment_id": 999}, "exclude_appointment_id"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"limit": "all"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"patient_id": 1}, "patient_id"),
        ({"date": DAY}, "date"),
    ],
)
def test_bad_queries_are_422_on_the_field(desk: Desk, query: dict[str, Any], field: str) -> None:
    given = {"treatment_id": 1, "from_": at("00:00"), "to": at("12:00"), **query}

    expect_problem(desk.client.get("pat", "/availability", **given), 422, "validation_error", field)


@pytest.mark.parametrize("name", ["treatment_id", "from", "to"])
def test_what_is_missing_is_named(desk: Desk, name: str) -> None:
    query = {"treatment_id": 1, "from": at("00:00"), "to": at("12:00")}
    del query[name]

    expect_problem(desk.client.get("pat", "/availability", **query), 422, "validation_error", name)


def test_ids_of_the_wrong_kind_and_what_is_not_visible_are_unknown(desk: Desk) -> None:
    others = desk.booked("rita", at("15:00"), patient="kim")["appointment_id"]
    given = {"treatment_id": 1, "from_": at("00:00"), "to": at("12:00")}

    answer = desk.client.get("pat", "/availability", **given, exclude_appointment_id=others)
    expect_problem(answer, 422, "validation_error", "exclude_appointment_id")
    answer = desk.client.get("rita", "/availability", **given, doctor_id=desk.id_of("pat"))
    expect_problem(answer, 422, "validation_error", "doctor_id")


@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
@pytest.mark.parametrize("doctors", [1, 20])
@pytest.mark.parametrize("days", [1, 31])
def test_any_range_and_any_number_of_doctors_cost_at_most_eight_statements(
    desk: Desk, statements: Statements, user_name: str, doctors: int, days: int
) -> None:
    for _ in range(doctors):
        desk.practice.add_doctor()
    booked = desk.booked("pat", at("15:00"))["appointment_id"]
    query = {"from_": rfc3339(NOW), "to": rfc3339(NOW + timedelta(days=days)), "limit": 1000, "doctor": None}
    statements.clear()

    _asked(desk, user_name, **query, exclude_appointment_id=booked)

    assert len(statements) <= 8, "\n\n".join(statements.sent)
    assert "COMMIT" not in statements.sent
