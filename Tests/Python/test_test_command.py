"""`verdict test`: policy tests of users, and the corpus, which has the same form."""

import xml.etree.ElementTree as ElementTree

import pytest

from sidecar import ROOT, verdict

ACME = ROOT / "examples/acme"
WRONG = """\
policies: [acme.yaml]
defaults: {principal: mia, workspace: prod}
checks:
  - {action: edit, resource: destination/D1, expect: allow}
  - {action: edit, resource: destination/D3, expect: allow, reason: granted}
  - {action: connect, resource: event_stream_source/S1, target: destination/D3, expect: deny,
     permission: connect}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "acme.yaml").write_text((ACME / "acme.yaml").read_text())
    (tmp_path / "wrong.test.yaml").write_text(WRONG)
    return tmp_path


def test_the_shipped_example_passes_and_every_grant_is_exercised():
    done = verdict("test", ACME, "--coverage")
    assert ": 13 checks passed (a member has what" in done.stdout
    assert "coverage: 5 of 5 grants carried an allow that passed\n" in done.stdout


def test_a_difference_says_place_check_both_answers_and_the_message(folder):
    done = verdict("test", folder / "wrong.test.yaml", check=False)
    assert done.returncode == 1 and done.stderr == ""
    assert done.stdout == (
        f"{folder}/wrong.test.yaml:5: mia: edit destination/D3 in prod\n"
        "  expected: allow granted\n"
        "  got:      deny resource_not_in_scope, permission edit, operand self\n"
        "  message:  You don't have Edit permission for destination D3.\n"
        "\n"
        f"{folder}/wrong.test.yaml:6: mia: connect event_stream_source/S1 with destination/D3"
        " in prod\n"
        "  expected: deny, permission connect\n"
        "  got:      deny resource_not_in_scope, permission edit, operand target\n"
        "  message:  You don't have Edit permission for destination D3.\n"
        "\n"
        f"{folder}/wrong.test.yaml: 2 of 3 checks failed\n"
        "\n"
        "3 checks in 1 file, 2 failed\n"
    )


def test_junit_has_every_check_and_the_differences(folder):
    report = folder / "report.xml"
    verdict("test", folder, ACME / "acme.test.yaml", "--junit", report, check=False)
    root = ElementTree.parse(report).getroot()
    assert root.attrib == {"tests": "16", "failures": "2"}
    suites = root.findall("testsuite")
    assert [suite.get("failures") for suite in suites] == ["2", "0"]
    cases = suites[0].findall("testcase")
    assert [case.get("line") for case in cases] == ["4", "5", "6"]
    assert [len(case.findall("failure")) for case in cases] == [0, 1, 1]
    assert "resource_not_in_scope" in cases[1].find("failure").get("message")


def test_grants_that_no_passed_allow_rested_on_are_listed_with_their_places(folder):
    done = verdict("test", folder, "--coverage", check=False)
    assert done.returncode == 1
    assert "coverage: 1 of 5 grants carried an allow that passed; these did not:\n" in done.stdout
    assert (
        f"  {folder}/acme.yaml:19:33: baseline of `prod`: edit on event_stream_source: S1, S2\n"
        in done.stdout
    )


def test_tests_that_cannot_run_exit_64(folder, tmp_path):
    bad = folder / "bad.test.yaml"
    bad.write_text("policies: [none.yaml]\nchecks: [{principal: a, action: b, expect: deny}]\n")
    done = verdict("test", bad, check=False)
    assert done.returncode == 64 and "none.yaml: error: can't" in done.stderr
    bad.write_text("checks: [{principal: a, action: b, expect: maybe}]\n")
    done = verdict("test", folder / "wrong.test.yaml", bad, check=False)
    assert done.returncode == 64 and done.stdout == ""
    assert done.stderr.startswith(f"{bad}:1:44: error: `expect` is `maybe`")
    bad.write_text("checks: [{principal: a, action: b, expect: deny}]\n")
    assert "no policies; name them" in verdict("test", bad, check=False).stderr
    assert verdict("test", folder / "none", check=False).returncode == 64
    assert verdict("test", check=False).returncode == 64
    empty = folder / "empty"
    empty.mkdir()
    assert "no policy tests below" in verdict("test", empty, check=False).stderr


def test_the_same_tests_can_be_put_to_other_policies(folder, acme):
    tests = ACME / "acme.test.yaml"
    verdict("compile", ACME / "acme.yaml", "--output", folder / "acme.snapshot")
    for source in (["--policy", ACME / "acme.yaml"], ["--snapshot", folder / "acme.snapshot"]):
        assert "13 checks passed" in verdict("test", tests, *source).stdout
    # That server's world calls its members otherwise: nobody there is `mia`.
    done = verdict("test", tests, "--server", acme.tcp, check=False)
    assert done.returncode == 1 and "unknown_principal" in done.stdout
    assert verdict("test", tests, "--server", acme.tcp, "--coverage", check=False).returncode == 64


def test_the_corpus_and_the_third_model_pass():
    corpus = sorted((ROOT / "Tests/Conformance").glob("*.yaml"))
    last = verdict("test", *corpus).stdout.splitlines()[-1]
    assert last.endswith(f" checks in {len(corpus)} files, 0 failed")
    library = ROOT / "Tests/Library"
    done = verdict("test", library, "--models", library / "models", "--coverage")
    assert "checks passed (a product that the engine" in done.stdout
