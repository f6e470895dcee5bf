"""openapi.json as openapi-python-client should read it, on standard output.

That generator reads the first media type of an answer only, but some statuses come both from the service, as a problem,
and from API Gateway, in words of its own: here every media type has the schemas of all. It also makes a closed list of
an enum, so that a client would fail on a code that is newer than itself: here a code is any word.
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
del document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
json.dump(document, sys.stdout)
