"""The first and the last of all dates, at every place of every route that takes one. Every answer keeps the contract,
nothing fails, and rows at these dates change no answer. See also test_left_at_the_edge.py.
"""

import json
from typing import Any

import pytest

from lambda_function.api.fhir.parameters import FORM
from tests.api.desk import Desk
from tests.api.edges import Told, dates_named, names_said, query_of, told, variants
from tests.api.left import leave_the_edges, wish_for_ever
from tests.api.rows import Case
from tests.api.scene import CALLERS, Scene
from tests.api.test_matrix import ROUTES
from tests.api_client import Answer, access_claims, http_event
from tests.contract import contract


@pytest.fixture(scope="module")
def scene(module_desk: Desk) -> Scene:
    scene = Scene(module_desk)
    leave_the_edges(module_desk)
    return scene


def _case(key: str, caller: str) -> Case | None:
    """Returns a request of the route that this caller may send."""
    cases = (case for row in ROUTES[key] for case in row.cases)
    return next((case for case in cases if 200 <= case.expected(caller) < 300), None)


def _send(scene: Scene, caller: str, method: str, request: Told) -> Answer:
    form = request.body if isinstance(request.body, str) else None
    event = http_event(
        method,
        request.path,
        query=query_of(request),
        headers={"content-type": "application/json" if form is None else FORM},
        body=json.dumps(request.body) if form is None and request.body is not None else form,
        claims=access_claims(caller),
    )
    return scene.desk.client.send(event)


def _callers(key: str) -> list[str]:
    """Returns up to two callers who may send it: a patient, to whom a clinic's policies apply, and one of the staff."""
    taken = [caller for caller in CALLERS if _case(key, caller)]
    return taken[:1] + taken[1:][-1:]


CASES = pytest.mark.parametrize(
    ("key", "caller"), [pytest.param(key, caller, id=f"{key}-{caller}") for key in ROUTES for caller in _callers(key)]
)


@CASES
def test_what_lies_at_the_edges_changes_no_answer(scene: Scene, key: str, caller: str) -> None:
    case = _case(key, caller)
    assert case is not None
    scene.forget_bookings()
    wish_for_ever(scene.desk)

    answer = _send(scene, caller, key.split(" ", 1)[0], told(case.send(scene, caller)))

    assert answer.status == case.expected(caller), answer.text


@CASES
def test_no_date_makes_a_request_fail(scene: Scene, key: str, caller: str) -> None:
    method, case = key.split(" ", 1)[0], _case(key, caller)
    assert case is not None
    failed: list[Any] = []
    for request in variants(method, told(case.send(scene, caller))):
        answer = _send(scene, caller, method, request)
        if answer.status >= 500:
            failed.append((request, answer.status))
        if answer.status == 201:
            scene.forget_bookings()
    assert failed == []


@pytest.mark.parametrize("key", ROUTES)
def test_every_date_of_the_document_is_tried(scene: Scene, key: str) -> None:
    method, path = key.split(" ", 1)
    named = dates_named(contract().document["paths"][path][method.lower()])
    cases = ((caller, _case(key, caller)) for caller in _callers(key))
    said = [names_said(method, path, told(case.send(scene, caller))) for caller, case in cases if case is not None]

    assert named <= set().union(*said)
