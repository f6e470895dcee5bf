"""The page behind the link of a message: HTML for people who have no account. GET and HEAD change nothing."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from http import HTTPStatus

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.errors import DomainError, NotFoundError, ThrottledError
from lambda_function.pages.form import form_of, is_one_click, link_request, reason_typed, times_wanted
from lambda_function.pages.guesses import WINDOW, Guesses
from lambda_function.pages.rendering import HEADERS, error_page, visit_page
from lambda_function.services.links.acting import LinkAction, LinkRequest, act, holds, unsubscribe
from lambda_function.services.links.addresses import PATH
from lambda_function.services.links.opening import LinkEndedError, open_link
from lambda_function.services.links.showing import Shown, shown
from lambda_function.services.links.times import TimesWanted
from lambda_function.services.offers import transact_and_offer
from lambda_function.web.codes import PROBLEM_CODES
from lambda_function.web.edge import NoteRoute, serve
from lambda_function.web.errors import shown_error
from lambda_function.web.events import Event, Result, method_of

_ROUTE = f"{PATH}{{token}}"
_METHODS = ("GET", "HEAD", "POST")
# The keys at a gateway. None needs an access token: the link's token is in the path.
PAGE_KEYS = frozenset(f"{method} {_ROUTE}" for method in _METHODS)
_ADDRESS = re.compile(rf"{PATH}([^/]+)")
# How many seconds later a repeat may succeed.
_RETRY_AFTER = {"contention": 1, "unavailable": 1, "throttled": int(WINDOW.total_seconds())}
_HTML = "text/html; charset=utf-8"


class Pages:
    """Callable as a Lambda handler, for events whose address it takes."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._guesses = Guesses()

    @staticmethod
    def takes(event: Event) -> bool:
        return method_of(event) in _METHODS and _ADDRESS.fullmatch(event["rawPath"]) is not None

    def __call__(self, event: Event, context: LambdaContext) -> Result:
        return serve(
            event, context, answer=self._answer, answer_error=partial(_error_answer, event=event), headers=HEADERS
        )

    def _answer(self, event: Event, note_route: NoteRoute) -> Result:
        method = method_of(event)
        note_route(f"{method} {_ROUTE}")
        token = event["rawPath"].removeprefix(PATH)
        try:
            return self._post(token, event) if method == "POST" else self._get(token, event)
        except LinkEndedError:
            raise
        except NotFoundError:
            # The address is of the connection, not of a header that anybody can write.
            if self._guesses.one_more_is_too_many(event["requestContext"]["http"]["sourceIp"], self._clock()):
                raise ThrottledError("Too many wrong links. Try again in a minute.") from None
            raise

    def _get(self, token: str, event: Event) -> Result:
        page = self._shown(token, times_wanted(event))
        return _html(HTTPStatus.OK, visit_page(page))

    def _post(self, token: str, event: Event) -> Result:
        form: Mapping[str, str] = {}
        request = None
        try:
            form = form_of(event)
            request = link_request(form)
            transact_and_offer(self._database, partial(_act, token=token, request=request))
        except NotFoundError:
            # Whoever has no right link is told nothing else.
            raise
        except DomainError as error:
            # The page shows the times that the person was looking at, to choose another one.
            show = partial(_show_unless_done, token=token, request=request, wanted=times_wanted(event))
            page = self._database.transact(show, commit=False)
            if page is not None:
                return _page_after_refusal(page, error, reason_typed(form))
        if is_one_click(form):
            # Mail programs follow no redirection there, and RFC 8058 forbids it.
            return {"statusCode": HTTPStatus.NO_CONTENT.value, "headers": {}, "body": ""}
        return {"statusCode": HTTPStatus.SEE_OTHER.value, "headers": {"Location": f"{PATH}{token}"}, "body": ""}

    def _shown(self, token: str, wanted: TimesWanted) -> Shown:
        return self._database.transact(partial(_show, token=token, wanted=wanted), commit=False)


def _act(work: UnitOfWork, token: str, request: LinkRequest) -> None:
    if request.action is LinkAction.UNSUBSCRIBE:
        # It is about the person, whatever has become of the visit.
        unsubscribe(work, token)
    else:
        act(work, open_link(work, token), request)


def _show(work: UnitOfWork, token: str, wanted: TimesWanted) -> Shown:
    return shown(work, open_link(work, token), wanted)


def _show_unless_done(work: UnitOfWork, token: str, request: LinkRequest | None, wanted: TimesWanted) -> Shown | None:
    """Returns the page for somebody who was refused, or None if what they ask for holds after all, because somebody
    else did the same at the same time.
    """
    opened = open_link(work, token)
    return None if request is not None and holds(opened, request) else shown(work, opened, wanted)


def _page_after_refusal(page: Shown, refusal: DomainError, reason: str) -> Result:
    status = _status(refusal)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise refusal
    return _html(status, visit_page(page, refusal, reason))


def _status(refusal: DomainError) -> HTTPStatus:
    status = PROBLEM_CODES[refusal.code].status
    # 412 answers If-Match, which no form sends.
    return HTTPStatus.CONFLICT if status is HTTPStatus.PRECONDITION_FAILED else status


def _html(status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None) -> Result:
    return {
        "statusCode": status.value,
        "headers": {"Content-Type": _HTML, **(headers or {})},
        "body": text,
        "isBase64Encoded": False,
    }


def _error_answer(error: Exception, _request_id: str, *, event: Event) -> Result:
    refusal = shown_error(error)
    seconds = _RETRY_AFTER.get(refusal.code)
    return _html(_status(refusal), error_page(refusal, event), {"Retry-After": str(seconds)} if seconds else None)
