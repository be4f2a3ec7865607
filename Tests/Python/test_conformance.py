"""The conformance corpus through the command line and through a live server."""

import json
import re

import pytest

from corpus import DIRECTORY, SCENARIOS
from sidecar import ROOT, Sidecar, publish, verdict


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_command_and_server_give_the_answers_of_the_corpus(tmp_path, scenario):
    documents = scenario.documents(tmp_path)
    batch = "".join(json.dumps(check) + "\n" for check in scenario.checks)

    def lines(*source):
        return verdict("check", *source, "--batch", "-", stdin=batch).stdout.splitlines()

    publish(tmp_path / "control", *documents)
    local = lines(*(word for path in documents for word in ("--policy", path)))
    with Sidecar(tmp_path / "run", "--control", tmp_path / "control") as sidecar:
        served = lines("--server", sidecar.unix)
        by_tcp = lines("--server", sidecar.tcp)
    # Whole lines, so messages too.
    assert served == by_tcp == local == lines("--control", tmp_path / "control")
    answers = [json.loads(line) for line in served]
    assert all(answer.pop("message") for answer in answers)
    for check, answer, expected in zip(scenario.checks, answers, scenario.expected, strict=True):
        assert answer == expected, check


def rows_of(text, sections):
    """The first two cells of every row of the tables in these sections, by section."""
    rows, section = [], None
    for line, after in zip(text.splitlines(), [*text.splitlines()[1:], ""]):
        if heading := re.match(r"##+ ([\d.]*\d)", line):
            section = heading.group(1)
        is_head = line.startswith("|---") or after.startswith("|---")
        if line.startswith("|") and section in sections and not is_head:
            cells = [cell.strip() for cell in line.split("|")[1:3]]
            rows.append((section, *cells))
    return rows


LISTED = ("2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "3", "5")


def test_every_row_of_the_contract_has_a_scenario_and_every_scenario_a_row():
    contract = rows_of((ROOT / "docs/domain.md").read_text(), LISTED)
    listed = rows_of((DIRECTORY / "README.md").read_text(), (*LISTED, "2.7"))
    rows = [(section, first) for section, first, _ in listed]
    assert rows[: len(contract)] == [(section, first) for section, first, _ in contract]
    assert len(contract) > 70
    linked = {name for _, _, cell in listed for name in re.findall(r"\]\((.*?)\.yaml\)", cell)}
    assert linked == {scenario.name for scenario in SCENARIOS}
    assert all("](" in cell for _, _, cell in listed)


def test_a_row_about_actions_is_checked_by_its_scenarios():
    """What a first cell names as an action is asked in the scenarios beside it."""
    asked = {
        scenario.name: {check["action"] for check in scenario.checks} for scenario in SCENARIOS
    }
    actions = set().union(*asked.values())
    compared = 0
    for section, first, cell in rows_of((DIRECTORY / "README.md").read_text(), LISTED):
        names = set(re.findall(r"`([a-z_.]+)`", first)) & actions
        if section in ("2.3", "2.4", "2.5") or section == "3" and names:
            there = set().union(*(asked[name] for name in re.findall(r"\[(.*?)\]", cell)))
            assert names <= there, (section, first)
            compared += len(names)
    assert compared > 50
