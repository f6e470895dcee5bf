"""What the pages say, by name, in each language. All languages have the same names and the same places to fill in."""

from collections.abc import Mapping
from types import MappingProxyType

from lambda_function.domain.people import Language
from lambda_function.pages.words.en import ENGLISH
from lambda_function.pages.words.es import SPANISH
from lambda_function.services.readable import FACT_LABELS

WORDS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        Language.EN: {**FACT_LABELS[Language.EN], **ENGLISH},
        Language.ES: {**FACT_LABELS[Language.ES], **SPANISH},
    }
)
