"""The content of a practice file.

A key that is left out changes nothing, and a new entry gets its default. A key that is present gives the complete
value. Nothing disappears because it is not named: `active: false` takes it out of use.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from lambda_function.domain.appointment import MAX_HORIZON, MAX_OPEN_VISITS
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Channel, Language
from lambda_function.domain.quiet_hours import QuietHours
from lambda_function.domain.recalls import MAX_NOTICE_DAYS, MAX_NOTICES, MAX_RECALL_MONTHS
from lambda_function.domain.time_zones import time_zone
from lambda_function.domain.working_hours import DAY_MINUTES, WeeklyHours, Window
from lambda_function.domain.written_text import BREAKING, as_stored, trimmed
from lambda_function.services.notifications.own_words import MAX_SUBJECT, BrokenWordsError
from lambda_function.services.notifications.trial import try_subject, try_text
from lambda_function.services.practice.suggestions import closest_time_zone
from lambda_function.services.text_rules import (
    Address,
    Email,
    Name,
    PersonName,
    Phone,
    Reason,
    UserName,
    day_in,
    minute_of_day_in,
    printable,
)

_PRICE = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?")
YEAR_MINUTES = 366 * DAY_MINUTES
MAX_ENTRIES = 500
MAX_HOURS = 200
MAX_REMINDERS = 5
MAX_REMINDER_HOURS = 720


def _zone(value: str) -> str:
    if time_zone(value) is None:
        meant = closest_time_zone(value)
        hint = f"did you mean {meant}?" if meant else "give one such as America/Lima or Europe/Madrid"
        raise ValueError(f"is not a known time zone; {hint}")
    return value


def _price(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str | int | float) and not isinstance(value, bool) and _PRICE.fullmatch(str(value)):
        return Decimal(str(value))
    raise ValueError


def _day(value: object) -> date:
    day = day_in(value)
    if day is None:
        raise ValueError
    return day


def _minute(value: object) -> int:
    minute = minute_of_day_in(value)
    if minute is None:
        raise ValueError
    return minute


def _written(value: object) -> str:
    """A text of a clinic's own words, measured as it is stored. How long it may be is for its trial to say."""
    if not isinstance(value, str) or not (text := trimmed(value)):
        raise ValueError
    return printable(text)


def _with_words(channel: Channel) -> Channel:
    if channel is Channel.NONE:
        raise ValueError
    return channel


def _distinct(values: list[Any]) -> list[Any]:
    if twice := _first_twice(values):
        raise ValueError(f"names {twice} twice; remove one of them")
    return values


def _first_twice(values: Iterable[Any]) -> Any:
    seen = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def _distinct_names(value: object) -> object:
    """Refuses names that are stored alike, because one would silently replace the other."""
    if isinstance(value, dict) and (twice := _first_twice(as_stored(name) for name in value if isinstance(name, str))):
        raise ValueError(f"names {twice} twice, in letters and blanks that look the same; remove one of them")
    return value


Distinct = AfterValidator(_distinct)
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]
Price = Annotated[Decimal, BeforeValidator(_price)]
Day = Annotated[date, BeforeValidator(_day)]
MinuteOfDay = Annotated[int, BeforeValidator(_minute)]
Written = Annotated[str, BeforeValidator(_written)]
Buffer = Annotated[int, Field(ge=0, le=DAY_MINUTES, multiple_of=5)]
Steps = Annotated[int, Field(ge=5, le=DAY_MINUTES, multiple_of=5)]
Trial = Callable[[str, NotificationKind, Channel, Language], None]
# The value of a key that was left out. No file can hold it.
LEFT_OUT: Any = None


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DeclaredTreatment(_Declared):
    name: Name
    duration_minutes: Steps
    buffer_before_minutes: Buffer = LEFT_OUT
    buffer_after_minutes: Buffer = LEFT_OUT
    needs_approval: bool = LEFT_OUT
    recall_months: Annotated[int, Field(ge=1, le=MAX_RECALL_MONTHS)] | None = LEFT_OUT
    price: Price | None = None
    active: bool = LEFT_OUT


class DeclaredClosure(_Declared):
    """A closure. Both days are included."""

    first_day: Day
    last_day: Day
    reason: Reason | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_day < self.first_day:
            raise ValueError("ends before it begins: last_day must not be before first_day")
        return self


def _distinct_days(closures: list[DeclaredClosure]) -> list[DeclaredClosure]:
    _distinct([f"{closure.first_day} to {closure.last_day}" for closure in closures])
    return closures


class DeclaredQuietHours(_Declared):
    """Quiet hours. An end before the start is on the next day."""

    from_minute: Annotated[MinuteOfDay, Field(alias="from")]
    to_minute: Annotated[MinuteOfDay, Field(alias="to")]

    @model_validator(mode="after")
    def _have_a_length(self) -> Self:
        if self.hours.from_minute == self.hours.to_minute:
            raise ValueError("have no length: from and to must differ; for no quiet hours at all, write null")
        return self

    @property
    def hours(self) -> QuietHours:
        """The hours, in which midnight is the beginning of a day."""
        return QuietHours(self.from_minute % DAY_MINUTES, self.to_minute % DAY_MINUTES)


