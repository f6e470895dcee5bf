"""CodeDeploy for Lambda, which MiniStack does not have: applications, groups, and deployments that shift an alias.

A deployment calls the hook BeforeAllowTraffic, if there is one, and waits for its verdict; then it gives the new
version a tenth of the traffic and at once all of it. The minutes in between, and the alarms that are watched then, are
AWS's.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core import iam_actions, router
from ministack.core.responses import error_response_json, json_response, new_uuid

from dev.drill.emulated.clients import client

_applications: dict[str, dict[str, Any]] = {}
_groups: dict[tuple[str, str], dict[str, Any]] = {}
_deployments: dict[str, dict[str, Any]] = {}
_verdicts: dict[str, str] = {}  # of hooks, by the id of their execution
_CANARY = 0.1
_log = logging.getLogger("drill.codedeploy")


def mend() -> None:
    router.SERVICE_PATTERNS["codedeploy"] = {
        "target_prefixes": ["CodeDeploy_20141006"],
        "host_patterns": [r"codedeploy\."],
        "credential_scope": "codedeploy",
    }
    iam_actions.SERVICE_TO_IAM_NAMESPACE["codedeploy"] = "codedeploy"
    app.SERVICE_HANDLERS["codedeploy"] = _handle
    resource = iam_actions.extract_resource_arn

    def resource_of(service: str, *request: Any) -> Any:
        return _resource(*request[3:]) if service == "codedeploy" else resource(service, *request)

    iam_actions.extract_resource_arn = resource_of


def _resource(body: bytes, query: Any, region: str, account: str) -> str:
    """What policies have to name for a call: the application, or its group where the call is about a deployment."""
    given = json.loads(body or b"{}")
    given = _deployments.get(given.get("deploymentId"), given)
    if "deploymentGroupName" in given:
        kind, name = "deploymentgroup", f"{given['applicationName']}/{given['deploymentGroupName']}"
    else:
        kind, name = "application", given.get("applicationName", "*")
    return f"arn:aws:codedeploy:{region}:{account}:{kind}:{name}"


class _RefusedError(Exception):
    """The answer is an error; the first argument is its code."""


async def _handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
    operation = _OPERATIONS.get(headers.get("x-amz-target", "").rpartition(".")[2], _unknown)
    try:
        # In a thread, since a deployment calls the emulator, which must be free to answer.
        return json_response(await asyncio.to_thread(operation, json.loads(body or b"{}")))
    except _RefusedError as error:
        return error_response_json(str(error), "Refused by the drill's CodeDeploy.", 400)


def _unknown(given: dict[str, Any]) -> dict[str, Any]:
    raise _RefusedError("InvalidOperationException")


def _create_application(given: dict[str, Any]) -> dict[str, Any]:
    name = given["applicationName"]
    _applications[name] = {
        "applicationName": name,
        "applicationId": new_uuid(),
        "computePlatform": given["computePlatform"],
    }
    return {"applicationId": _applications[name]["applicationId"]}


def _get_application(given: dict[str, Any]) -> dict[str, Any]:
    if given["applicationName"] not in _applications:
        raise _RefusedError("ApplicationDoesNotExistException")
    return {"application": _applications[given["applicationName"]]}


def _delete_application(given: dict[str, Any]) -> dict[str, Any]:
    _applications.pop(given["applicationName"], None)
    return {}


def _key(given: dict[str, Any]) -> tuple[str, str]:
    return given["applicationName"], given.get("currentDeploymentGroupName") or given["deploymentGroupName"]


def _create_group(given: dict[str, Any]) -> dict[str, Any]:
    _groups[_key(given)] = {**given, "deploymentGroupId": new_uuid(), "computePlatform": "Lambda"}
    return {"deploymentGroupId": _groups[_key(given)]["deploymentGroupId"]}


def _get_group(given: dict[str, Any]) -> dict[str, Any]:
    if _key(given) not in _groups:
        raise _RefusedError("DeploymentGroupDoesNotExistException")
    return {"deploymentGroupInfo": _groups[_key(given)]}


def _update_group(given: dict[str, Any]) -> dict[str, Any]:
    _get_group(given)["deploymentGroupInfo"].update(given)
    return {"hooksNotCleanedUp": []}


def _delete_group(given: dict[str, Any]) -> dict[str, Any]:
    _groups.pop(_key(given), None)
    return {"hooksNotCleanedUp": []}


def _create_deployment(given: dict[str, Any]) -> dict[str, Any]:
    """Answers when the deployment is over, since the AWS CLI waits for a quarter of a minute between two questions."""
    _get_group(given)
    deployment = {**given, "deploymentId": f"d-{new_uuid()[:8].upper()}", "status": "InProgress"}
    _deployments[deployment["deploymentId"]] = deployment
    _shift(deployment)
    return {"deploymentId": deployment["deploymentId"]}


def _get_deployment(given: dict[str, Any]) -> dict[str, Any]:
    if given["deploymentId"] not in _deployments:
        raise _RefusedError("DeploymentDoesNotExistException")
    return {"deploymentInfo": _deployments[given["deploymentId"]]}


def _list_deployments(given: dict[str, Any]) -> dict[str, Any]:
    return {"deployments": [name for name, each in _deployments.items() if _key(each) == _key(given)]}


def _stop_deployment(given: dict[str, Any]) -> dict[str, Any]:
    deployment = _get_deployment(given)["deploymentInfo"]
    if deployment["status"] != "InProgress":
        raise _RefusedError("DeploymentAlreadyCompletedException")
    deployment["status"] = "Stopped"
    return {"status": "Pending"}


def _put_verdict(given: dict[str, Any]) -> dict[str, Any]:
    _verdicts[given["lifecycleEventHookExecutionId"]] = given["status"]
    return {"lifecycleEventHookExecutionId": given["lifecycleEventHookExecutionId"]}


def _shift(deployment: dict[str, Any]) -> None:
    specification = json.loads(deployment["revision"]["appSpecContent"]["content"])
    for hook in specification.get("Hooks", []):
        if "BeforeAllowTraffic" in hook and not _allows(deployment, hook["BeforeAllowTraffic"]):
            _log.error("%s was refused by its hook.", deployment["deploymentId"])
            deployment["status"] = "Failed"
            return
    wanted = next(iter(specification["Resources"][0].values()))["Properties"]
    alias = {"FunctionName": wanted["Name"], "Name": wanted["Alias"]}
    lambdas = client("lambda")
    old, new = wanted["CurrentVersion"], wanted["TargetVersion"]
    if lambdas.get_alias(**alias)["FunctionVersion"] != old:
        _log.error("%s does not begin at the version that serves.", deployment["deploymentId"])
        deployment["status"] = "Failed"
        return
    lambdas.update_alias(**alias, RoutingConfig={"AdditionalVersionWeights": {new: _CANARY}})
    if deployment["status"] == "InProgress":
        lambdas.update_alias(**alias, FunctionVersion=new, RoutingConfig={"AdditionalVersionWeights": {}})
        deployment["status"] = "Succeeded"
    else:
        lambdas.update_alias(**alias, FunctionVersion=old, RoutingConfig={"AdditionalVersionWeights": {}})


def _allows(deployment: dict[str, Any], function: str) -> bool:
    execution = new_uuid()
    event = {"DeploymentId": deployment["deploymentId"], "LifecycleEventHookExecutionId": execution}
    client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    return _verdicts.get(execution) == "Succeeded"


_OPERATIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "CreateApplication": _create_application,
    "GetApplication": _get_application,
    "DeleteApplication": _delete_application,
    "CreateDeploymentGroup": _create_group,
    "GetDeploymentGroup": _get_group,
    "UpdateDeploymentGroup": _update_group,
    "DeleteDeploymentGroup": _delete_group,
    "CreateDeployment": _create_deployment,
    "GetDeployment": _get_deployment,
    "ListDeployments": _list_deployments,
    "StopDeployment": _stop_deployment,
    "PutLifecycleEventHookExecutionStatus": _put_verdict,
    "ListTagsForResource": lambda _: {"Tags": []},
    "TagResource": lambda _: {},
    "UntagResource": lambda _: {},
}
