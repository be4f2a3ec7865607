"""The commands that change a control directory: who, why, what changed, and all the ways back."""

import json
import os
import subprocess

import pytest

from control import Site
from killing import CHANGING, publisher_survives, traced
from sidecar import VERDICT, verdict


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def flags(site):
    return ["--control", site.control, "--key", f"{site.key}.key"]


def history(site):
    lines = verdict("history", "--control", site.control, "--json").stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_history_says_who_when_why_and_what(site):
    site.publish(False, "--message", "the first", "--author", "olga")
    site.publish(True, "--message", "D3 for Mia", "--author", "adam")
    newest, first = history(site)
    assert (first["ref"], first["author"], first["message"]) == ("g1", "olga", "the first")
    assert (newest["author"], newest["message"]) == ("adam", "D3 for Mia")
    assert newest["changed"] == ["acme"] and newest["current"] and not first["current"]
    assert newest["digest"] == site.layout.ref("current")["digest"]
    text = verdict("history", "--control", site.control).stdout
    assert text.startswith("* g2") and "by adam" in text and "D3 for Mia" in text


def test_a_rollback_is_a_new_set_with_old_content(site):
    site.publish(False)
    first = site.layout.snapshots()
    site.publish(True)
    assert site.layout.snapshots() != first
    verdict("rollback", "--to", 1, "--reason", "D3 is not for Mia", *flags(site))
    assert site.layout.number() == 3 and site.layout.snapshots() == first
    newest = history(site)[0]
    assert newest["rollback"] == 1 and newest["message"] == "D3 is not for Mia"
    verdict("verify", "--control", site.control, "--trust", f"{site.key}.pub")
    missing = verdict("rollback", "--to", 9, "--reason", "x", *flags(site), check=False)
    assert missing.returncode == 1 and "no ref `g9`" in missing.stderr


def test_a_pinned_directory_stays_as_it_is(site):
    site.publish(False)
    verdict("pin", "--control", site.control, "--reason", "an incident", "--author", "olga")
    site.write(True)
    for words in (
        ["publish", site.policies, *flags(site)],
        ["rollback", "--to", 1, "--reason", "x", *flags(site)],
    ):
        refused = verdict(*words, check=False)
        assert refused.returncode == 1
        assert "pinned since" in refused.stderr and "`an incident`" in refused.stderr
    verdict("publish", "--refresh", *flags(site))
    assert site.layout.number() == 2
    site.publish(True, "--staged")
    assert "by `olga`" in verdict("unpin", "--control", site.control).stdout
    verdict("deploy", *flags(site))
    assert site.layout.number() == 4


def test_only_what_changed_is_compiled_and_kept_byte_for_byte(site):
    site.publish(False)
    before = site.layout.set()["manifests"]
    site.publish(True)
    after = site.layout.set()["manifests"]
    assert before[0] != after[0] and before[1] == after[1]
    # A lie about what a snapshot was compiled from is not believed, nor kept: nobody signed it.
    site.layout.edit_manifest(
        lambda manifest: manifest["annotations"].update(
            {"dev.verdict.source": "sha256:" + "0" * 64}
        )
    )
    site.publish(True)
    assert site.layout.number() == 3
    for manifest in site.layout.manifests():
        assert manifest["annotations"]["dev.verdict.source"] != "sha256:" + "0" * 64
    verdict("verify", "--control", site.control, "--trust", f"{site.key}.pub")


def test_a_dry_run_tells_for_whom_and_writes_nothing(site):
    site.publish(False)
    before = sorted(path.name for path in site.control.rglob("*"))
    index = site.layout.index_path.read_bytes()
    done = site.publish(True, "--dry-run")
    assert "would publish set 2" in done.stdout and "mia@acme.example" in done.stdout
    assert site.layout.index_path.read_bytes() == index
    assert sorted(path.name for path in site.control.rglob("*")) == before


