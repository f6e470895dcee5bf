"""The rules for the source as it stands. For each rule, snippets prove that it can fail."""

from collections.abc import Callable, Collection, Iterator

import pytest

from tests.architecture import checks
from tests.architecture.checks import Check
from tests.architecture.source import ROOT, Module, files, modules

OURS = ("lambda_function",)
DEPLOYED = ("lambda_function", "migrations")
CLOCKLESS = ("lambda_function", "migrations", "dev")
ALL = ("lambda_function", "migrations", "dev", "tests")
EVERYWHERE = (*ALL, "benchmarks", "clients", "docs")

SCOPES: list[tuple[Check, tuple[str, ...]]] = [
    (checks.imports_go_down, OURS),
    (checks.domain_is_plain_python, OURS),
    (checks.imports_stand_on_top, OURS),
    (checks.only_the_unit_of_work_commits, OURS),
    (checks.only_repositories_select, OURS),
    (checks.only_models_know_tables, OURS),
    (checks.only_settings_read_the_environment, OURS),
    (checks.randomness_is_the_systems, OURS),
    (checks.only_bootstrap_reads_the_clock, OURS),
    (checks.statements_go_through_the_scope, OURS),
    (checks.errors_are_caught_by_name, DEPLOYED),
    (checks.revisions_stand_alone, DEPLOYED),
    (checks.sql_has_no_clock, CLOCKLESS),
    (checks.time_zones_have_one_source, EVERYWHERE),
    (checks.modules_are_short, ALL),
    (checks.functions_are_short, ALL),
]

API, DB, DOMAIN, SERVICE = (
    "lambda_function/api/routes/x.py",
    "lambda_function/db/repositories/x.py",
    "lambda_function/domain/x.py",
    "lambda_function/services/x.py",
)

# Every check with modules that it must complain about, as path and source.
VIOLATIONS: list[tuple[Check, str, str]] = [
    (checks.imports_go_down, DB, "from lambda_function.services import booking"),
    (checks.imports_go_down, API, "from lambda_function.aws.secrets import SecretCredentials"),
    (checks.imports_go_down, "lambda_function/aws/x.py", "import lambda_function.api.app"),
    (checks.imports_go_down, "lambda_function/cli/x.py", "from lambda_function import api"),
    (checks.imports_go_down, "lambda_function/cli/x.py", "from lambda_function.bootstrap import cli"),
    (checks.imports_go_down, SERVICE, "from lambda_function.settings import database_settings"),
    (checks.imports_go_down, "lambda_function/entrypoints/x.py", "from lambda_function import settings"),
    (checks.imports_go_down, DOMAIN, "from lambda_function.observability import logger"),
    (checks.imports_go_down, "lambda_function/observability.py", "from lambda_function.domain import actor"),
    (checks.imports_go_down, SERVICE, "from lambda_function.bootstrap import api"),
    (checks.imports_go_down, API, "from ...services import booking"),
    (checks.imports_go_down, SERVICE, "from lambda_function.newcomer import x"),
    (checks.domain_is_plain_python, DOMAIN, "import sqlalchemy"),
    (checks.imports_stand_on_top, SERVICE, "def late() -> None:\n    import json"),
    (checks.imports_stand_on_top, SERVICE, "x = __import__('json')"),
    (checks.imports_stand_on_top, SERVICE, "import importlib\nx = importlib.import_module('json')"),
    (checks.only_the_unit_of_work_commits, SERVICE, "work.session.commit()"),
    (checks.only_the_unit_of_work_commits, SERVICE, "with engine.begin() as connection: ..."),
    (checks.only_repositories_select, SERVICE, "from sqlalchemy import select as s"),
    (checks.only_repositories_select, SERVICE, "sqlalchemy.select(User)"),
    (checks.only_repositories_select, API, "session.query(User)"),
    (checks.only_models_know_tables, DB, "User.__table__"),
    (checks.only_models_know_tables, DB, "getattr(User, '__table__')"),
    (checks.only_settings_read_the_environment, SERVICE, "os.environ['X']"),
    (checks.only_settings_read_the_environment, "lambda_function/bootstrap/x.py", "from os import getenv"),
    (checks.randomness_is_the_systems, DB, "import random"),
    (checks.randomness_is_the_systems, SERVICE, "from random import uniform"),
    (checks.only_bootstrap_reads_the_clock, SERVICE, "now = datetime.now(UTC)"),
    (checks.only_bootstrap_reads_the_clock, DOMAIN, "clock = datetime.datetime.utcnow"),
    (checks.only_bootstrap_reads_the_clock, API, "today = date.today()"),
    (checks.only_bootstrap_reads_the_clock, DB, "time.time()"),
    (checks.statements_go_through_the_scope, DB, "session.connection().execute(statement)"),
    (checks.statements_go_through_the_scope, SERVICE, "session.execute(text('SELECT 1'))"),
    (checks.statements_go_through_the_scope, SERVICE, "session.scalar(sa.text('SELECT 1'))"),
    (checks.errors_are_caught_by_name, SERVICE, "try: ...\nexcept Exception: ..."),
    (checks.errors_are_caught_by_name, SERVICE, "try: ...\nexcept (ValueError, BaseException): ..."),
    (checks.errors_are_caught_by_name, SERVICE, "try: ...\nexcept: ..."),
    (checks.errors_are_caught_by_name, SERVICE, "with contextlib.suppress(Exception): ..."),
    (
        checks.errors_are_caught_by_name,
        "lambda_function/api/app.py",
        "def f():\n    try: ...\n    except Exception: ...",
    ),
    (checks.revisions_stand_alone, "migrations/versions/0009_x.py", "from lambda_function.db.base import EXACT"),
    (checks.sql_has_no_clock, DB, "func.now()"),
    (checks.sql_has_no_clock, DB, "sa.func.current_timestamp()"),
    (checks.sql_has_no_clock, "migrations/versions/0009_x.py", "text('CURRENT_TIMESTAMP(6)')"),
    (checks.sql_has_no_clock, DB, "text(f'WHERE starts_at > now ()')"),
    (checks.time_zones_have_one_source, SERVICE, "zone = ZoneInfo(clinic.time_zone)"),
    (checks.time_zones_have_one_source, DOMAIN, "zone = zoneinfo.ZoneInfo.no_cache(name)"),
    (checks.time_zones_have_one_source, SERVICE, "from zoneinfo import available_timezones"),
    (checks.time_zones_have_one_source, "tests/x.py", "from zoneinfo import reset_tzpath"),
    (checks.time_zones_have_one_source, SERVICE, "local = now.astimezone()"),
    (checks.time_zones_have_one_source, SERVICE, "local = now.astimezone(time_zone(clinic.time_zone))"),
    (checks.modules_are_short, SERVICE, "x = 1\n" * 401),
    (checks.modules_are_short, "lambda_function/entrypoints/x.py", "x = 1\n" * 41),
    (checks.modules_are_short, "lambda_function/__main__.py", "x = 1\n" * 41),
    (checks.functions_are_short, SERVICE, "class A:\n    def f(self):\n" + "        x = 1\n" * 50),
]

