"""Dates in FHIR searches, and the instants that each of them allows."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.api.fhir.search import Span, code_of, parse_reference, span_of
from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.time_zones import day_interval
from tests.zones import zone_named

LIMA = zone_named("America/Lima")


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _span(*values: str, zone: ZoneInfo = LIMA) -> Span:
    return span_of(values, zone, "date")


@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("2030", "2030-01-01T05:00Z", "2031-01-01T05:00Z"),
        ("2030-02", "2030-02-01T05:00Z", "2030-03-01T05:00Z"),
        ("2030-12", "2030-12-01T05:00Z", "2031-01-01T05:00Z"),
        ("2030-02-28", "2030-02-28T05:00Z", "2030-03-01T05:00Z"),
        ("2030-02-28T12:30Z", "2030-02-28T12:30Z", "2030-02-28T12:31Z"),
        ("2030-02-28T12:30:05-05:00", "2030-02-28T17:30:05Z", "2030-02-28T17:30:06Z"),
        ("2030-02-28T12:30:05.250Z", "2030-02-28T12:30:05.250Z", "2030-02-28T12:30:05.250001Z"),
        ("2030-02-28T12:30:05.2500000Z", "2030-02-28T12:30:05.250Z", "2030-02-28T12:30:05.250001Z"),
        ("2030-02-28T12:30:05.999999999Z", "2030-02-28T12:30:05.999999Z", "2030-02-28T12:30:06Z"),
    ],
)
def test_each_prefix_cuts_at_the_ends_of_what_the_value_names(value: str, start: str, end: str) -> None:
    first, after = _utc(start), _utc(end)

    assert _span(value) == _span(f"eq{value}") == (first, after)
    assert _span(f"ge{value}") == (first, None)
    assert _span(f"gt{value}") == (after, None)
    assert _span(f"le{value}") == (None, after)
    assert _span(f"lt{value}") == (None, first)


@given(st.dates(date(1000, 1, 2), date(2999, 12, 30)), st.sampled_from(["America/Lima", "America/Santiago", "UTC"]))
def test_a_day_is_that_of_the_clocks_of_the_zone(day: date, name: str) -> None:
    zone = zone_named(name)
    expected = day_interval(day, zone)

    assert _span(day.isoformat(), zone=zone) == (expected.start, expected.end)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 100))
def test_several_values_all_hold(day: date, days: int) -> None:
    later = day + timedelta(days=days)

    assert _span(f"ge{day}", f"lt{later}", f"ge{later - timedelta(days=days)}") == (
        day_interval(day, LIMA).start,
        day_interval(later, LIMA).start,
    )


@pytest.mark.parametrize(
    "value",
    [
        *("", "ge", "30", "2030-1-1", "2030-13", "2030-02-30", "2030-01-01T", "2030-01-01T10Z", "2030-01-01T10:00"),
        *(
            "ne2030",
            "sa2030",
            "eb2030",
            "ap2030",
            "GE2030",
            "ge 2030",
            "0999",
            "3000",
            "2030-01-01T24:01Z",
            "\u0662030",
        ),
    ],
)
def test_what_is_no_date_is_refused(value: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        _span(value)

    assert refused.value.field == "date"


@given(st.text(max_size=30))
def test_any_other_text_is_refused_and_not_a_failure(text: str) -> None:
    try:
        span = _span(text)
    except InvalidInputError:
        return
    assert span != (None, None)


@pytest.mark.parametrize(("text", "code"), [("a", "a"), ("urn:dentist-appointments:treatment|a", "a"), ("", "")])
def test_a_code_may_say_its_system(text: str, code: str) -> None:
    assert code_of(text, "service-type") == code


@pytest.mark.parametrize("text", ["urn:other|a", "|a", "a|b|c"])
def test_a_code_of_another_system_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        code_of(text, "service-type")


@pytest.mark.parametrize(
    ("text", "reference"), [("Patient/7", ("Patient", 7)), ("7", (None, 7)), ("Location/1", ("Location", 1))]
)
def test_a_reference_may_leave_its_type_out(text: str, reference: tuple[str | None, int]) -> None:
    assert parse_reference(text) == reference


@pytest.mark.parametrize(
    "value", ["", "Patient/", "Patient/0", "Patient/x", "/7", "a/b/7", "Patient/7/", 7, None, "9" * 19]
)
def test_what_names_no_resource_of_ours_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="reference"):
        parse_reference(value)
