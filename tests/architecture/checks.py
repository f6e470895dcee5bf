"""The rules of docs/architecture.md that a parser can check. Each function takes a module and returns its findings.

Exceptions to a rule are listed in a table here, each with its reason.
"""

import ast
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType

from tests.architecture.source import Function, Module, dotted, imported_names, strings

Findings = Iterator[str]
Check = Callable[[Module], Findings]

PACKAGE = "lambda_function"

# A part may import lower ones, but neither higher ones nor another part of its own level.
HEIGHTS: Mapping[str, int] = MappingProxyType(
    {
        "domain": 1,
        "db": 2,
        "web": 2,
        "services": 3,
        "api": 4,
        "pages": 4,
        "cli": 4,
        "aws": 4,
        "bootstrap": 5,
        "entrypoints": 6,
        "__main__": 6,
    }
)
LEAVES = frozenset({"settings", "observability"})
# `__main__` is where Python looks for `python -m lambda_function`.
ENTRYPOINTS = ("lambda_function/entrypoints/", "lambda_function/__main__.py")

COMMITS: Mapping[str, str] = MappingProxyType(
    {
        "lambda_function/db/unit_of_work.py": "the one place",
        "lambda_function/bootstrap/alembic_setup.py": "a migration's own connection, round Alembic's transactions",
    }
)
RAW_STATEMENTS: Mapping[str, str] = MappingProxyType(
    {
        "lambda_function/bootstrap/alembic_setup.py": "locks of the server, before there is a schema",
        "lambda_function/db/repositories/schema.py": "alembic_version is no mapped table",
    }
)
BROAD_EXCEPTS: Mapping[str, str] = MappingProxyType(
    {
        "lambda_function/web/edge.py::serve": "the outer edge: whatever happens, the caller gets an answer",
        "lambda_function/aws/post_confirmation.py::PostConfirmation.__call__": "likewise, for sign-ups",
        "lambda_function/services/messenger.py::Messenger._send": "what is wrong with one keeps no other waiting",
        "lambda_function/services/notifications/composing.py::composed": "likewise, for the words of a message",
        "lambda_function/services/notifications/consuming.py::consume": "likewise, for an event of the queue",
        "lambda_function/services/queue.py::together_or_each": "likewise, for the messages of a batch",
        "lambda_function/services/offers.py::offer_in": "what has been committed is answered, whatever follows from it",
        "lambda_function/services/waitlist_schedule.py::_offer": "what is wrong in one clinic keeps no other waiting",
        "lambda_function/services/notifications/clinics_in_turn.py::in_turn": "one clinic does not stop the others",
        "lambda_function/services/operators/invocation.py::OperatorInvocation.__call__": "likewise, for operators",
    }
)

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 50
MAX_ENTRYPOINT_LINES = 40

_SQL_CLOCK = re.compile(
    r"\b(now|sysdate|curdate|curtime|unix_timestamp|utc_timestamp|utc_date|utc_time)\s*\("
    r"|\b(current_timestamp|current_date|current_time|localtime|localtimestamp)\b",
    re.IGNORECASE,
)
_CLOCKS = re.compile(r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.(time|time_ns|localtime|gmtime))$")
_SQL_CLOCK_FUNCTIONS = re.compile(r"(^|\.)func\.(now|current_\w+|sysdate|localtime\w*|utc_\w+|unix_timestamp|curdate)$")
# The word is split so that this file does not contain it.
_UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")


def _part(dotted_name: str) -> str | None:
    """Returns `db` for `lambda_function.db.engine`, and None for modules that are not ours."""
    package, _, rest = dotted_name.partition(".")
    return rest.partition(".")[0] if package == PACKAGE and rest else None


def _attributes(module: Module, wanted: Collection[str]) -> Iterator[ast.Attribute]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in wanted:
            yield node


def imports_go_down(module: Module) -> Findings:
    here = _part(module.path.removesuffix(".py").replace("/", "."))
    for node, name in imported_names(module):
        there = _part(name)
        if name.startswith("."):
            yield module.at(node, "relative import: say the whole name")
        elif there is None or there == here:
            continue
        elif here in LEAVES:
            yield module.at(node, f"{here} is a leaf and imports nothing of ours, so not {name}")
        elif there == "settings":
            if here != "bootstrap":
                yield module.at(node, f"only bootstrap imports settings; {here} gets values as arguments")
        elif there == "observability":
            if here == "domain":
                yield module.at(node, "domain does not log")
        elif HEIGHTS.get(there, 99) >= HEIGHTS.get(str(here), 0):
            yield module.at(node, f"{here} must not import {there} ({name}): imports go down only")


def domain_is_plain_python(module: Module) -> Findings:
    if module.lies_in("lambda_function/domain/"):
        for node, name in imported_names(module):
            if name.partition(".")[0] not in {*sys.stdlib_module_names, PACKAGE}:
                yield module.at(node, f"domain imports the standard library only, so not {name}")


def imports_stand_on_top(module: Module) -> Findings:
    for name, function in module.functions():
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield module.at(node, f"import inside {name}: imports stand at the top of a module")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and dotted(node.func) in {
            "__import__",
            "importlib.import_module",
            "import_module",
        }:
            yield module.at(node, "imports are statements, not calls")


def only_the_unit_of_work_commits(module: Module, allowed: Collection[str] = COMMITS.keys()) -> Findings:
    if module.path not in allowed:
        for node in _attributes(module, {"commit", "begin", "autocommit"}):
            yield module.at(node, f".{node.attr}: only db/unit_of_work commits")