class DeclaredMessage(_Declared):
    """A clinic's own words in place of ours. What comes first decides what the rest may say."""

    kind: Annotated[NotificationKind, Field(strict=False)]
    channel: Annotated[Channel, Field(strict=False), AfterValidator(_with_words)]
    language: Annotated[Language, Field(strict=False)]
    subject: Written | None = None
    text: Written

    @field_validator("subject")
    @classmethod
    def _can_be_used_as_subject(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and {"kind", "channel", "language"} <= info.data.keys():
            if info.data["channel"] is Channel.SMS:
                raise ValueError("is for e-mails only; leave it out of an SMS")
            if BREAKING.search(value):
                raise ValueError("must be on one line")
            _tried(try_subject, value, info)
        return value

    @field_validator("text")
    @classmethod
    def _can_be_used(cls, value: str, info: ValidationInfo) -> str:
        if {"kind", "channel", "language"} <= info.data.keys():
            _tried(try_text, value, info)
        return value

    @model_validator(mode="after")
    def _has_a_subject(self) -> Self:
        if self.channel is Channel.EMAIL and self.subject is None:
            raise ValueError(f"has no subject; an e-mail needs one of 1 to {MAX_SUBJECT} characters")
        return self


def _tried(trial: Trial, value: str, info: ValidationInfo) -> None:
    try:
        trial(value, info.data["kind"], info.data["channel"], info.data["language"])
    except BrokenWordsError as error:
        raise ValueError(str(error)) from None


def _distinct_messages(messages: list[DeclaredMessage]) -> list[DeclaredMessage]:
    _distinct([f"{each.kind} {each.channel} {each.language}" for each in messages])
    return messages


class DeclaredClinic(_Declared):
    """A clinic. Chairs that are missing from `chairs` go out of use, closures that are missing from `closures` end, and
    messages that are missing from `messages` get our words again.
    """

    country: CountryCode
    time_zone: Zone
    language: Annotated[Language, Field(strict=False)] = LEFT_OUT
    lead_minutes: Annotated[int, Field(ge=0, le=YEAR_MINUTES)] = LEFT_OUT
    horizon_days: Annotated[int, Field(ge=1, le=MAX_HORIZON.days)] = LEFT_OUT
    cutoff_minutes: Annotated[int, Field(ge=0, le=YEAR_MINUTES)] = LEFT_OUT
    slot_step_minutes: Steps = LEFT_OUT
    offer_minutes: Annotated[int, Field(ge=1, le=YEAR_MINUTES)] = LEFT_OUT
    max_open_visits: Annotated[int, Field(ge=1, le=MAX_OPEN_VISITS)] | None = LEFT_OUT
    address: Address | None = LEFT_OUT
    phone: Phone | None = LEFT_OUT
    email: Email | None = LEFT_OUT
    reminder_hours: Annotated[
        list[Annotated[int, Field(ge=1, le=MAX_REMINDER_HOURS)]], Field(max_length=MAX_REMINDERS), Distinct
    ] = LEFT_OUT
    recall_notice_days: Annotated[
        list[Annotated[int, Field(ge=-MAX_NOTICE_DAYS, le=MAX_NOTICE_DAYS)]], Field(max_length=MAX_NOTICES), Distinct
    ] = LEFT_OUT
    quiet_hours: DeclaredQuietHours | None = LEFT_OUT
    messages: Annotated[list[DeclaredMessage], Field(max_length=MAX_ENTRIES), AfterValidator(_distinct_messages)] = (
        LEFT_OUT
    )
    active: bool = LEFT_OUT
    chairs: Annotated[list[Name], Field(max_length=MAX_ENTRIES), Distinct] = LEFT_OUT
    closures: Annotated[list[DeclaredClosure], Field(max_length=MAX_ENTRIES), AfterValidator(_distinct_days)] = LEFT_OUT


class DeclaredHours(_Declared):
    """Working hours. `weekdays` are 1 for Monday to 7. An end at or before the start is on the next day. Both dates are
    included.
    """

    weekdays: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=7), Distinct]
    start: MinuteOfDay
    end: MinuteOfDay
    valid_from: Day | None = None
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if Window(self.start, self.end).is_empty:
            raise ValueError("has no length: start and end must differ; a whole day is 00:00 to 24:00")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("ends before it begins: valid_to must not be before valid_from")
        return self

    def weekly(self) -> Iterator[WeeklyHours]:
        for weekday in self.weekdays:
            yield WeeklyHours(weekday, Window(self.start, self.end), self.valid_from, self.valid_to)


class _DeclaredPerson(_Declared):
    full_name: PersonName
    email: Email | None = None
    phone: Phone | None = None
    active: bool = LEFT_OUT


class DeclaredDoctor(_DeclaredPerson):
    clinic: Name
    treatments: Annotated[list[Code], Field(max_length=MAX_ENTRIES), Distinct] = LEFT_OUT
    default_treatment: Code | None = None
    hours: Annotated[list[DeclaredHours], Field(max_length=MAX_HOURS)] = LEFT_OUT


def _at_least_one(clinics: list[Name]) -> list[Name]:
    if not clinics:
        raise ValueError(
            "must name at least one clinic; for somebody who works in none any more, write `active: false`"
        )
    return clinics


class DeclaredReceptionist(_DeclaredPerson):
    clinics: Annotated[list[Name], Field(max_length=MAX_ENTRIES), Distinct, AfterValidator(_at_least_one)]


class Declaration(_Declared):
    """A whole file: the countries that have a register, treatments by code, clinics by name, and staff by user name. A
    country that is missing from `countries` has none any more.
    """

    countries: Annotated[list[CountryCode], Field(max_length=MAX_ENTRIES), Distinct] = LEFT_OUT
    treatments: Annotated[dict[Code, DeclaredTreatment], Field(max_length=1000, default_factory=dict)]
    clinics: Annotated[
        dict[Name, DeclaredClinic], Field(max_length=1000, default_factory=dict), BeforeValidator(_distinct_names)
    ]
    doctors: Annotated[dict[UserName, DeclaredDoctor], Field(max_length=5000, default_factory=dict)]
    receptionists: Annotated[dict[UserName, DeclaredReceptionist], Field(max_length=5000, default_factory=dict)]
