"""RDS: instances of MySQL are the drill's own servers (dev/drill/databases.py), with restores, renaming and the secret
of the master, none of which MiniStack has.

DRILL_STATE/servers.json lists the servers, {"address", "port", "url"} each, and an instance takes the first that is
free. DRILL_STATE/names.json says which name leads where; functions ask it instead of Route 53.
"""

import copy
import json
import os
import secrets
import subprocess
from pathlib import Path
from typing import Any

from ministack.services import rds, secretsmanager

_STATE = Path(os.environ["DRILL_STATE"])
_SERVERS = json.loads((_STATE / "servers.json").read_text())
_taken: dict[str, int] = {}  # which server an instance has


def mend() -> None:
    actions = rds._ACTION_MAP
    create, modify, delete = (actions[f"{verb}DBInstance"] for verb in ("Create", "Modify", "Delete"))
    describe = rds._instance_xml
    rds._get_docker = lambda: None
    rds._instance_xml = lambda instance: describe(instance) + _secret_xml(instance)
    actions["CreateDBInstance"] = lambda given: _create(given, create)
    actions["ModifyDBInstance"] = lambda given: _modify(given, modify)
    actions["DeleteDBInstance"] = lambda given: _delete(given, delete)
    actions["RestoreDBInstanceToPointInTime"] = _restore


def _given(given: Any, name: str) -> str:
    return rds._p(given, name) or ""


def _instance(given: Any, name: str = "DBInstanceIdentifier") -> Any:
    return rds._instances.get(_given(given, name))


def _answer(action: str, instance: Any) -> Any:
    return rds._single_instance_response(f"{action}Response", f"{action}Result", instance)


def _create(given: Any, create: Any) -> Any:
    answer = create(given)
    instance = _instance(given)
    if answer[0] == 200:
        _place(instance)
        if _given(given, "ManageMasterUserPassword") == "true":
            _manage_master(instance, _given(given, "MasterUserSecretKmsKeyId"))
        _on_server(instance, "create-database", database=_given(given, "DBName"))
    return _answer("CreateDBInstance", instance) if answer[0] == 200 else answer


def _restore(given: Any) -> Any:
    """Copies what the source holds now, whatever point in time is asked for."""
    source, target = _instance(given, "SourceDBInstanceIdentifier"), _given(given, "TargetDBInstanceIdentifier")
    if source is None or target in rds._instances:
        return rds._error("DBInstanceNotFound", "The source does not exist, or the target does.", 404)
    instance = copy.deepcopy(source)
    instance.pop("MasterUserSecret", None)
    instance |= {
        "DBInstanceIdentifier": target,
        "DBInstanceArn": source["DBInstanceArn"].rpartition(":")[0] + f":{target}",
        "DbiResourceId": f"db-{secrets.token_hex(10).upper()}",
        "DeletionProtection": _given(given, "DeletionProtection") == "true",
        "MultiAZ": _given(given, "MultiAZ") == "true",
    }
    rds._instances[target] = instance
    _place(instance)
    _on_server(instance, "copy", source=_SERVERS[_taken[source["DBInstanceIdentifier"]]]["url"])
    return _answer("RestoreDBInstanceToPointInTime", instance)


def _modify(given: Any, modify: Any) -> Any:
    answer = modify(given)
    instance = _instance(given)
    if answer[0] != 200:
        return answer
    if _given(given, "ManageMasterUserPassword") == "true" and "MasterUserSecret" not in instance:
        _manage_master(instance, _given(given, "MasterUserSecretKmsKeyId"))
    if _given(given, "RotateMasterUserPassword") == "true":
        _set_master_password(instance)
    if new := _given(given, "NewDBInstanceIdentifier"):
        _rename(instance, new)
    return _answer("ModifyDBInstance", instance)


def _rename(instance: Any, new: str) -> None:
    old = instance["DBInstanceIdentifier"]
    instance["DBInstanceIdentifier"] = new
    instance["DBInstanceArn"] = instance["DBInstanceArn"].rpartition(":")[0] + f":{new}"
    rds._instances[new] = rds._instances.pop(old)
    _taken[new] = _taken.pop(old)
    instance["Endpoint"]["Address"] = _address(new)
    _publish_names()


def _delete(given: Any, delete: Any) -> Any:
    instance = _instance(given)
    answer = delete(given)
    if answer[0] == 200:
        _on_server(instance, "clear")
        del _taken[instance["DBInstanceIdentifier"]]
        _publish_names()
        if secret := instance.get("MasterUserSecret"):
            secretsmanager._delete_secret({"SecretId": secret["SecretArn"], "ForceDeleteWithoutRecovery": True})
    return answer


def _place(instance: Any) -> None:
    """Gives the instance a server of its own, and a name like those of RDS."""
    name = instance["DBInstanceIdentifier"]
    free = [number for number in range(len(_SERVERS)) if number not in _taken.values()]
    if not free:
        raise LookupError("Each server of the drill already has an instance; dev/drill/databases.py says how many.")
    _taken[name] = free[0]
    instance["Endpoint"] = {"Address": _address(name), "Port": 3306, "HostedZoneId": "Z29XKXDKYMONMX"}
    instance["DBInstanceStatus"] = "available"
    _publish_names()


def _address(name: str) -> str:
    return f"{name}.drill.{os.environ['MINISTACK_REGION']}.rds.amazonaws.com"


def _publish_names() -> None:
    places = {_address(name): _SERVERS[number] for name, number in _taken.items()}
    names = {address: [server["address"], server["port"]] for address, server in places.items()}
    part = _STATE / "names.part"
    part.write_text(json.dumps(names))
    part.rename(_STATE / "names.json")


def _manage_master(instance: Any, key: str) -> None:
    """Makes the secret that belongs to RDS, and gives the master its password."""
    name = f"rds!{instance['DbiResourceId'].lower()}"
    made = secretsmanager._create_secret({"Name": name, "KmsKeyId": key, "SecretString": "{}"})
    arn = json.loads(made[2])["ARN"]
    instance["MasterUserSecret"] = {"SecretArn": arn, "SecretStatus": "active", "KmsKeyId": key}
    _set_master_password(instance)


def _set_master_password(instance: Any) -> None:
    login = {"username": instance["MasterUsername"], "password": secrets.token_urlsafe()}
    _on_server(instance, "set-master", **login)
    arn = instance["MasterUserSecret"]["SecretArn"]
    secretsmanager._put_secret_value({"SecretId": arn, "SecretString": json.dumps(login)})


def _secret_xml(instance: Any) -> str:
    secret = instance.get("MasterUserSecret")
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in (secret or {}).items())
    return f"<MasterUserSecret>{fields}</MasterUserSecret>" if secret else ""


def _on_server(instance: Any, action: str, **arguments: str) -> None:
    """Has the project's Python, which has a driver for MySQL, do something on the instance's server."""
    server = _SERVERS[_taken[instance["DBInstanceIdentifier"]]]["url"]
    command = [os.environ["DRILL_PYTHON"], "-m", "dev.drill.database_action", action]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    given = json.dumps({"server": server, **arguments})
    subprocess.run(command, input=given, text=True, check=True, env=environment)
