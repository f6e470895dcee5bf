"""Secrets Manager: the rotation by a function, which MiniStack only notes, and the refusal of empty secrets."""

import json
import logging
import threading
import time
from typing import Any

from ministack.core.responses import error_response_json, json_response, new_uuid
from ministack.services import secretsmanager

from dev.drill.emulated.clients import client

_STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_log = logging.getLogger("drill.rotation")


def mend() -> None:
    read, handle = secretsmanager._get_secret_value, secretsmanager.handle_request

    def read_with_a_value(data: dict[str, Any]) -> Any:
        """MiniStack answers a version that never got a value without one; AWS says that there is none."""
        status, headers, body = read(data)
        if status == 200 and b'"SecretString"' not in body and b'"SecretBinary"' not in body:
            message = "Secrets Manager can't find the specified secret value for that staging label."
            return error_response_json("ResourceNotFoundException", message, 400)
        return status, headers, body

    async def handle_cancelling(method: str, path: str, headers: Any, body: Any, query: Any) -> Any:
        """MiniStack does not know CancelRotateSecret."""
        if headers.get("x-amz-target", "").endswith(".CancelRotateSecret"):
            return _cancel(json.loads(body))
        return await handle(method, path, headers, body, query)

    secretsmanager._get_secret_value = read_with_a_value
    secretsmanager._rotate_secret = _rotate
    secretsmanager.handle_request = handle_cancelling


def _rotate(data: dict[str, Any]) -> Any:
    """Answers at once and rotates afterwards, as AWS does. Without RotateImmediately it only notes the schedule."""
    _, secret = secretsmanager._resolve(data.get("SecretId"))
    if not secret or secret.get("DeletedDate"):
        return error_response_json("ResourceNotFoundException", "There is no such secret.", 400)
    for field in ("RotationLambdaARN", "RotationRules"):
        secret[field] = data.get(field) or secret.get(field)
    if not secret["RotationLambdaARN"]:
        return error_response_json("InvalidRequestException", "No Lambda rotation function ARN is set.", 400)
    secret["RotationEnabled"] = True
    answer = {"ARN": secret["ARN"], "Name": secret["Name"]}
    if data.get("RotateImmediately", True):
        answer["VersionId"] = _stage(secret, data.get("ClientRequestToken") or new_uuid())
        arguments = (secret["RotationLambdaARN"], secret["ARN"], answer["VersionId"])
        threading.Thread(target=_run_steps, args=arguments, daemon=True).start()
    return json_response(answer)


def _stage(secret: dict[str, Any], version: str) -> str:
    empty = {"SecretString": None, "SecretBinary": None, "CreatedDate": int(time.time()), "Stages": ["AWSPENDING"]}
    secret["Versions"].setdefault(version, empty)
    return version


def _run_steps(function: str, secret: str, version: str) -> None:
    lambdas = client("lambda")
    for step in _STEPS:
        event = {"Step": step, "SecretId": secret, "ClientRequestToken": version}
        answer = lambdas.invoke(FunctionName=function, Payload=json.dumps(event))
        if answer.get("FunctionError"):
            _log.error("%s of %s failed: %s", step, secret, answer["Payload"].read().decode())
            return


def _cancel(data: dict[str, Any]) -> Any:
    _, secret = secretsmanager._resolve(data.get("SecretId"))
    if not secret:
        return error_response_json("ResourceNotFoundException", "There is no such secret.", 400)
    secret["RotationEnabled"] = False
    return json_response({"ARN": secret["ARN"], "Name": secret["Name"]})
