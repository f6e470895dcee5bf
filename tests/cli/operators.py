"""The command line on the database of a test, and practice files made from the demo's."""

import copy
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from dev import demo
from lambda_function.cli.command import Tools
from lambda_function.cli.program import main
from lambda_function.cli.yaml_file import YamlFile
from lambda_function.db.unit_of_work import Database


def demo_document() -> Any:
    """Returns the content of the demo file, for a test to change."""
    return copy.deepcopy(YamlFile(demo.FILE).data)


class Operators:
    """Runs commands. `folder` is where the test's files are written."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._tools = Tools(database=lambda: database)
        self._file = folder / "practice.yaml"

    def run(self, *arguments: str) -> Result:
        result = CliRunner().invoke(main, arguments, obj=self._tools)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def practice(self, action: str, document: Any, *options: str) -> Result:
        """Plans or applies a document, which is written as JSON, a subset of YAML."""
        self._file.write_text(json.dumps(document))
        return self.run("practice", action, str(self._file), *options)

    def plan(self, document: Any) -> Any:
        return json.loads(self.practice("plan", document, "--json").stdout)

    def changes(self, document: Any) -> dict[str, dict[str, tuple[Any, Any]]]:
        """Returns (old, new) by field, by kind and name."""
        return {
            f"{change['kind']} {change['name']}": {
                field: (values["old"], values["new"]) for field, values in change["fields"].items()
            }
            for change in self.plan(document)["changes"]
        }
