"""Prints openapi.json in a form that suits openapi-python-client.

That generator reads only the first media type of an answer, but some statuses come both from the service, as a problem,
and from API Gateway, in its own format. Here every media type has the schemas of all. The generator also turns an enum
into a closed list, so that a client would fail on a code that is newer than itself. Here a code is any string.
"""

import json
import sys
from pathlib import Path
from typing import Any


def join_media_types(responses: dict[str, Any]) -> None:
    for response in responses.values():
        content = response.get("content", {})
        schemas = [media["schema"] for media in content.values()]
        if len(schemas) > 1:
            for media in content.values():
                media["schema"] = {"anyOf": schemas}


document = json.loads(Path(sys.argv[1]).read_text())
join_media_types(document["components"]["responses"])
for path in document["paths"].values():
    for operation in path.values():
        join_media_types(operation["responses"])
for name in ("Problem", "OutcomeCoding"):
    del document["components"]["schemas"][name]["properties"]["code"]["enum"]
json.dump(document, sys.stdout)
