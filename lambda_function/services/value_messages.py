"""What is wrong with a value, whether from a request, an operator's arguments or a file. Each fault has a stable code
for programs and a sentence for people, which never repeats the value.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from lambda_function.services import text_rules

# Every code that a fault can have, and what it means. Clients may depend on them: a code is never renamed.
CODES: Mapping[str, str] = MappingProxyType(
    {
        "required": "The value is missing.",
        "unknown_field": "No field or parameter with this name is taken here.",
        "wrong_type": "The value has another JSON type than the one that the message names.",
        "too_long": "The text has too many characters, or the list too many entries.",
        "too_short": "The text has too few characters, or the list too few entries.",
        "too_small": "The number is below the smallest one allowed.",
        "too_large": "The number is above the largest one allowed.",
        "not_a_multiple": "The number is not a multiple of the one that the message names.",
        "not_a_choice": "The value is none of those that the message lists.",
        "not_in_range": "The value is not a whole number in the range that the message names.",
        "not_an_id": "The value is not an id: a whole number from 1 to 2^63 - 1, or `me` where that is allowed.",
        "not_an_instant": "The value is not a date and time with its offset from UTC.",
        "not_a_day": "The value is not a date of the years 1000 to 2999.",
        "not_a_local_time": "The value is not a local date and time of the years 1000 to 2999.",
        "not_a_time_of_day": "The value is not a time of day on a whole five minutes.",
        "not_a_name": "The value is not a person's name.",
        "not_a_user_name": "The value is not a user name.",
        "not_an_email": "The value is not an e-mail address.",
        "not_a_phone": "The value is not a phone number.",
        "not_an_identifier": "The value is not an identifier, or has no system that is known.",
        "not_a_birth_date": "The value is not a date from 1900-01-01.",
        "not_a_country": "The value is not a country of two capital letters.",
        "not_a_flag": "The value is neither true nor false.",
        "not_a_reference": "The value is not a FHIR reference to a resource of the kind that the message names.",
        "another_server": "The value is a FHIR reference to a resource of another server.",
        "control_characters": "The text has control characters other than tabs and line breaks.",
        "malformed": "The value does not have the form that the message describes.",
        "duplicate": "The same thing is given more than once.",
        "inconsistent": "Two values contradict each other.",
        "nothing_to_change": "A change must name at least one field.",
    }
)


class Fault(NamedTuple):
    code: str
    message: str


# By the type of pydantic's error; the names in braces are what it says about the rule.
_FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "missing": Fault("required", "This field is required."),
        "extra_forbidden": Fault("unknown_field", "This field is not known here. Leave it out."),
        "string_type": Fault("wrong_type", "Give a text."),
        "string_unicode": Fault("wrong_type", "Give a text in Unicode without lone surrogates."),
        "int_type": Fault("wrong_type", "Give a whole number."),
        "int_parsing": Fault("wrong_type", "Give a whole number."),
        "int_parsing_size": Fault("wrong_type", "Give a whole number with fewer digits."),
        "int_from_float": Fault("wrong_type", "Give a whole number."),
        "bool_type": Fault("wrong_type", "Give true or false."),
        "list_type": Fault("wrong_type", "Give a list."),
        "dict_type": Fault("wrong_type", "Give an object."),
        "model_type": Fault("wrong_type", "Give an object."),
        "model_attributes_type": Fault("wrong_type", "Give an object."),
        "string_too_long": Fault("too_long", "Use at most {max_length} characters."),
        "string_too_short": Fault("too_short", "Give a text that is not empty."),
        "too_long": Fault("too_long", "Give at most {max_length} entries."),
        "too_short": Fault("too_short", "Give a list that is not empty."),
        "greater_than_equal": Fault("too_small", "Give a number that is at least {ge}."),
        "less_than_equal": Fault("too_large", "Give a number that is at most {le}."),
        "multiple_of": Fault("not_a_multiple", "Give a multiple of {multiple_of}."),
        "enum": Fault("not_a_choice", "Give {expected}."),
        "literal_error": Fault("not_a_choice", "Give {expected}."),
    }
)
# By the pattern that a text does not match.
_FORMS: Mapping[str, Fault] = MappingProxyType(
    {
        text_rules.USER_NAME: Fault(
            "not_a_user_name",
            "Use 1 to 64 characters: letters without accents, digits and . _ @ + - with a letter or a digit first.",
        ),
        text_rules.PHONE: Fault("not_a_phone", "Give a phone number such as +51 999 111 222 or 01 222 3333 ext. 12."),
    }
)
_OTHER = Fault("malformed", "Give this value in the form that the documentation describes.")


def fault_of(error: Mapping[str, Any]) -> Fault:
    """Returns the fault for one of pydantic's errors: from the table, or from our own rule that raised it as a
    PydanticCustomError.
    """
    kind, rule = error["type"], error.get("ctx", {})
    if kind in CODES and kind not in _FAULTS:
        return Fault(kind, error["msg"])
    if kind == "string_pattern_mismatch":
        return _FORMS.get(rule["pattern"], _OTHER)
    fault = _FAULTS.get(kind, _OTHER)
    return fault._replace(message=fault.message.format_map(rule))
