"""The contents of terraform/, read as text, because these tests do not need Terraform."""

import re
from decimal import Decimal
from itertools import product

from tests.docs.documents import ROOT

_FILES = {path.stem: path.read_text() for path in (ROOT / "terraform").glob("*.tf")}
# The alarms of a country are described once, with the code of this one.
_COUNTRY = "pe"
_NAMED = re.compile(r"^ +([a-z]+(?:-[a-z]+)+) += merge\(local\.(?:database_)?usual, \{", re.MULTILINE)
_FOR_EACH = re.compile(
    r'for (?:key|name)(?:, \w+)? in ([\w.]+|\[[^\]]*\]) : "((?:country-)?)\$\{(?:key|name|replace\(key, "_", "-"\))\}'
    r'(-[a-z-]+)" => merge\(local\.(?:database_)?usual, \{'
)
_RESOURCE = re.compile(r'^resource "aws_cloudwatch_(?:metric|composite)_alarm" "(\w+)"', re.MULTILINE)


def _keys(file: str, name: str) -> list[str]:
    """Returns the keys of a map, each at the beginning of a line."""
    opening = rf"^( *){name} += (?:merge\(\n( *))?\{{\n"
    block = re.search(rf"{opening}(.*?)^(?(2)\2|\1)\}}", _FILES[file], re.DOTALL | re.MULTILINE)
    assert block is not None, name
    return re.findall(rf"^{block[2] or block[1]}  \"?([\w.-]+)\"? += ", block[3], re.MULTILINE)


def alarms() -> set[str]:
    """Returns the names of all alarms that send mail, without the environment's prefix."""
    text = _FILES["observability"]
    assert _RESOURCE.findall("".join(_FILES.values())) == ["window", "burn", "main", "refusals"], (
        "another kind of alarm"
    )
    named, templates = _NAMED.findall(text), _FOR_EACH.findall(text)
    assert text.count("usual, {") == len(named) + len(templates) + 3, "an alarm that is written in another way"
    queues = {"failed", *(f"{name}-dead" for name in consumers())}
    found = {*named, "refusals", *(f"queue-{name}" for name in queues)}
    found |= {f"queue-{name}-age" for name in queues | set(consumers())}
    found |= {f"{indicator}-{rate}" for indicator, rate in product(_keys("observability", "indicators"), _burn_rates())}
    for keys, beginning, ending in templates:
        listed = re.findall(r'"(\w+)"', keys) or _listed(keys)
        found |= {f"{beginning}{key.replace('_', '-')}{ending}" for key in listed}
    return found


def _listed(keys: str) -> list[str]:
    """Returns the keys of what an alarm is made for each of."""
    match keys:
        case "local.functions":
            return [*_keys("functions", "functions"), "registration", f"country_{_COUNTRY}", f"migrate_{_COUNTRY}"]
        case "local.instances":
            return ["database", f"register_{_COUNTRY}"]
        case "module.country_processor":
            return [_COUNTRY]
    raise AssertionError(f"an alarm for each of {keys}")


def _burn_rates() -> list[str]:
    return _keys("observability", "burn_rates")


def consumers() -> list[str]:
    """Returns the queues that the stack itself makes."""
    own = re.search(r"^  consumers = merge\(\n(.*?)^  \)$", _FILES["events"], re.DOTALL | re.MULTILINE)
    assert own is not None
    return [*re.findall(r"^      ([\w-]+) = \{", own[1], re.MULTILINE), f"country-{_COUNTRY}"]


def route_shares() -> dict[str, Decimal]:
    """Returns the part of the stage's limit that each route with a limit of its own may use."""
    block = re.search(r"^  route_shares = \{\n(.*?)^  \}", _FILES["api"], re.DOTALL | re.MULTILINE)
    assert block is not None
    return {key: Decimal(share) for key, share in re.findall(r'^ +"(.+)" += ([\d.]+)$', block[1], re.MULTILINE)}


def rate_of_prod() -> Decimal:
    text = (ROOT / "terraform" / "environments" / "prod.tfvars").read_text()
    rate = re.search(r"^throttling += \{ rate = (\d+),", text, re.MULTILINE)
    assert rate is not None
    return Decimal(rate[1])


def outputs() -> set[str]:
    """Returns the outputs of the stack and of the bucket for its state."""
    bootstrap = (ROOT / "terraform" / "bootstrap" / "main.tf").read_text()
    return set(re.findall(r'^output "(\w+)"', _FILES["outputs"] + bootstrap, re.MULTILINE))


def variables() -> set[str]:
    return set(re.findall(r'^variable "(\w+)"', _FILES["variables"], re.MULTILINE))


def memory_gib() -> dict[str, int]:
    """Returns the memory of each class of instances."""
    classes = re.findall(r'^ +"(db\.[\w.]+)" += (\d+)$', _FILES["database"], re.MULTILINE)
    return {name: int(gib) for name, gib in classes}


def connections_beside_the_api() -> int:
    """Returns the connections that the other functions may hold and those that are kept back."""
    return _connected() + numbers("spare_connections", "functions")


def concurrency_beside_the_api() -> int:
    """Returns how many executions are reserved for the other functions together."""
    return _connected() + numbers("unconnected_concurrency", "functions")


def _connected() -> int:
    return numbers("application_concurrency", "functions") + numbers("direct_concurrency", "functions")


def numbers(name: str, file: str) -> int:
    """Returns the sum of the numbers in a line of a file, or of several lines if there are as many of that name."""
    lines = re.findall(rf"^ +{name} += (.*)$", _FILES[file], re.MULTILINE)
    assert lines, name
    return sum(int(number) for line in lines for number in re.findall(r"\d+", line))
