"""`verdict generate`: documents of any size, the same for a seed everywhere."""

import hashlib
import json

from sidecar import ROOT, verdict


def test_the_same_options_give_the_same_bytes_everywhere():
    first = verdict("generate", "--seed", "7").stdout
    assert verdict("generate", "--seed", "7", "--profile", "small").stdout == first
    assert verdict("generate", "--seed", "8").stdout != first
    # Of every machine: a change here changes what numbers were measured on.
    digest = hashlib.sha256(first.encode()).hexdigest()
    assert digest == "be882929339b56ff6d005683991aea76262631381af788cfae8581fe5323b0a6"


def test_options_set_the_sizes(tmp_path):
    options = {
        "members": 30,
        "resources": 40,
        "workspaces": 3,
        "groups": 6,
        "groups-per-member": 2,
        "own-policies": 50,
        "ids-per-policy": 3,
        "tokens": 4,
    }
    flags = [str(part) for name, count in options.items() for part in (f"--{name}", count)]
    done = verdict("generate", *flags, "--organization", "acme", "--format", "json")
    document = json.loads(done.stdout)
    assert document["organization"]["id"] == "acme"
    assert len(document["organization"]["members"]) == 30
    assert len(document["groups"]) == 6
    assert sum(len(group["members"]) for group in document["groups"].values()) == 60
    workspaces = document["workspaces"].values()
    assert len(workspaces) == 3
    resources = [ids for one in workspaces for ids in one["resources"].values()]
    assert sum(map(len, resources)) == 40
    assert len(document["tokens"]["service"]) == len(document["tokens"]["personal"]) == 4
    file = tmp_path / "acme.json"
    file.write_text(done.stdout)
    verdict("fmt", "--check", file)
    verdict("compile", file, "-o", tmp_path / "acme.snapshot")


def test_a_large_one_compiles(tmp_path):
    file = tmp_path / "large.yaml"
    file.write_text(verdict("generate", "--profile", "large").stdout)
    verdict("compile", file, "-o", tmp_path / "large.snapshot")
    counts = json.loads(verdict("inspect", "--json", tmp_path / "large.snapshot").stdout)["counts"]
    # The owner is a user too.
    assert counts["users"] == 10_001 and counts["resources"] == 10_000


def test_what_cannot_be_generated_is_told():
    for wrong in (
        ["--profile", "tiny"],
        ["--workspaces", "0"],
        ["--own-policies", "101"],
        ["--members", "-1"],
        ["--format", "toml"],
    ):
        assert verdict("generate", *wrong, check=False).returncode == 64, wrong
    done = verdict("generate", "--model", "segment", check=False)
    assert done.returncode == 1 and "roles" in done.stderr
    models = ROOT / "Tests/Library/models"
    done = verdict("generate", "--model", "library", "--models", models, check=False)
    assert done.returncode == 1 and done.stdout == ""
