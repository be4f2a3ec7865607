"""The Grafana board asks for nothing that the server does not tell."""

import json
import re

import pytest
from sidecar import ROOT, publish

from decision_log import LoggedSidecar

BOARD = json.loads((ROOT / "examples/grafana/verdict.json").read_text())
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]


@pytest.fixture(scope="module")
def told(tmp_path_factory, acme_document):
    """The names of all samples, and each one's labels, of a server with everything on."""
    directory = tmp_path_factory.mktemp("grafana")
    publish(directory / "control", acme_document)
    with LoggedSidecar(directory, "--control", directory / "control") as sidecar:
        page = sidecar.metrics()
    found = {}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", page, re.MULTILINE):
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return found


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_metric_of_a_panel_is_told(panel, told):
    for target in panel["targets"]:
        names = re.findall(r"\bverdict_\w+", target["expr"])
        assert names and set(names) <= set(told), names
        # What it is split by is a label of all of them, or the scraper's.
        labels = {"instance", *set.intersection(*(told[name] for name in names))}
        by = re.search(r"by \(([^)]*)\)", target["expr"])
        assert set(by[1].split(", ") if by else []) <= labels
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= labels


def test_no_panel_lies_on_another_and_each_has_its_own_number():
    cells = [
        (x, y)
        for panel in BOARD["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) == 23
    numbers = [panel["id"] for panel in BOARD["panels"]]
    assert len(numbers) == len(set(numbers))


def test_it_says_what_was_not_tried():
    assert next(iter(BOARD)) == "description" and "Not tried" in BOARD["description"]
