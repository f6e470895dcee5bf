"""openapi.json for openapi-python-client, on standard output.

That generator reads the first media type of an answer only, but some statuses come both from the service, as a problem,
and from API Gateway, in words of its own: here every media type has the schemas of all.
"""

import json
import sys
from pathlib import Path
from typing import Any


def join(responses: dict[str, Any]) -> None:
    for response in responses.values():
        content = response.get("content", {})
        schemas = [media["schema"] for media in content.values() if "schema" in media]
        if len(schemas) > 1:
            for media in content.values():
                media["schema"] = {"anyOf": schemas}


document = json.loads(Path(sys.argv[1]).read_text())
join(document["components"]["responses"])
for path in document["paths"].values():
    for operation in path.values():
        join(operation["responses"])
json.dump(document, sys.stdout)
