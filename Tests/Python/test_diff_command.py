"""`verdict diff`: documents, snapshots and control directories against each other."""

import json

import pytest

from sidecar import ROOT, publish, verdict

ACME = ROOT / "examples/acme/acme.yaml"


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    """The example in three forms, and the same with a grant more."""
    folder = tmp_path_factory.mktemp("diff")
    text = ACME.read_text()
    documents = {"old": ACME, "new": folder / "new.yaml"}
    documents["new"].write_text(text.replace("{edit: [S1, S2],", "{edit: [S1, S3],"))
    forms = {}
    for name, document in documents.items():
        verdict("compile", document, "-o", folder / f"{name}.snapshot")
        publish(folder / f"{name}-control", document)
        forms[name] = [document, folder / f"{name}.snapshot", folder / f"{name}-control"]
    return forms


def test_the_three_forms_of_the_same_are_no_difference(sides):
    for first in sides["old"]:
        for second in sides["old"]:
            done = verdict("diff", first, second)
            assert done.stdout == "" and done.stderr == ""
    assert json.loads(verdict("diff", "--json", ACME, ACME).stdout) == {"organizations": []}


def test_a_difference_is_told_alike_in_every_form(sides):
    outputs = set()
    for first in sides["old"]:
        for second in sides["new"]:
            done = verdict("diff", first, second, check=False)
            assert done.returncode == 1
            outputs.add(done.stdout)
    assert outputs == {
        "organization acme\n"
        "  user:mia\n"
        "    in prod\n"
        "      + edit on event_stream_source: S3\n"
        "      - edit on event_stream_source: S2\n"
    }


def test_json_has_all_of_it(sides):
    done = verdict("diff", "--json", sides["old"][0], sides["new"][1], check=False)
    assert done.returncode == 1
    (organization,) = json.loads(done.stdout)["organizations"]
    assert organization["organization"] == "acme" and organization["facts"] == []
    changes = organization["principals"][0]["workspaces"][0]["changes"]
    assert changes == [
        {"change": "gains", "right": "edit", "type": "event_stream_source", "ids": ["S3"]},
        {"change": "loses", "right": "edit", "type": "event_stream_source", "ids": ["S2"]},
    ]


def test_what_cannot_be_compared_exits_64(tmp_path, sides):
    bad = tmp_path / "bad.yaml"
    bad.write_text("apiVersion: verdict/v2\n")
    for other in (tmp_path / "none", bad):
        done = verdict("diff", ACME, other, check=False)
        assert done.returncode == 64 and done.stdout == "" and "error: " in done.stderr
    torn = tmp_path / "torn.snapshot"
    torn.write_bytes(sides["old"][1].read_bytes()[:-1])
    assert verdict("diff", torn, ACME, check=False).returncode == 64
    assert verdict("diff", ACME, check=False).returncode == 64