def test_of_two_publishers_one_wins_and_the_other_is_told(site):
    site.publish(False)
    site.write(True)
    words = [VERDICT, "publish", "--refresh", *flags(site)]
    for _ in range(5):
        before = site.layout.number()
        both = [
            subprocess.Popen(list(map(str, words)), stdout=-1, stderr=-1, text=True)
            for _ in range(4)
        ]
        outputs = [process.communicate(timeout=30) for process in both]
        wins = sum(process.returncode == 0 for process in both)
        assert 1 <= wins <= 4 and site.layout.number() == before + wins
        for process, (_, error) in zip(both, outputs):
            assert process.returncode == 0 or "another publish is at work" in error
    verdict("verify", "--control", site.control, "--trust", f"{site.key}.pub")


def test_collecting_removes_what_no_set_needs(site):
    for edit in (False, True, False, True):
        site.publish(edit, "--keep", "2")
    assert [entry["ref"] for entry in history(site)] == ["g4", "g3"]
    blobs = site.control / "blobs/sha256"
    count = len(list(blobs.iterdir()))
    done = verdict("gc", "--control", site.control).stdout
    assert done.startswith("removed 0 blobs") and len(list(blobs.iterdir())) == count
    for blob in blobs.iterdir():
        os.utime(blob, (0, 0))
    done = verdict("gc", "--control", site.control).stdout
    # The index of sets 1 and 2 and their manifests of acme; contents alternate.
    assert len(list(blobs.iterdir())) < count and not done.startswith("removed 0")
    verdict("verify", "--control", site.control, "--trust", f"{site.key}.pub")
    verdict("rollback", "--to", 3, "--reason", "still there", *flags(site))
    # What can't be read whole is left alone.
    site.layout.blob(site.layout.ref("g3")["digest"]).unlink()
    done = verdict("gc", "--control", site.control, check=False)
    assert done.returncode == 1 and "missing" in done.stderr


def test_keys_are_made_once_and_kept_to_oneself(site, tmp_path):
    again = verdict("keygen", "-o", site.key, check=False)
    assert again.returncode == 1 and "File exists" in again.stderr
    key = tmp_path / "key.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    site.write(False)
    refused = verdict("publish", site.policies, *flags(site), check=False)
    assert refused.returncode == 1 and "chmod 600" in refused.stderr
    # They are what OpenSSL calls keys.
    key.chmod(0o600)
    done = subprocess.run(
        ["openssl", "pkey", "-in", key, "-pubout"], capture_output=True, text=True, check=True
    )
    assert done.stdout in (tmp_path / "key.pub").read_text()


def test_the_staged_set_is_deployed_by_one_rename(site):
    site.publish(False)
    site.publish(True, "--staged", "--message", "to be looked at")
    assert site.layout.number() == 1 and site.layout.number("staged") == 2
    verdict("verify", "--staged", "--control", site.control, "--trust", f"{site.key}.pub")
    staged = site.layout.snapshots("staged")
    other = verdict(
        "deploy", "--control", site.control, "--key", f"{site.other_key}.key", check=False
    )
    assert other.returncode == 1 and "not trusted" in other.stderr
    verdict("deploy", *flags(site))
    assert site.layout.number() == 3 and site.layout.snapshots() == staged


def test_a_publisher_that_is_killed_leaves_the_old_set_or_the_new_one(site, tmp_path):
    site.publish(False)
    site.write(True)
    copy = tmp_path / "traced"
    site.layout.copy(copy)
    words = [site.policies, "--control", copy, "--key", f"{site.key}.key"]
    calls = traced(tmp_path / "strace", "publish", *words)
    points = [(call, n + 1) for call in ("write", "fsync", "rename") for n in range(calls[call])]
    assert set(calls) & CHANGING and len(points) > 10
    killed, renewed = publisher_survives(site, tmp_path, points)
    # Only behind the last rename but for the report.
    assert killed == len(points) and 0 < renewed < killed
