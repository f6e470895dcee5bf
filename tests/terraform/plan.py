"""A Terraform plan in a form that the rules can read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Resource:
    """A resource of the plan. `unknown` mirrors `values`, with true for everything that only an apply determines."""

    address: str
    type: str
    key: str
    values: Mapping[str, Any]
    unknown: Mapping[str, Any]

    def given(self, name: str) -> bool:
        """Returns whether the attribute gets a value, now or at the apply."""
        return bool(self.values.get(name)) or bool(self.unknown.get(name))

    def block(self, name: str) -> Mapping[str, Any]:
        """Returns the only block with this name, which is empty if there is none."""
        blocks = self.values.get(name) or [{}]
        assert len(blocks) == 1, f"{self.address} has {len(blocks)} blocks {name}"
        return dict(blocks[0])


def entrypoint(function: Resource) -> str:
    """Returns the name of the module of a function's handler."""
    return str(function.values["handler"]).split(".")[-2]


class Condition(NamedTuple):
    test: str
    values: frozenset[str]


@dataclass(frozen=True)
class Statement:
    """A statement of a policy. Its conditions have the names of their keys."""

    document: str
    sid: str
    allows: bool
    actions: frozenset[str]
    resources: frozenset[str]
    principals: frozenset[str]
    conditions: Mapping[str, Condition]

    @property
    def name(self) -> str:
        return f"{self.document}: {self.sid}"


class Plan:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._variables = document["variables"]
        self.configuration = document["configuration"]
        self.outputs = document["planned_values"]["outputs"]
        changes = document["resource_changes"]
        self._resources = [_resource(change) for change in changes if change["mode"] == "managed"]
        # Documents that contain something unknown are read at the apply; all others have already been read.
        later = [(change["address"], change["change"]["after"]) for change in changes if change["mode"] == "data"]
        already = _data(document.get("prior_state", {}).get("values", {}).get("root_module", {}))
        self.statements = [
            statement
            for address, values in [*later, *already]
            if ".aws_iam_policy_document." in f".{address}"
            for statement in _statements(address, values)
        ]

    def all(self, *types: str) -> list[Resource]:
        """Returns the resources of a type, at least one, because a rule about nothing would hold for any plan."""
        found = self.some(*types)
        assert found, f"the plan has no {' and no '.join(types)}"
        return found

    def some(self, *types: str) -> list[Resource]:
        """Returns the resources of a type, or none, for what an environment may do without."""
        return [resource for resource in self._resources if resource.type in types]

    def named(self, address: str) -> Resource:
        found = [resource for resource in self._resources if resource.address == address]
        assert found, f"the plan has no {address}"
        return found[0]

    @property
    def environment(self) -> str:
        return str(self.choice("environment"))

    def choice(self, variable: str) -> Any:
        """Returns the value of a variable of the stack."""
        return self._variables[variable].get("value")

    def functions(self) -> dict[str, Resource]:
        """Returns the Lambda functions by the name of their module in Terraform, with its key where it has several."""
        return {function.address.split(".")[1]: function for function in self.all("aws_lambda_function")}

    @property
    def everything(self) -> list[Resource]:
        return self._resources


def _resource(change: Mapping[str, Any]) -> Resource:
    return Resource(
        address=change["address"],
        type=change["type"],
        key=str(change.get("index", "")),
        values=change["change"]["after"],
        unknown=change["change"]["after_unknown"],
    )


def _data(module: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in module.get("resources", []):
        yield resource["address"], resource["values"]
    for child in module.get("child_modules", []):
        yield from _data(child)


def _statements(address: str, values: Mapping[str, Any]) -> Iterator[Statement]:
    for given in values.get("statement") or []:
        yield Statement(
            document=address,
            sid=given.get("sid") or "",
            allows=given.get("effect") in (None, "Allow"),
            actions=frozenset(given.get("actions") or ()),
            # Unknown references are left out. Constants are known.
            resources=frozenset(item for item in given.get("resources") or () if item),
            principals=frozenset(
                name for principal in given.get("principals") or () for name in principal.get("identifiers") or ()
            ),
            conditions={
                condition["variable"]: Condition(condition["test"], frozenset(condition["values"]))
                for condition in given.get("condition") or ()
            },
        )


def parsed(text: str | None) -> Any:
    return json.loads(text) if text else None