ALLOWED: list[tuple[Check, str, str]] = [
    (checks.imports_go_down, API, "from lambda_function.db.unit_of_work import UnitOfWork"),
    (
        checks.imports_go_down,
        "lambda_function/bootstrap/x.py",
        "from lambda_function.settings import database_settings",
    ),
    (checks.imports_go_down, DB, "from lambda_function.observability import count"),
    (checks.imports_go_down, "lambda_function/__main__.py", "from lambda_function.bootstrap import cli"),
    (checks.domain_is_plain_python, DOMAIN, "from zoneinfo import ZoneInfo"),
    (checks.only_bootstrap_reads_the_clock, SERVICE, "starts = work.now\nstarted = time.monotonic()"),
    (checks.errors_are_caught_by_name, SERVICE, "try: ...\nexcept ValueError: ..."),
    (
        checks.time_zones_have_one_source,
        DOMAIN,
        "zone = ZoneInfo.from_file(file)\nnow.astimezone(zone)",
    ),
    (checks.sql_has_no_clock, SERVICE, '"""Never SQL NOW()."""\nx = "now or never"'),
    (checks.functions_are_short, SERVICE, "def f():\n" + "    x = 1\n" * 49),
    (checks.modules_are_short, SERVICE, "x = 1\n" * 400),
]


CheckWithExceptions = Callable[[Module, Collection[str]], Iterator[str]]
EXCEPTIONS: list[tuple[CheckWithExceptions, Collection[str]]] = [
    (checks.only_the_unit_of_work_commits, checks.COMMITS),
    (checks.statements_go_through_the_scope, checks.RAW_STATEMENTS),
    (checks.errors_are_caught_by_name, checks.BROAD_EXCEPTS),
]


def name_of(value: object) -> str:
    return getattr(value, "__name__", "")


@pytest.mark.parametrize(("check", "folders"), SCOPES, ids=name_of)
def test_the_source_keeps_the_rule(check: Check, folders: tuple[str, ...]) -> None:
    findings = [finding for module in modules(*folders) for finding in check(module)]
    assert not findings, "\n" + "\n".join(findings)


@pytest.mark.parametrize(("check", "path", "snippet"), VIOLATIONS, ids=name_of)
def test_the_check_finds_a_violation(check: Check, path: str, snippet: str) -> None:
    findings = list(check(Module.of(path, snippet)))
    assert findings
    assert all(finding.startswith(f"{path}:") for finding in findings)


@pytest.mark.parametrize(("check", "path", "snippet"), ALLOWED, ids=name_of)
def test_the_check_finds_nothing_in_what_is_right(check: Check, path: str, snippet: str) -> None:
    assert not list(check(Module.of(path, snippet)))


def test_every_check_is_proved_able_to_fail() -> None:
    assert {check for check, _ in SCOPES} == {check for check, _, _ in VIOLATIONS}


def test_every_module_belongs_to_a_layer() -> None:
    parts = {module.path.split("/")[1].removesuffix(".py") for module in modules("lambda_function")}
    assert parts <= {*checks.HEIGHTS, *checks.LEAVES, "__init__"}


@pytest.mark.parametrize(
    ("check", "place"),
    [(check, place) for check, table in EXCEPTIONS for place in table],
    ids=name_of,
)
def test_an_exception_from_a_rule_is_still_needed(check: CheckWithExceptions, place: str) -> None:
    path = place.partition("::")[0]
    module = Module.of(path, (ROOT / path).read_text())
    assert list(check(module, ()))


def test_nothing_is_left_to_be_done() -> None:
    folders = (*ALL, "benchmarks", "terraform", "docs")
    places = [
        *files(folders, {".py", ".md", ".tf", ".sh", ".hcl", ".mako", ".toml"}),
        *ROOT.glob("*.md"),
        ROOT / "Makefile",
    ]
    found = [f"{place.relative_to(ROOT)}:{line}" for place in places for line in checks.unfinished(place.read_text())]
    assert not found, "\n" + "\n".join(found)


def test_a_word_for_unfinished_work_is_found() -> None:
    assert checks.unfinished("done\n# TO" + "DO: the rest\n# todo lists are fine") == [2]
