"""The benchmarks run, tiny, so that they cannot rot; counts are gated, times are not."""

import json
import subprocess
import sys

import pytest

from sidecar import ROOT

# All but the rival, which needs a library that nothing else does.
ONLY = ["--only", "unary", "batches", "pages", "counts", "process"]


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    results = tmp_path_factory.mktemp("bench") / "results.json"
    done = subprocess.run(
        [sys.executable, ROOT / "Tests/Benchmarks/bench.py", "--quick", "--json", results, *ONLY],
        text=True,
        capture_output=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {one["name"]: one for one in json.loads(results.read_text())}


def test_every_figure_is_there(figures):
    names = " ".join(figures)
    for word in (
        "TCP -c1 -m1",
        "Unix -c16 -m32",
        "batches of 1,000",
        "pages",
        "in process",
        "instructions per unary call",
    ):
        assert word in names
    assert all(one["value"] >= 0 for one in figures.values())


def test_our_own_code_allocates_nothing_per_unary_call(figures):
    assert figures["heap allocations of our own per unary call"]["value"] == 0


def test_a_unary_call_costs_the_floors_system_calls(figures):
    """A wait, a read, a write; the rest is a look at the control directory by the clock."""
    one = figures["system calls per unary call, one at a time"]
    assert one["value"] <= one["floor"] + 0.25


def test_a_busy_server_makes_few_system_calls(figures):
    assert figures["system calls per unary call, -c16 -m32"]["value"] <= 0.1


@pytest.mark.parametrize("what", ["instructions", "system calls"])
def test_two_loops_cost_what_one_costs(figures, what):
    one = "" if what == "instructions" else ", one at a time"
    alone = figures[f"{what} per unary call{one}"]["value"]
    assert figures[f"{what} per unary call, two loops"]["value"] <= 1.1 * alone


@pytest.fixture(scope="module")
def log_figures(tmp_path_factory):
    results = tmp_path_factory.mktemp("logs") / "results.json"
    done = subprocess.run(
        [sys.executable, ROOT / "Tests/Benchmarks/logs.py", "--quick", "--json", results],
        text=True,
        capture_output=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(results.read_text())


@pytest.mark.alone
@pytest.mark.parametrize("mode", ["no log", "default log", "every decision"])
def test_the_decision_log_allocates_nothing_per_call(log_figures, mode):
    """Its writer allocates a little each second, whatever happens."""
    assert log_figures[f"{mode}: heap allocations of our own per call"]["value"] < 0.01


@pytest.mark.alone
@pytest.mark.parametrize(("mode", "most"), [("default log", 1_000), ("every decision", 6_000)])
def test_the_decision_log_costs_few_instructions(log_figures, mode, most):
    """Loop and writer together, the writer's idle wakings included."""
    found = [log_figures[f"{one}: instructions per call"]["value"] for one in ("no log", mode)]
    assert found[1] - found[0] <= most


@pytest.mark.alone
def test_the_decision_log_drops_nothing_at_full_speed(log_figures):
    assert log_figures["every decision: records"]["value"] == 2_048
    assert log_figures["every decision: records dropped"]["value"] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["swaps.py", "--quick"],
        ["shadow.py", "--quick"],
        ["fairness.py", "--quick"],
        ["soak.py", "--seconds", "5"],
    ],
    ids=["swaps", "shadow", "fairness", "soak"],
)
def test_the_longer_measurements_run(arguments):
    """No call fails in them either; what they judge by time is for a quiet machine."""
    done = subprocess.run(
        [sys.executable, ROOT / "Tests/Benchmarks" / arguments[0], *arguments[1:]],
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_unary_call_costs_few_instructions_more_than_the_floor(figures):
    assert figures["instructions per unary call"]["ratio"] <= 1.6


def test_a_plain_edit_costs_few_instructions(figures):
    """From id bytes, the workspace looked up before, and of these what comes after the look-ups."""
    assert figures["in process: edit without walk"]["value"] <= 300
    assert figures["in process: edit without lookups"]["value"] <= 100
