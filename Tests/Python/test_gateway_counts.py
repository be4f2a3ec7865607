"""What a Check of Envoy's costs, as far as it can be counted."""

import sys

import pytest
from sidecar import ROOT

sys.path.insert(0, str(ROOT / "Tests/Benchmarks"))

import gateway  # noqa: E402

pytestmark = pytest.mark.alone


def test_a_check_that_passes_allocates_nothing():
    own, counted = gateway.allocations(calls=200)
    assert own == 0, counted
