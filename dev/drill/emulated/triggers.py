"""Cognito: the function that it calls when somebody has confirmed an account, which MiniStack leaves out."""

import asyncio
import json
from typing import Any

from ministack.services import cognito

from dev.drill.emulated.clients import client

_ACTION = "AdminConfirmSignUp"
_EVENT = {
    "version": "1",
    "triggerSource": "PostConfirmation_ConfirmSignUp",
    "callerContext": {"awsSdkVersion": "drill", "clientId": "drill"},
    "response": {},
}


def mend() -> None:
    handle = cognito.handle_request

    async def handle_and_tell(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        answer = await handle(method, path, headers, body, query)
        if headers.get("x-amz-target", "").endswith(f".{_ACTION}") and answer[0] == 200:
            await asyncio.to_thread(_tell, json.loads(body))  # the function calls the emulator, which must be free
        return answer

    cognito.handle_request = handle_and_tell


def _tell(confirmed: dict[str, str]) -> None:
    accounts, pool_id = client("cognito-idp"), confirmed["UserPoolId"]
    pool = accounts.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    user = accounts.admin_get_user(UserPoolId=pool_id, Username=confirmed["Username"])
    event = {
        **_EVENT,
        "userPoolId": pool_id,
        "userName": user["Username"],
        "request": {"userAttributes": {each["Name"]: each["Value"] for each in user["UserAttributes"]}},
    }
    client("lambda").invoke(FunctionName=pool["LambdaConfig"]["PostConfirmation"], Payload=json.dumps(event))
