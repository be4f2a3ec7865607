"""What a Check of Envoy's costs, as far as it can be counted."""

import sys

import pytest

from sidecar import ROOT

sys.path.insert(0, str(ROOT / "Tests/Benchmarks"))

import gateway  # noqa: E402

INSTRUCTIONS_PER_TWO_MATCHES = 4_100


@pytest.mark.alone
def test_a_check_that_passes_allocates_nothing():
    own, counted = gateway.allocations(calls=200)
    assert own == 0, counted


def test_finding_one_of_ten_thousand_routes_costs_few_instructions(tmp_path):
    """With reading the path, and once more in a table of ten: 150 and 126 ns where this was set."""
    count = gateway.instructions_per_match(tmp_path)
    assert count <= INSTRUCTIONS_PER_TWO_MATCHES, count
