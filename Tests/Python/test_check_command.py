"""`verdict check`: four sources, the same lines; exit statuses; batches."""

import json

import pytest

from sidecar import ROOT, Sidecar, publish, verdict
from world import MIA

ACME = ROOT / "examples/acme"
WORKED = ACME / "worked-example.checks.jsonl"
EXPECTED = ACME / "worked-example.expected.jsonl"


@pytest.fixture(scope="module")
def sources(tmp_path_factory, acme, acme_document):
    """Flags of the four sources, all of the same policies."""
    directory = tmp_path_factory.mktemp("sources")
    verdict("compile", acme_document, "--output", directory / "acme.snapshot")
    return [
        ["--policy", acme_document],
        ["--snapshot", directory / "acme.snapshot"],
        ["--control", acme.control],
        ["--server", acme.tcp],
        ["--server", acme.unix],
    ]


def lines(source, batch):
    return verdict("check", *source, "--batch", "-", stdin=batch).stdout.splitlines()


def flags(**check):
    return [text for name, value in check.items() for text in (f"--{name}", value)]


SINGLE = [
    (
        flags(principal=MIA, workspace="prod", action="edit", resource="event_stream_source/S1"),
        0,
        "allow",
        "granted",
    ),
    (
        flags(principal=MIA, workspace="prod", action="edit", resource="event_stream_source/S3"),
        2,
        "deny",
        "resource_not_in_scope",
    ),
    (
        flags(
            principal=MIA,
            workspace="prod",
            action="connect",
            resource="event_stream_source/S1",
            target="destination/D2",
        ),
        0,
        "allow",
        "granted",
    ),
    (
        flags(principal=MIA, workspace="prod", action="fly", resource="destination/D1"),
        3,
        "indeterminate",
        "unknown_action",
    ),
    (
        flags(principal=MIA, workspace="prod", action="view", organization="umbrella"),
        3,
        "indeterminate",
        "unknown_organization",
    ),
]


@pytest.mark.parametrize("case", SINGLE, ids=lambda case: case[3])
def test_one_check_exits_by_its_effect(sources, case):
    arguments, status, effect, reason = case
    outputs = set()
    for source in sources:
        done = verdict("check", *source, *arguments, check=False)
        assert done.returncode == status, (source, done.stderr)
        outputs.add(done.stdout)
    assert len(outputs) == 1
    text = outputs.pop()
    assert effect in text.lower() and reason in text


def test_wrong_usage_exits_64_and_trouble_exits_1(tmp_path, sources):
    check = flags(principal=MIA, workspace="prod", action="view")
    assert verdict("check", *check, check=False).returncode == 64
    assert verdict("check", *sources[0], *sources[1], *check, check=False).returncode == 64
    assert verdict("check", *sources[0], check=False).returncode == 64
    assert verdict("check", "--colour", "blue", check=False).returncode == 64
    for source in (
        ["--policy", tmp_path / "none.yaml"],
        ["--snapshot", tmp_path / "none"],
        ["--control", tmp_path / "none"],
        ["--server", f"unix:{tmp_path}/none"],
        ["--server", "127.0.0.1:1"],
    ):
        done = verdict("check", *source, *check, check=False)
        assert done.returncode == 1, source
        assert done.stdout == "" and len(done.stderr.splitlines()) == 1, done.stderr


def test_all_sources_give_the_same_lines(sources):
    base = {"organization": "acme", "principal": f"user:{MIA}", "workspace": "prod"}
    batch = [
        {**base, "action": "edit", "resource": "event_stream_source/S1"},
        {
            **base,
            "action": "connect",
            "resource": "event_stream_source/S1",
            "target": "destination/D3",
        },
        {**base, "action": "create", "resource": "destination"},
        {**base, "action": "bot_management"},
        {**base, "action": "edit", "resource": "destination/D1", "principal": "nobody"},
        {**base, "action": "edit", "resource": "destination/" + "x" * 300},
        {**base, "action": "edit", "resource": 'destination/caf\u0065\u0301 \u2603 "quoted"\t'},
        {"principal": MIA, "workspace": "prod", "action": "view"},
        {"principal": MIA, "action": "members.invite"},
        {
            "principal": "adam@acme.example",
            "action": "members.remove",
            "target": "user:olga@acme.example",
        },
    ]
    text = "".join(json.dumps(one) + "\n" for one in batch) + "not json\n" + '{"action": 5}\n'
    answers = [lines(source, text) for source in sources]
    assert all(answer == answers[0] for answer in answers)
    got = [json.loads(line) for line in answers[0]]
    assert [one["reason"] for one in got] == [
        "granted",
        "resource_not_in_scope",
        "missing_permission",
        "missing_permission",
        "unknown_principal",
        "invalid_id",
        "resource_not_in_scope",
        "view_floor",
        "admin_only",
        "owner_protected",
        "bad_request",
        "bad_request",
    ]
    assert got[1] == {
        "effect": "deny",
        "reason": "resource_not_in_scope",
        "permission": "edit",
        "operand": "target",
        "message": got[1]["message"],
    }
    assert "D3" in got[1]["message"]
    assert got[-2]["effect"] == "indeterminate" and "11" in got[-2]["message"]
    assert "12" in got[-1]["message"]


def test_a_batch_larger_than_one_request_is_answered_in_order(sources):
    kinds = ["event_stream_source/S1", "event_stream_source/S3"]
    batch = "".join(
        json.dumps(
            {"principal": MIA, "workspace": "prod", "action": "edit", "resource": kinds[i % 2]}
        )
        + "\n"
        for i in range(25_001)
    )
    for source in (sources[0], sources[3]):
        got = lines(source, batch)
        assert len(got) == 25_001
        assert len(set(got)) == 2
        assert all(got[i] == got[i % 2] for i in range(25_001))


def test_the_worked_example_agrees_through_all_sources(tmp_path):
    """The contract's table as checks, and its answers without their texts."""
    expected = [json.loads(line) for line in EXPECTED.read_text().splitlines()]
    publish(tmp_path / "control", ACME)
    with Sidecar(tmp_path / "run", "--control", tmp_path / "control") as sidecar:
        sources = [
            ["--policy", ACME],
            ["--control", tmp_path / "control"],
            ["--server", sidecar.tcp],
            ["--server", sidecar.unix],
        ]
        answers = [verdict("check", *source, "--batch", WORKED).stdout for source in sources]
    assert len(set(answers)) == 1
    got = [json.loads(line) for line in answers[0].splitlines()]
    assert all(one.pop("message").endswith(".") for one in got)
    assert got == expected and len(got) > 40
