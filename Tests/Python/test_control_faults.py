"""Whatever becomes of a control directory, the server answers from the set it had, says so, and
takes the next good one."""

import json
import os
import random
import shutil
import threading

import pytest

from api import ALLOW, DENY, Client
from control import (
    LOADED,
    STALE,
    Site,
    effect,
    status,
    wait_for_cause,
    wait_for_number,
    wait_until_loaded,
)
from layout import Layout
from sidecar import verdict, wait_until


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A server that has set 2 in force, in which Mia may not edit D3; each fault brings a set in
    which she may."""
    site = Site(tmp_path_factory.mktemp("signed"))
    site.publish(True, "--message", "one")
    site.publish(False, "--message", "two")
    with site.serve() as sidecar, Client(sidecar.unix) as client:
        site.sidecar, site.client = sidecar, client
        yield site


# MARK: The faults. Each makes `next`, a copy of the directory with set 3, into what arrives.


def snapshot(next):
    return next.blob(next.snapshots()["acme"]["digest"])


def truncated_snapshot(site, next):
    path = snapshot(next)
    path.write_bytes(path.read_bytes()[:-1])


def lengthened_snapshot(site, next):
    with snapshot(next).open("ab") as file:
        file.write(b"\0")


def swapped_blob(site, next):
    path = snapshot(next)
    content = bytearray(path.read_bytes())
    content[0:64] = content[64:128]
    path.write_bytes(content)


def missing_snapshot(site, next):
    snapshot(next).unlink()


def missing_manifest(site, next):
    next.blob(next.set()["manifests"][0]["digest"]).unlink()


def missing_set(site, next):
    next.blob(next.ref("current")["digest"]).unlink()


def half_an_index(site, next):
    content = next.index_path.read_bytes()
    next.write_index(content[: len(content) // 2])


def empty_index(site, next):
    next.write_index(b"")


def older_set(site, next):
    next.point("current", next.ref("g1"))


def same_number(site, next):
    """Another set 2, also signed."""
    fork = site.directory / "next" / "fork"
    shutil.rmtree(fork, ignore_errors=True)
    site.publish(True, control=fork)
    site.publish(True, "--message", "another", control=fork, other="globes")
    fork = Layout(fork)
    for blob in (fork.path / "blobs/sha256").iterdir():
        shutil.copy(blob, next.path / "blobs/sha256")
    assert fork.number() == 2
    next.point("current", fork.ref("current"))


def unsigned(site, next):
    next.edit_set(lambda set: set["annotations"].pop("dev.verdict.signature"))


def changed_message(site, next):
    next.edit_set(lambda set: set["annotations"].update({"dev.verdict.message": "forged"}))


def renewed_by_hand(site, next):
    later = "2031-01-01T00:00:00Z"
    created = {"org.opencontainers.image.created": later}
    next.edit_set(lambda set: set["annotations"].update(created))


def higher_number(site, next):
    next.edit_set(lambda set: set["annotations"].update({"dev.verdict.set.number": "99"}))


def foreign_key_id(site, next):
    next.edit_set(lambda set: set["annotations"].update({"dev.verdict.key": "0" * 32}))


def changed_snapshot(site, next):
    """The set's manifest names another organization's snapshot."""
    other = next.snapshots()["globex"]
    next.edit_manifest(lambda manifest: manifest["layers"].__setitem__(0, other))


def mixed_sets(site, next):
    """One organization as in set 1, the rest as in set 3: each was signed, the mix was not."""
    old = next.set("g1")["manifests"][0]
    next.edit_set(lambda set: set["manifests"].__setitem__(0, old))


def left_out(site, next):
    next.edit_set(lambda set: set["manifests"].pop())


def oversized_set(site, next):
    index = next.index()
    for entry in index["manifests"]:
        entry["size"] = 1 << 40
    next.write_index(index)


def oversized_index(site, next):
    next.write_index(next.index_path.read_bytes() + b" " * (1 << 20))


def link_out(site, next):
    path = snapshot(next)
    outside = site.directory / "outside"
    shutil.copy(path, outside)
    path.unlink()
    path.symlink_to(outside)


def staged_as_current(site, next):
    next.point("current", next.ref("staged"))


FAULTS = [
    (truncated_snapshot, "blob"),
    (lengthened_snapshot, "blob"),
    (swapped_blob, "blob"),
    (missing_snapshot, "blob"),
    (missing_manifest, "blob"),
    (missing_set, "blob"),
    (half_an_index, "unsettled"),
    (empty_index, "unsettled"),
    (older_set, "older"),
    (same_number, "older"),
    (unsigned, "unsigned"),
    (changed_message, "signature"),
    (renewed_by_hand, "signature"),
    (higher_number, "signature"),
    (foreign_key_id, "untrusted"),
    (changed_snapshot, "signature"),
    (mixed_sets, "signature"),
    (left_out, "signature"),
    (oversized_set, "limit"),
    (oversized_index, "limit"),
    (link_out, "layout"),
]


def refuses(site, arrived, cause):
    """The directory becomes `arrived`; nothing changes but the state. Then it is mended."""
    before = site.client.info()
    assert before.policies.state == LOADED
    counted = site.pages.metric("verdict_set_failures_total", cause=cause)
    logged = len(site.sidecar.log)
    good = site.layout.index_path.read_bytes()
    blobs = {blob.name for blob in (site.control / "blobs/sha256").iterdir()}
    site.layout.take(arrived)
    wait_for_cause(site, site.client, cause)
    assert site.pages.metric("verdict_set_failures_total", cause=cause) > counted
    after = site.client.info()
    assert after.policies.state == STALE
    assert after.policies.set_digest == before.policies.set_digest
    assert after.policies.last_failure_seconds >= after.policies.last_success_seconds
    assert after.set_number == before.set_number
    assert after.organizations[0].snapshot_digest == before.organizations[0].snapshot_digest
    assert effect(site.client) == DENY
    refusals = [r for r in site.sidecar.records()[logged:] if r["message"] == "policies refused"]
    assert cause in [record["cause"] for record in refusals], refusals
    site.layout.write_index(good)
    wait_until_loaded(site.client)
    for blob in (site.control / "blobs/sha256").iterdir():
        if blob.name not in blobs:
            blob.unlink()
    assert effect(site.client) == DENY
    assert site.pages.metric("verdict_policies_state", state="loaded") == 1


@pytest.mark.parametrize("damage, cause", FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_damaged_or_forged_set_changes_nothing(signed, damage, cause):
    arrived = signed.next(damage.__name__, True, "--message", damage.__name__)
    damage(signed, arrived)
    refuses(signed, arrived, cause)


def test_a_set_by_another_key_is_refused(signed):
    refuses(signed, signed.next("other", key=signed.other_key), "untrusted")


def test_a_staged_set_is_not_served_as_current(signed):
    arrived = signed.next("staged", True, "--staged")
    staged_as_current(signed, arrived)
    refuses(signed, arrived, "channel")


def test_a_key_that_is_limited_to_another_organization_changes_nothing_here(signed):
    refuses(signed, signed.next("limited", key=signed.limited_key), "scope")


def test_a_set_that_is_not_valid_yet_is_refused(signed):
    refuses(signed, signed.next("early", True, "--not-before", "2090-01-01T00:00:00Z"), "early")


def test_an_expired_set_is_refused(signed):
    signed.write(True)
    path = signed.directory / "next" / "expired"
    shutil.rmtree(path, ignore_errors=True)
    arrived = signed.layout.copy(path)
    done = os.spawnvp(
        os.P_WAIT,
        "faketime",
        ["faketime", "2020-01-01 00:00:00", os.fspath(verdict_path()), "publish"]
        + [os.fspath(signed.policies), "--control", os.fspath(path)]
        + ["--key", f"{signed.key}.key", "--expires-in", "1d"],
    )
    assert done == 0
    refuses(signed, arrived, "expired")


def verdict_path():
    from sidecar import VERDICT

    return VERDICT


def test_no_flipped_bit_of_a_snapshot_gets_through(signed):
    arrived = signed.next("flipped")
    path = snapshot(arrived)
    content = path.read_bytes()
    rng = random.Random(6)
    for place in [0, len(content) - 1, *rng.sample(range(len(content)), 6)]:
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        # Every time another index, as after a publish.
        arrived.write_index(arrived.index_path.read_bytes() + b"\n")
        refuses(signed, arrived, "blob")


@pytest.mark.parametrize("make", ["mkfifo", "mkdir", "link"])
def test_what_is_no_file_is_refused_without_waiting_for_it(signed, make):
    arrived = signed.next(make)
    path = signed.layout.blob(arrived.snapshots()["acme"]["digest"])
    path.unlink(missing_ok=True)
    shutil.rmtree(path, ignore_errors=True)
    if make == "mkfifo":
        os.mkfifo(path)
    elif make == "mkdir":
        path.mkdir()
    else:
        path.symlink_to("/etc/passwd")
    before = signed.layout.index_path.read_bytes()
    for blob in (arrived.path / "blobs/sha256").iterdir():
        if not os.path.lexists(signed.layout.blob(blob.name)):
            shutil.copy(blob, signed.layout.blob(blob.name))
    signed.layout.write_index(arrived.index_path.read_bytes())
    wait_for_cause(signed, signed.client, "layout")
    assert effect(signed.client) == DENY
    signed.layout.write_index(before)
    wait_until_loaded(signed.client)
    path.rmdir() if make == "mkdir" else path.unlink()


def test_a_good_set_is_taken_after_all_that(tmp_path):
    site = Site(tmp_path)
    site.publish(False)
    with site.serve() as sidecar, Client(sidecar.unix) as client:
        bad = site.next("bad")
        truncated_snapshot(site, bad)
        site.layout.take(bad)
        wait_for_cause(site, client, "blob")
        assert effect(client) == DENY
        # What arrives late does not change the index.
        good = site.next("good")
        shutil.copy(snapshot(good), site.layout.blob(good.snapshots()["acme"]["digest"]))
        wait_for_number(client, 2)
        assert effect(client) == ALLOW
        now = status(client)
        assert now.state == LOADED and now.last_failure_cause == "blob"
        assert now.last_success_seconds >= now.last_failure_seconds


def test_a_directory_that_is_removed_and_made_again_is_older_until_it_has_caught_up(tmp_path):
    site = Site(tmp_path)
    site.publish(True)
    site.publish(False)
    with site.serve() as sidecar, Client(sidecar.unix) as client:
        wait_for_number(client, 2)
        shutil.rmtree(site.control)
        wait_for_cause(site, client, "system")
        site.publish(True)
        wait_for_cause(site, client, "older")
        assert effect(client) == DENY and status(client).state == STALE
        site.publish(False)
        site.publish(True)
        wait_for_number(client, 3)
        assert effect(client) == ALLOW and status(client).state == LOADED


# MARK: Without signatures


@pytest.fixture
def unprivileged(tmp_path_factory):
    """Words that run the server as nobody, where that may be, and a directory that nobody owns."""
    site = Site(tmp_path_factory.mktemp("unsigned"))
    path = site.directory
    while path != path.parent and path.stat().st_uid == os.geteuid() and path.name != "tmp":
        path.chmod(path.stat().st_mode | 0o055)
        path = path.parent
    (site.directory / "run").mkdir()
    if os.geteuid() != 0:
        return site, [verdict_path()]
    os.chown(site.directory / "run", 65534, 65534)
    return site, ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", verdict_path()]


def test_files_that_others_may_write_are_refused_without_signatures(unprivileged):
    site, before = unprivileged
    site.publish(False, key=False)
    with site.serve(trusted=False, state=False, before=before) as sidecar:
        with Client(sidecar.unix) as client:
            assert any("unsigned" in line for line in sidecar.log)
            assert effect(client) == DENY
            site.control.chmod(0o777)
            site.publish(True, key=False)
            wait_for_cause(site, client, "owner")
            assert effect(client) == DENY
            site.control.chmod(0o755)
            wait_for_number(client, 2)
            assert effect(client) == ALLOW
            site.publish(False, key=False)
            wait_for_number(client, 3)
            arrived = site.next("writable", key=False)
            snapshot(arrived).chmod(0o666)
            site.layout.take(arrived)
            wait_for_cause(site, client, "owner")
            assert effect(client) == DENY


def test_files_without_permission_are_a_named_failure(unprivileged):
    site, before = unprivileged
    site.publish(False, key=False)
    with site.serve(trusted=False, state=False, before=before) as sidecar:
        with Client(sidecar.unix) as client:
            arrived = site.next("unreadable", key=False)
            snapshot(arrived).chmod(0)
            site.layout.take(arrived)
            wait_for_cause(site, client, "system")
            assert "Permission denied" in status(client).last_failure
            assert effect(client) == DENY
            snapshot(site.layout).chmod(0o644)
            wait_for_number(client, 2)


def test_another_owner_is_refused_unless_it_is_named(tmp_path):
    site = Site(tmp_path)
    site.publish(True, key=False)
    # Files of root are always taken: as root, give the directory to somebody.
    if os.geteuid() == 0:
        os.chown(site.control, 12345, 12345)
        flags, named = [], ["--control-owner", "12345"]
    else:
        flags, named = ["--control-owner", "12345"], ["--control-owner", os.geteuid()]
    with site.serve(*flags, trusted=False, state=False) as sidecar:
        with Client(sidecar.unix) as client:
            assert status(client).last_failure_cause == "owner"
            assert client.info().set_number == 0
    with site.serve(*named, trusted=False, state=False) as sidecar:
        with Client(sidecar.unix) as client:
            assert effect(client) == ALLOW


# MARK: In between


def test_a_file_that_is_rewritten_in_place_is_never_half_in_force(tmp_path):
    """As foreign tools do it: `index.json` is cut to nothing and written anew, slowly."""
    site = Site(tmp_path)
    site.publish(False)
    with site.serve() as sidecar, Client(sidecar.unix) as client:
        arrived = site.next("next")
        for source in (arrived.path / "blobs/sha256").iterdir():
            shutil.copy(source, site.layout.blob(source.name))
        content = arrived.index_path.read_bytes()
        seen = set()
        done = threading.Event()

        def watch():
            while not done.is_set():
                seen.add((client.info().set_number, effect(client)))

        watcher = threading.Thread(target=watch)
        watcher.start()
        with site.layout.index_path.open("wb", buffering=0) as file:
            for place in range(0, len(content), len(content) // 20):
                file.write(content[place : place + len(content) // 20])
                wait_until(lambda: True, "a moment")
        wait_for_number(client, 2)
        done.set()
        watcher.join()
        assert effect(client) == ALLOW
        assert (2, DENY) not in {pair for pair in seen if pair[0] == 2}


def test_the_link_that_kubernetes_flips_is_followed(tmp_path):
    site = Site(tmp_path)
    site.publish(False)
    mount = site.directory / "mount"
    mount.mkdir()

    def flip(name):
        shutil.copytree(site.control, mount / name)
        (mount / "..data_tmp").symlink_to(name)
        (mount / "..data_tmp").rename(mount / "..data")

    flip("..one")
    for name in ("index.json", "oci-layout", "blobs"):
        (mount / name).symlink_to(f"..data/{name}")
    with site.serve(control=mount) as sidecar, Client(sidecar.unix) as client:
        assert effect(client) == DENY
        site.publish(True)
        flip("..two")
        shutil.rmtree(mount / "..one")
        wait_for_number(client, 2)
        assert effect(client) == ALLOW


def test_a_change_without_a_hint_is_found(tmp_path):
    """The directory is reached through another mount-like path: what is written there gives no
    hint here, because the watched directory is gone."""
    site = Site(tmp_path)
    site.publish(False)
    elsewhere = site.directory / "elsewhere"
    site.control.rename(elsewhere)
    site.control.symlink_to(elsewhere)
    with site.serve() as sidecar, Client(sidecar.unix) as client:
        fresh = site.directory / "fresh"
        shutil.copytree(elsewhere, fresh)
        site.publish(True, control=fresh)
        link = site.directory / "link"
        link.symlink_to(fresh)
        # The parent of the watched directory changes, which nobody watches.
        link.rename(site.control)
        wait_for_number(client, 2)
        assert effect(client) == ALLOW


def test_history_json_and_layout_agree(signed):
    lines = verdict("history", "--control", signed.control, "--json").stdout.splitlines()
    assert [json.loads(line)["digest"] for line in lines] == [
        signed.layout.ref(name)["digest"] for name in ("g2", "g1")
    ]
