"""`verdict models`, and a product of its own that is only a file."""

import json

from sidecar import ROOT, verdict

LIBRARY = ROOT / "Tests/Library"
MODELS = LIBRARY / "models"


def test_list_names_what_ships_or_what_a_directory_has():
    assert [line.split(":")[0] for line in verdict("models", "list").stdout.splitlines()] == [
        "rudderstack",
        "segment",
    ]
    other = json.loads(verdict("models", "list", "--models", MODELS, "--json").stdout)
    assert [one["id"] for one in other] == ["library"]
    assert other[0]["types"] == 3 and other[0]["plans"] == ["team", "house"]


def test_show_prints_a_model_for_people_and_as_a_file(tmp_path):
    text = verdict("models", "show", "library", "--models", MODELS).stdout
    assert "    paper: read(any folders); or read(self)\n" in text
    for name, source in (("rudderstack", ()), ("segment", ()), ("library", ("--models", MODELS))):
        first = verdict("models", "show", name, "--json", *source).stdout
        (tmp_path / f"{name}.json").write_text(first)
        again = verdict("models", "show", name, "--json", "--models", tmp_path).stdout
        assert again == first
    assert verdict("models", "check", *sorted(tmp_path.iterdir())).stdout.count(": right, ") == 3


def test_an_unknown_model_is_told_with_those_that_are_known():
    done = verdict("models", "show", "ruderstack", check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("error: no access model `ruderstack`, known: `rudderstack`")
    assert verdict("models", "show", check=False).returncode == 64


def test_check_tells_every_error_with_its_place(tmp_path):
    bad = tmp_path / "bad.yaml"
    text = (MODELS / "library.yaml").read_text()
    bad.write_text(
        text.replace("types: [folder, paper]}", "types: [folder, papr]}", 1).replace(
            "[read(any folders)]", "[read(any shelves)]"
        )
    )
    files = [MODELS / "library.yaml", bad, tmp_path / "none"]
    done = verdict("models", "check", *files, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith(f"{MODELS}/library.yaml: right, library: 3 types")
    lines = done.stderr.splitlines()
    assert lines[0].startswith(f"{bad}:13:41: error: ") and "papr" in lines[0], lines
    assert any("shelves" in line for line in lines)
    assert lines[-1].startswith(f"{tmp_path}/none: error: can't open it")


def test_a_product_of_its_own_is_compiled_and_decided(tmp_path):
    policy = LIBRARY / "policies/museum.yaml"
    verdict("compile", policy, "--models", MODELS, "--output", tmp_path / "museum.snapshot")
    batch = "\n".join(
        json.dumps({"principal": who, "workspace": "archive", "action": action, "resource": what})
        for who, action, what in [
            ("eve", "read", "paper/P1"),
            ("eve", "read", "paper/P2"),
            ("ann", "read", "comment/new"),
            ("cy", "share", "paper/P2"),
        ]
    )
    answers = [
        verdict("check", *source, "--batch", "-", stdin=batch).stdout.splitlines()
        for source in (
            ["--policy", policy, "--models", MODELS],
            ["--snapshot", tmp_path / "museum.snapshot"],
        )
    ]
    assert answers[0] == answers[1]
    got = [json.loads(line) for line in answers[0]]
    assert [one["effect"] for one in got] == ["allow", "deny", "deny", "allow"]
    assert got[1]["operand"] == "related:folder/Plans"
    assert got[1]["message"] == "You don't have Read permission for folder Building plans."
    assert got[2]["operand"] == "self"
    flags = ["--principal", "eve", "--action", "open"]
    done = verdict("check", "--policy", policy, *flags, check=False)
    assert done.returncode == 1 and "unknown model `library`" in done.stderr
