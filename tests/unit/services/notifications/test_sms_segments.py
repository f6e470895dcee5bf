"""The number of parts of an SMS, at each limit."""

import pytest

from lambda_function.services.notifications.wording import segments


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("éñü¿¡àòùìÇ\n" * 14, 1),
        ("€" * 80, 1),
        ("€" * 80 + "a", 2),
        # The euro would be the 153rd and 154th place, so it begins the next part.
        ("a" * 152 + "€" + "a" * 152, 3),
        ("a" * 151 + "€" + "a" * 153, 2),
        ("á" * 70, 1),
        ("á" * 71, 2),
        ("á" + "a" * 133, 2),
        ("á" + "a" * 134, 3),
        ("\u2019" + "a" * 70, 2),
        ("ç" + "a" * 70, 2),
        ("\U0001f9b7" * 35, 1),
        ("\U0001f9b7" * 36, 2),
        # The tooth would be the 67th and 68th place.
        ("á" * 66 + "\U0001f9b7" + "á" * 66, 3),
    ],
)
def test_it_counts_the_parts_of_an_sms(text: str, parts: int) -> None:
    assert segments(text) == parts
