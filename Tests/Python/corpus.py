"""The conformance corpus, read for the tests of the real binary."""

import pathlib

import yaml

from sidecar import ROOT

DIRECTORY = ROOT / "Tests/Conformance"
CHECK = ("organization", "principal", "workspace", "action", "resource", "target")
ANSWER = {"effect": "expect", "reason": "reason", "permission": "permission", "operand": "operand"}


class Scenario:
    """One file: its documents, and its checks with the answers that stand beside them."""

    def __init__(self, path):
        self.name = path.stem
        # Every scalar as its text: `1e3` is an id.
        content = yaml.load(path.read_text(), Loader=yaml.BaseLoader)
        self.worlds = [DIRECTORY / name for name in content.get("policies", [])]
        self.document = content.get("document")
        defaults = content.get("defaults", {})
        rows = [{**defaults, **row} for row in content["checks"]]
        self.checks = [{key: row[key] for key in CHECK if key in row} for row in rows]
        self.expected = [
            {key: row[name] for key, name in ANSWER.items() if name in row} for row in rows
        ]

    def documents(self, directory):
        """Paths of the documents, of which the scenario's own is written into `directory`."""
        if self.document is None:
            return self.worlds
        path = pathlib.Path(directory) / "document.yaml"
        path.write_text(self.document)
        return [*self.worlds, path]


SCENARIOS = [Scenario(path) for path in sorted(DIRECTORY.glob("*.yaml"))]
