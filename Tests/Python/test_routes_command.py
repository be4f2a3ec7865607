"""`verdict routes`, and the demonstration of the gateway's page."""

import re
import subprocess
import sys

from gateways import BIN, EXAMPLES
from sidecar import VERDICT, verdict


def test_the_table_that_ships_is_right():
    assert re.fullmatch(
        r"models/rudderstack\.routes\.yaml: right, \d+ routes of model rudderstack, \d+ bytes\n",
        verdict("routes", "check").stdout,
    )
    assert "DELETE /v2/connections/{id}: disconnect connection/ID\n" in verdict(
        "routes", "list"
    ).stdout


def test_explain_shows_what_a_request_needs():
    shown = verdict("routes", "explain", "PUT", "/v2/destinations/D%31?x=y").stdout
    assert shown == (
        "PUT /v2/destinations/{id}\n  needs edit destination/D1\n  unknown resources are denied\n"
    )
    shown = verdict("routes", "explain", "POST", "/transformations").stdout
    assert "  when there is {body.destinationIds}\n" in shown
    assert "  needs connect transformation/* destination/{body.destinationIds[]}\n" in shown


def test_explain_says_what_is_refused():
    done = verdict("routes", "explain", "GET", "/nowhere", check=False)
    assert (done.returncode, "no_route" in done.stdout) == (2, True)
    done = verdict("routes", "explain", "GET", "//v2/sources", check=False)
    assert done.returncode == 2 and "empty segment" in done.stderr


def test_a_table_of_ones_own(tmp_path):
    table = tmp_path / "own.routes.yaml"
    table.write_text(
        "apiVersion: verdict.routes/v1\nmodel: rudderstack\nroutes:\n"
        "  - match: GET /status\n    public: true\n"
    )
    assert verdict("routes", "list", "--routes", table).stdout == "GET /status: public\n"
    table.write_text(table.read_text().replace("public: true", "check: veiw"))
    done = verdict("routes", "check", table, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"{table}:5:12: error: unknown action `veiw`, did you mean `view`?\n"
    )
    done = verdict("routes", "list", "--routes", table, "--routes", table, check=False)
    assert done.returncode == 1


def test_the_demonstration_shows_what_its_page_says():
    done = subprocess.run(
        [sys.executable, EXAMPLES / "demo.py", VERDICT, BIN / "envoy"],
        capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 0, done.stderr
    statuses = re.findall(r"-> (\d+)$", done.stdout, re.MULTILINE)
    assert statuses == ["200", "403", "403", "401", "403", "403", "200"]
    assert "You don't have Edit permission for destination D2." in done.stdout
    assert "olga" not in done.stdout