def only_repositories_select(module: Module) -> Findings:
    if module.lies_in("lambda_function/db/repositories/", "lambda_function/db/scoping.py"):
        return
    for node, name in imported_names(module):
        if name.startswith("sqlalchemy") and name.endswith(".select"):
            yield module.at(node, "only db/repositories and db/scoping select")
    for call in ast.walk(module.tree):
        if isinstance(call, ast.Call) and dotted(call.func).rpartition(".")[2] in {"select", "query"}:
            yield module.at(call, "only db/repositories and db/scoping select")


def only_models_know_tables(module: Module) -> Findings:
    if module.lies_in("lambda_function/db/models/"):
        return
    for node in ast.walk(module.tree):
        named = getattr(node, "attr", None) or getattr(node, "id", None) or getattr(node, "value", None)
        if named == "__table__":
            yield module.at(node, "__table__ goes round the scope: only db/models has it")


def only_settings_read_the_environment(module: Module) -> Findings:
    if module.path == "lambda_function/settings.py":
        return
    names = {"environ", "environb", "getenv", "getenvb"}
    for attribute in _attributes(module, names):
        yield module.at(attribute, f"os.{attribute.attr}: only settings reads the environment")
    for node, name in imported_names(module):
        if name in {f"os.{name}" for name in names}:
            yield module.at(node, f"{name}: only settings reads the environment")


def randomness_is_the_systems(module: Module) -> Findings:
    for node, name in imported_names(module):
        if name == "random" or name.startswith("random."):
            yield module.at(node, "random: clones of one snapshot share its state; take secrets.SystemRandom")


def only_bootstrap_reads_the_clock(module: Module) -> Findings:
    if module.lies_in("lambda_function/bootstrap/"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and _CLOCKS.search(dotted(node)):
            yield module.at(node, f"{dotted(node)}: `now` is a parameter; only bootstrap knows the clock")


def sql_has_no_clock(module: Module) -> Findings:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and _SQL_CLOCK_FUNCTIONS.search(dotted(node)):
            yield module.at(node, f"{dotted(node)}: `now` is a parameter, never the database's")
    for text in strings(module):
        if found := _SQL_CLOCK.search(str(text.value)):
            yield module.at(text, f"{found[0]}: `now` is a parameter, never the database's")


def statements_go_through_the_scope(module: Module, allowed: Collection[str] = RAW_STATEMENTS.keys()) -> Findings:
    if module.path in allowed:
        return
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func).rpartition(".")[2]
        if name in {"connection", "get_bind", "exec_driver_sql", "raw_connection"}:
            yield module.at(node, f".{name}() goes round the scope")
        if name in {"execute", "scalar", "scalars"} and any(_is_call_of("text", argument) for argument in node.args):
            yield module.at(node, "text goes round the scope: nothing adds criteria to it")


def _is_call_of(name: str, node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == name


def _broad(caught: ast.expr | None) -> bool:
    each = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(one is None or dotted(one) in {"Exception", "BaseException"} for one in each)


def _broad_handlers(module: Module) -> Iterator[ast.AST]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and _broad(node.type):
            yield node
        if isinstance(node, ast.Call) and dotted(node.func).endswith("suppress") and any(map(_broad, node.args)):
            yield node


def errors_are_caught_by_name(module: Module, allowed: Collection[str] = BROAD_EXCEPTS.keys()) -> Findings:
    for node in _broad_handlers(module):
        if module.place_of(node) not in allowed:
            yield module.at(node, f"{module.place_of(node)} catches everything: name the errors that are expected")


def time_zones_have_one_source(module: Module) -> Findings:
    if module.lies_in("docs/examples/"):
        return  # a program of its own has no package of ours
    for imported, name in imported_names(module):
        if name in {"zoneinfo.available_timezones", "zoneinfo.reset_tzpath"}:
            yield module.at(imported, "what zones the host has is no matter: ask domain/time_zones")
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        if name.rpartition(".")[2] in {"ZoneInfo", "no_cache"}:
            yield module.at(node, "it reads the host's zones: call time_zone, or zone_named in tests")
        if name.endswith(".astimezone") and (not node.args or _is_call_of("time_zone", node.args[0])):
            yield module.at(node, "astimezone() without a zone, or with None, takes the host's zone")


def revisions_stand_alone(module: Module) -> Findings:
    if module.lies_in("migrations/versions/"):
        for node, name in imported_names(module):
            if name.partition(".")[0] == PACKAGE:
                yield module.at(node, "a revision never imports the application, which will have changed by then")


def modules_are_short(module: Module) -> Findings:
    limit = MAX_ENTRYPOINT_LINES if module.lies_in(*ENTRYPOINTS) else MAX_MODULE_LINES
    lines = len(module.text.splitlines())
    if lines > limit:
        yield f"{module.path}: {lines} lines, at most {limit}: split it by concern"


def functions_are_short(module: Module) -> Findings:
    for name, function in module.functions():
        lines = _length(function)
        if lines > MAX_FUNCTION_LINES:
            yield module.at(function, f"{name} has {lines} lines, at most {MAX_FUNCTION_LINES}")


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def unfinished(text: str) -> list[int]:
    """Returns the numbers of the lines that announce unfinished work."""
    return [number for number, line in enumerate(text.splitlines(), 1) if _UNFINISHED.search(line)]
