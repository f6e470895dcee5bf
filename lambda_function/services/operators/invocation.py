"""An action asked for by an event: `{"action": "users.create", "arguments": {…}}`.

The answer is `{"ok": true, "result": {…}}` or `{"ok": false, "error": {"code", "detail", …}}`. The error of a practice
file that is refused has its `plan`. The log never repeats what was sent, since arguments are names and e-mails; an
error does so only for a practice file. A scheduled action that is refused makes the function fail instead, so that
Lambda tries it again and an alarm rings.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from lambda_function.domain.errors import DomainError, InvalidInputError
from lambda_function.observability import count, logger, stack
from lambda_function.services.operators.actions import ACTIONS, OperatorContext, run
from lambda_function.services.practice.apply import PracticeConflictsError
from lambda_function.services.practice.plan_document import plan_document
from lambda_function.services.practice.read_declaration import DeclarationError, path_text
from lambda_function.services.value_messages import fault_of

Reply = dict[str, Any]
# The fields of an error that the rules raise.
_TOLD = ("code", "detail", "field", "appointment_ids", "elsewhere")


class ScheduledActionError(RuntimeError):
    """A scheduled action was refused. The message is the action and the code of the error."""


class OperatorInvocation:
    def __init__(self, context: OperatorContext) -> None:
        self._context = context

    def __call__(self, event: object, request_id: str) -> Reply:
        logger.append_keys(function_request_id=request_id)
        try:
            answer = {"ok": True, "result": to_jsonable_python(self._run(event))}
        except DeclarationError as error:
            errors = [{"field": path_text(path), "message": message} for path, message in error.problems]
            answer = _refusal(code=error.code, detail="The practice is wrong: see errors.", errors=errors)
        except PracticeConflictsError as error:
            plan = plan_document(error.plan, applied=False)
            ids = error.appointment_ids
            answer = _refusal(code=error.code, detail=error.detail, appointment_ids=ids, plan=plan)
        except DomainError as error:
            told = {name: getattr(error, name, None) for name in _TOLD}
            answer = _refusal(**told)
        except ValidationError as error:
            answer = _refusal(
                code="validation_error", detail="Some arguments are wrong: see errors.", errors=messages(error)
            )
        except Exception as error:  # noqa: BLE001 - the outer edge: a message may hold rows and parameters
            count("InternalError")
            logger.error("internal error", error=type(error).__qualname__, stack=stack(error.__traceback__))
            answer = _refusal(code="internal_error", detail="Something went wrong on our side.", request_id=request_id)
        action, code = _action(event), answer.get("error", {}).get("code")
        logger.info("operator action", action=action, ok=answer["ok"], code=code)
        if code is not None and action is not None and ACTIONS[action].scheduled:
            raise ScheduledActionError(f"{action}: {code}")
        return answer

    def _run(self, event: object) -> dict[str, Any]:
        if not isinstance(event, Mapping) or not {"action"} <= set(event) <= {"action", "arguments"}:
            raise InvalidInputError('An event is {"action": "…", "arguments": {…}}.')
        return run(self._context, event["action"], event.get("arguments", {}))


def _action(event: object) -> str | None:
    """Returns the name of an action, and nothing else that may have been sent in its place."""
    return next((name for name in ACTIONS if isinstance(event, Mapping) and event.get("action") == name), None)


def messages(error: ValidationError) -> list[dict[str, str]]:
    """Returns what is wrong with each argument."""
    found = error.errors(include_url=False, include_input=False)
    return [{"field": ".".join(map(str, item["loc"])), **fault_of(item)._asdict()} for item in found]


def _refusal(**error: Any) -> Reply:
    return {
        "ok": False,
        "error": {name: value for name, value in error.items() if value is not None},
    }
