"""What a practice file may hold, what is refused, and where."""

from decimal import Decimal
from typing import Any

import pytest

from lambda_function.services.practice.read_declaration import DeclarationError, read_declaration

CLINIC = {"country": "PE", "time_zone": "America/Lima"}
OWN = {"kind": "BOOKED", "channel": "SMS", "language": "en", "text": "{{ clinic }}: see you on {{ when }}"}
TREATMENT = {"name": "Check-up", "duration_minutes": 30}
DOCTOR = {"full_name": "Jay Quispe", "clinic": "Lima"}


def problems(document: Any) -> dict[str, str]:
    with pytest.raises(DeclarationError) as refusal:
        read_declaration(document)
    return {".".join(map(str, path)): message for path, message in refusal.value.problems}


def clinic(**more: Any) -> Any:
    return {"clinics": {"Lima": {**CLINIC, **more}}}


def own(**more: Any) -> Any:
    return clinic(messages=[{**OWN, **more}])


def doctor(**more: Any) -> Any:
    return {"doctors": {"drjay": {**DOCTOR, **more}}}


def hours(*entries: Any) -> Any:
    return doctor(hours=list(entries))


def day(start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"weekdays": [1], "start": start, "end": end, **more}


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (None, ""),
        ([], ""),
        ({"rooms": {}}, "rooms"),
        ({"countries": None}, "countries"),
        ({"countries": "PE"}, "countries"),
        ({"countries": {"PE": {}}}, "countries"),
        ({"countries": ["CL", "pe"]}, "countries.1"),
        ({"countries": ["PER"]}, "countries.0"),
        ({"countries": ["PÉ"]}, "countries.0"),
        ({"countries": [False]}, "countries.0"),
        ({"countries": ["PE", "CL", "PE"]}, "countries"),
        ({"countries": ["PE"] * 501}, "countries"),
        ({"clinics": {"Lima": {"country": "PE"}}}, "clinics.Lima.time_zone"),
        (clinic(country="Peru"), "clinics.Lima.country"),
        (clinic(time_zone="America/Nowhere"), "clinics.Lima.time_zone"),
        (clinic(time_zone="America"), "clinics.Lima.time_zone"),
        (clinic(time_zone="../etc/passwd"), "clinics.Lima.time_zone"),
        (clinic(language="EN"), "clinics.Lima.language"),
        (clinic(language=1), "clinics.Lima.language"),
        (clinic(lead_minutes=-1), "clinics.Lima.lead_minutes"),
        (clinic(lead_minutes="60"), "clinics.Lima.lead_minutes"),
        (clinic(lead_minutes=None), "clinics.Lima.lead_minutes"),
        (clinic(horizon_days=0), "clinics.Lima.horizon_days"),
        (clinic(slot_step_minutes=12), "clinics.Lima.slot_step_minutes"),
        (clinic(max_open_visits=0), "clinics.Lima.max_open_visits"),
        (clinic(max_open_visits=1001), "clinics.Lima.max_open_visits"),
        (clinic(max_open_visits="20"), "clinics.Lima.max_open_visits"),
        (clinic(address="Av. Larco 345\nLima"), "clinics.Lima.address"),
        (clinic(address="x" * 501), "clinics.Lima.address"),
        (clinic(phone="none"), "clinics.Lima.phone"),
        (clinic(email="lima"), "clinics.Lima.email"),
        (clinic(reminder_hours=None), "clinics.Lima.reminder_hours"),
        (clinic(reminder_hours=[1, 2, 3, 4, 5, 6]), "clinics.Lima.reminder_hours"),
        (clinic(reminder_hours=[721]), "clinics.Lima.reminder_hours.0"),
        (clinic(reminder_hours=[1.5]), "clinics.Lima.reminder_hours.0"),
        (clinic(recall_notice_days=None), "clinics.Lima.recall_notice_days"),
        (clinic(recall_notice_days=list(range(11))), "clinics.Lima.recall_notice_days"),
        (clinic(recall_notice_days=[-367]), "clinics.Lima.recall_notice_days.0"),
        (clinic(recall_notice_days=[14, 14]), "clinics.Lima.recall_notice_days"),
        (clinic(quiet_hours={"from": "21:00"}), "clinics.Lima.quiet_hours.to"),
        (clinic(quiet_hours={"from": "21:00", "to": "8:00"}), "clinics.Lima.quiet_hours.to"),
        (clinic(quiet_hours={"from": "00:00", "to": "24:00"}), "clinics.Lima.quiet_hours"),
        (clinic(messages={"BOOKED": "Hi"}), "clinics.Lima.messages"),
        (own(language="fr"), "clinics.Lima.messages.0.language"),
        (own(channel="EMAIL"), "clinics.Lima.messages.0"),
        (own(subject="Hi"), "clinics.Lima.messages.0.subject"),
        (own(channel="EMAIL", subject="One\nTwo"), "clinics.Lima.messages.0.subject"),
        (own(channel="EMAIL", subject="{{ treatment }}"), "clinics.Lima.messages.0.subject"),
        (own(channel="EMAIL", subject="x" * 201), "clinics.Lima.messages.0.subject"),
        (own(text=""), "clinics.Lima.messages.0.text"),
        (own(text=5), "clinics.Lima.messages.0.text"),
        (own(text="x" * 4001), "clinics.Lima.messages.0.text"),
        (own(text="\x00"), "clinics.Lima.messages.0.text"),
        (own(text="{{ treatment }}"), "clinics.Lima.messages.0.text"),
        (clinic(messages=[OWN, OWN]), "clinics.Lima.messages"),
        (clinic(active="true"), "clinics.Lima.active"),
        (clinic(chairs=["One", "One"]), "clinics.Lima.chairs"),
        (clinic(chairs=[" "]), "clinics.Lima.chairs.0"),
        (clinic(closures=[{"first_day": "2030-02-30", "last_day": "2030-03-01"}]), "clinics.Lima.closures.0.first_day"),
        (clinic(closures=[{"first_day": "0999-12-31", "last_day": "2030-03-01"}]), "clinics.Lima.closures.0.first_day"),
        (clinic(closures=[{"first_day": "2030-03-01", "last_day": "9999-12-31"}]), "clinics.Lima.closures.0.last_day"),
        (clinic(closures=[{"first_day": "2030-03-01", "last_day": "10000-01-01"}]), "clinics.Lima.closures.0.last_day"),
        (clinic(closures=[{"first_day": "2030-03-02", "last_day": "2030-03-01"}]), "clinics.Lima.closures.0"),
        (clinic(closures=[{"first_day": "2030-03-01", "last_day": "2030-03-01"}] * 2), "clinics.Lima.closures"),
        ({"treatments": {"a b": TREATMENT}}, "treatments.a b"),
        ({"treatments": {"a": {**TREATMENT, "duration_minutes": 31}}}, "treatments.a.duration_minutes"),
        ({"treatments": {"a": {**TREATMENT, "price": "40.505"}}}, "treatments.a.price"),
        ({"treatments": {"a": {**TREATMENT, "price": True}}}, "treatments.a.price"),
        ({"doctors": {"Dr Jay": DOCTOR}}, "doctors.Dr Jay"),
        (doctor(email="jay"), "doctors.drjay.email"),
        (doctor(user_type="RECEPTIONIST"), "doctors.drjay.user_type"),
        (hours(day("09:00", "09:03")), "doctors.drjay.hours.0.end"),
        (hours(day("9:00", "10:00")), "doctors.drjay.hours.0.start"),
        (hours(day("09:00", "10:00", weekdays=[0])), "doctors.drjay.hours.0.weekdays.0"),
        (hours(day("09:00", "10:00", weekdays=[])), "doctors.drjay.hours.0.weekdays"),
        (hours(day("09:00", "12:00"), day("11:00", "13:00")), "doctors.drjay.hours.1"),
        (hours(day("09:00", "09:00")), "doctors.drjay.hours.0"),
        (hours(day("09:00", "10:00", valid_from="2030-02-01", valid_to="2030-01-01")), "doctors.drjay.hours.0"),
        ({"receptionists": {"rita": {"full_name": "Rita"}}}, "receptionists.rita.clinics"),
        ({"receptionists": {"rita": {"full_name": "Rita", "clinics": []}}}, "receptionists.rita.clinics"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(document: Any, place: str) -> None:
    assert list(problems(document)) == [place]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    assert list(problems({**clinic(country="x", rooms=3), **doctor(phone="x")})) == [
        "clinics.Lima.country",
        "clinics.Lima.rooms",
        "doctors.drjay.phone",
    ]


def test_nobody_is_doctor_and_receptionist() -> None:
    both = {**doctor(), "receptionists": {"drjay": {"full_name": "Jay", "clinics": ["Lima"]}}}
    assert problems(both) == {"receptionists.drjay": "is also in doctors, as drjay; keep one of the two entries"}


@pytest.mark.parametrize("price", [40, "40", "40.0", 40.0, "40.00"])
def test_prices_are_exact(price: Any) -> None:
    read = read_declaration({"treatments": {"a": {**TREATMENT, "price": price}}})
    assert read.treatments["a"].price == Decimal(40)


@pytest.mark.parametrize(
    ("one", "other"), [("Cusco", "Cusco "), ("Méd", "Me\u0301d"), ("Cusco", "Cus\u200bco"), ("Cusco", "\ufeffCusco")]
)
def test_a_clinic_that_comes_twice_in_what_looks_the_same_is_refused(one: str, other: str) -> None:
    clinic = {"country": "PE", "time_zone": "America/Lima"}
    assert problems({"clinics": {one: clinic, other: clinic}}) == {
        "clinics": f"names {one} twice, in letters and blanks that look the same; remove one of them"
    }


def test_the_names_of_a_file_are_read_as_they_are_stored() -> None:
    clinic = {"country": "PE", "time_zone": "America/Lima", "chairs": ["Silla ma\u0301s alta"]}
    read = read_declaration({**doctor(clinic="Me\u0301d"), "clinics": {"Méd": clinic}})
    assert read.doctors["drjay"].clinic == "Méd"
    assert read.clinics["Méd"].chairs == ["Silla más alta"]


@pytest.mark.parametrize("chairs", [["Más", "Ma\u0301s"], ["A", "A\u200b"]])
def test_chairs_that_look_the_same_are_refused(chairs: list[str]) -> None:
    assert problems(clinic(chairs=chairs)) == {"clinics.Lima.chairs": f"names {chairs[0]} twice; remove one of them"}


@pytest.mark.parametrize("name", ["\u200b", "Lima\nNorte", "\u202eLima", "\ud800", "x" * 201], ids=ascii)
def test_what_is_no_name_of_a_clinic_is_refused(name: str) -> None:
    place, message = next(iter(problems({"clinics": {name: {"country": "PE", "time_zone": "America/Lima"}}}).items()))
    assert place.startswith("clinics.")
    assert message.startswith("cannot be a key here")
