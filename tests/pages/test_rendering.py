"""The pages in HTML, in every state and both languages."""

import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256

import pytest

from lambda_function.domain.people import Language
from lambda_function.pages.rendering import HEADERS, visit_page
from tests.pages.states import pages, shown, times

# A page is loaded over a slow connection, and by people who pay for what they load.
MAX_BYTES = 30_000


@pytest.fixture(scope="module")
def every_page() -> Mapping[str, str]:
    return pages()


def test_the_policy_allows_the_style_of_each_page_and_nothing_else(every_page: Mapping[str, str]) -> None:
    policy = HEADERS["Content-Security-Policy"]

    for page in every_page.values():
        [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
        assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in policy
        assert not re.search(r"<script|<img|<link|<iframe|src=|url\(|\bstyle=|\bon\w+=", page)


def test_the_heaviest_page_is_light(every_page: Mapping[str, str]) -> None:
    many = [visit_page(shown(Language.ES, times=times(doctors=60)))]
    many.append(visit_page(shown(Language.ES, searched=True, times=times(60, 1, 96, more=False))))

    assert max(len(page.encode()) for page in [*many, *every_page.values()]) < MAX_BYTES
