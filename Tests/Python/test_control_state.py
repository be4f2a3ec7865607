"""What a server remembers, what it holds back, and how old its policies may be."""

import json
import os
import queue
import random
import shutil
import signal
import subprocess
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from api import ALLOW, DENY, INDETERMINATE, Client, pb
from clock import Clock
from control import (
    DEFAULTS,
    ERROR,
    LOADED,
    STALE,
    Site,
    effect,
    status,
    wait_for_cause,
    wait_for_number,
    wait_until_loaded,
)
from sidecar import VERDICT, Sidecar, verdict, wait_until
from world import MIA


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


# MARK: State over restarts


def test_a_restart_with_a_broken_directory_serves_the_last_good_set(site):
    site.publish(True)
    site.publish(False)
    with site.serve() as sidecar, Client(sidecar.unix) as client:
        digest = status(client).set_digest
    shutil.rmtree(site.control)
    with site.serve() as sidecar, Client(sidecar.unix) as client:
        now = client.info()
        assert now.set_number == 2 and now.policies.set_digest == digest
        assert now.policies.state == STALE and now.policies.last_failure_cause == "system"
        assert effect(client) == DENY
        # Numbers begin anew, and are older until they have caught up.
        site.publish(True)
        wait_for_cause(site, client, "older")
        assert effect(client) == DENY
    with site.serve("--accept-older") as sidecar, Client(sidecar.unix) as client:
        assert effect(client) == ALLOW and client.info().set_number == 1
        assert status(client).state == LOADED
    # From there it is remembered.
    with site.serve() as sidecar, Client(sidecar.unix) as client:
        assert client.info().set_number == 1 and status(client).state == LOADED


def test_an_old_index_is_refused_after_a_restart(site):
    site.publish(True)
    old = site.layout.copy(site.directory / "old")
    site.publish(False)
    with site.serve() as sidecar, Client(sidecar.unix) as client:
        assert client.info().set_number == 2
    shutil.rmtree(site.control)
    old.copy(site.control)
    with site.serve() as sidecar, Client(sidecar.unix) as client:
        now = client.info()
        assert now.set_number == 2 and now.policies.last_failure_cause == "older"
        assert effect(client) == DENY and status(client).state == STALE


def test_what_a_revoked_key_has_signed_is_forgotten(site):
    site.publish(True)
    for _ in range(3):
        site.publish(False, key=site.other_key)
        site.publish(True, key=site.other_key)
    both = ["--trust", f"{site.other_key}.pub"]
    with site.serve(*both) as sidecar, Client(sidecar.unix) as client:
        assert client.info().set_number == site.layout.number() == 7
    # The key is revoked and what it signed removed: lower numbers count again.
    shutil.rmtree(site.control)
    site.publish(False)
    with site.serve() as sidecar, Client(sidecar.unix) as client:
        assert client.info().set_number == 1 and status(client).state == LOADED
        assert effect(client) == DENY


def test_a_damaged_state_is_not_taken_for_none(site):
    site.publish(False)
    with site.serve():
        pass
    state = site.directory / "state"
    (state / "index.json").write_text("{")
    with site.serve() as sidecar, Client(sidecar.unix) as client:
        assert client.info().set_number == 0 and status(client).state == ERROR
        assert status(client).last_failure_cause == "state"
        with pytest.raises(grpc.RpcError) as error:
            effect(client)
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    with site.serve("--accept-older") as sidecar, Client(sidecar.unix) as client:
        assert effect(client) == DENY and status(client).state == LOADED
    # A damaged blob is written anew with the next set.
    for blob in (state / "blobs/sha256").iterdir():
        blob.write_bytes(blob.read_bytes()[:-1] + b"\0")
    site.publish(True)
    with site.serve() as sidecar, Client(sidecar.unix) as client:
        wait_for_number(client, 2)
    shutil.rmtree(site.control)
    with site.serve() as sidecar, Client(sidecar.unix) as client:
        assert effect(client) == ALLOW and status(client).state == STALE


def test_a_full_disk_keeps_the_old_set(site):
    """The state lies in a small file system of memory that is mounted for this server alone."""
    site.publish(False)
    state = site.directory / "state"
    state.mkdir(mode=0o700)
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    mounted = (
        f'mount -t tmpfs -o size=256k,mode=0700 tmpfs {state} && exec "$@"'
    )
    before = ["unshare", *user, "--mount", "sh", "-c", mounted, "sh", VERDICT]
    with site.serve(before=before) as sidecar, Client(sidecar.unix) as client:
        assert effect(client) == DENY
        site.publish(True, padding=20_000)
        wait_for_cause(site, client, "state")
        assert "No space left" in status(client).last_failure
        assert effect(client) == DENY and client.info().set_number == 1
        site.publish(True)
        wait_for_number(client, 3)
        assert effect(client) == ALLOW and status(client).state == LOADED


def test_a_publish_onto_a_full_disk_changes_nothing(site):
    site.publish(False)
    full = site.directory / "full"
    full.mkdir()
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    site.write(True, padding=20_000)
    script = f"""
        mount -t tmpfs -o size=256k tmpfs {full} && cp -r {site.control} {full}/control || exit 9
        {VERDICT} publish {site.policies} --control {full}/control && exit 8
        {VERDICT} history --control {full}/control
        {VERDICT} verify --control {full}/control --trust {site.key}.pub
    """
    done = subprocess.run(
        ["unshare", *user, "--mount", "sh", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "No space left" in done.stderr
    assert done.stdout.startswith("* g1") and "set 1," in done.stdout


def test_killed_servers_never_go_back(site):
    """The server is killed at any moment while sets arrive; whatever it serves next is no older."""
    rng = random.Random(6)
    site.publish(False)
    highest = 0
    for round in range(6):
        with site.serve() as sidecar, Client(sidecar.unix) as client:
            found = client.info().set_number
            assert found >= highest
            assert status(client).state == LOADED
            highest = found
            publisher = subprocess.Popen(
                [VERDICT, "publish", "--refresh", "--control", site.control]
                + ["--key", f"{site.key}.key"],
                stdout=subprocess.DEVNULL,
            )
            time.sleep(rng.random() * 0.15)
            highest = max(highest, client.info().set_number)
            sidecar.process.send_signal(signal.SIGKILL)
            assert publisher.wait(20) == 0
    mark = json.loads((site.directory / "state/index.json").read_text())["annotations"]
    assert max(int(value.split()[0]) for value in mark.values()) >= highest


# MARK: Checks and the guard


def test_a_set_whose_embedded_checks_fail_is_refused(site):
    site.publish(False)
    tests = site.directory / "checks.test.yaml"

    def expect(answer):
        tests.write_text(
            f"policies: [policies/acme.json]\nchecks:\n"
            f"- {{principal: {MIA}, workspace: prod, action: edit,"
            f" resource: destination/D3, expect: {answer}}}\n"
        )

    expect("deny")
    with site.serve() as sidecar, Client(sidecar.unix) as client:
        # The publisher runs them too.
        site.write(True)
        done = verdict(
            "publish",
            site.policies,
            "--control",
            site.control,
            "--key",
            f"{site.key}.key",
            "--checks",
            tests,
            check=False,
        )
        assert done.returncode == 1 and "1 of 1 embedded checks fail" in done.stderr
        # By whoever doesn't: the attachment of one set with the policies of another, signed.
        expect("allow")
        arrived = site.next("checked", True, "--checks", tests)
        checks = arrived.set()["manifests"][-1]
        for blob in (arrived.path / "blobs/sha256").iterdir():
            shutil.copy(blob, site.layout.blob(blob.name))

        def add(set):
            set["manifests"].append(checks)
            set["annotations"]["dev.verdict.set.number"] = "2"

        site.layout.edit_set(add)
        wait_for_cause(site, client, "signature")
        verdict("sign", "--control", site.control, "--key", f"{site.key}.key")
        wait_for_cause(site, client, "checks")
        assert effect(client) == DENY
        site.publish(True, "--checks", tests)
        wait_for_number(client, site.layout.number())
        assert effect(client) == ALLOW


def test_the_guard_holds_back_a_set_that_allows_too_much(site):
    site.publish(False)
    sample = site.directory / "sample.jsonl"
    checks = [
        {**DEFAULTS, "action": "edit", "resource": f"destination/{name}"} for name in ("D1", "D3")
    ]
    sample.write_text("".join(json.dumps(check) + "\n" for check in checks))
    with site.serve("--guard-checks", sample, "--max-new-allows", "0") as sidecar:
        with Client(sidecar.unix) as client:
            site.publish(True)
            wait_for_cause(site, client, "guard")
            assert "newly allows 1 recorded checks" in status(client).last_failure
            assert effect(client) == DENY
            site.publish(True, "--override-guard", "it is meant")
            wait_until_loaded(client)
            assert effect(client) == ALLOW
            assert any(r.get("guard_override") == "it is meant" for r in sidecar.records())
            # A revocation is never held back, unless it is asked for.
            site.publish(False)
            wait_until(lambda: effect(client) == DENY, "the revocation")
            sample.write_text("no check\n")
            site.publish(False, "--message", "again", other="globes")
            wait_for_cause(site, client, "guard")
    history = verdict("history", "--control", site.control).stdout
    assert "guard overridden: it is meant" in history
    sample.write_text("".join(json.dumps(check) + "\n" for check in checks))
    site.publish(True)
    flags = ["--guard-checks", sample, "--max-new-allows", "9", "--max-new-denies", "0"]
    with site.serve(*flags) as sidecar, Client(sidecar.unix) as client:
        assert effect(client) == ALLOW
        site.publish(False)
        wait_for_cause(site, client, "guard")
        assert effect(client) == ALLOW


# MARK: Age


def health(client):
    stub = health_pb2_grpc.HealthStub(client.channel)
    return stub.Check(health_pb2.HealthCheckRequest(), timeout=10).status


def answer(client):
    return client.plain([{"action": "edit", "resource": "destination/D3"}], **DEFAULTS)[0]


HOUR = 3_600


def test_policies_go_stale_and_are_closed_in_the_end(site):
    clock = Clock(site.directory)
    site.publish(True)
    flags = ["--stale-after", "1h", "--fail-closed-after", "2h"]
    with site.serve(*flags, **clock.serving) as sidecar:
        with Client(sidecar.unix) as client:
            assert status(client).state == LOADED and effect(client) == ALLOW
            with OpenStream(client) as stream:
                assert set(stream.ask(1).effects) == {ALLOW}
                close_and_renew(site, clock, client, stream)


class OpenStream:
    """An AuthorizeStream, asked now and then."""

    def __init__(self, client):
        self.questions = queue.Queue()
        self.answers = client.stub.AuthorizeStream(iter(self.questions.get, None), timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.questions.put(None)
        assert list(self.answers) == []

    def ask(self, count):
        check = pb.Check(action="edit", resource="destination/D3")
        self.questions.put(pb.AuthorizeRequest(checks=[check] * count, **DEFAULTS))
        return next(self.answers)


def close_and_renew(site, clock, client, stream):
    clock.set(HOUR + 60)
    wait_until(lambda: status(client).state == STALE, "STALE")
    assert effect(client) == ALLOW and status(client).age_seconds >= HOUR
    assert health(client) == health_pb2.HealthCheckResponse.SERVING
    clock.set(2 * HOUR + 60)
    wait_until(lambda: status(client).is_closed, "closed")
    assert status(client).state == ERROR
    assert (answer(client).effect, answer(client).reason) == (INDETERMINATE, "stale")
    assert health(client) == health_pb2.HealthCheckResponse.NOT_SERVING
    # Decided in one go or in slices, for calls that began before as for others.
    for count in (1, 600):
        closed = stream.ask(count)
        assert list(closed.effects) == [INDETERMINATE] * count
        assert list(closed.reasons) == [pb.REASON_STALE] * count
    column = client.columns([{"action": "edit", "resource": "destination/D3"}], **DEFAULTS)
    assert column[0].reason == "stale"
    page = client.stub.CheckVisibility(
        pb.CheckVisibilityRequest(
            organization="acme",
            workspace="prod",
            principals=[MIA],
            permissions=["view"],
            blocks=[
                pb.VisibilityBlock(
                    resource_type="destination",
                    ids=pb.Ids(data=b"D1", lengths=b"\x02"),
                )
            ],
        ),
        timeout=10,
    )
    assert page.visible == [b"\0"] and page.reasons[0] == pb.REASON_STALE
    # A clock that goes back reopens nothing.
    clock.set(0)
    time.sleep(1.5)
    assert status(client).is_closed and answer(client).reason == "stale"
    # New policies do.
    site.publish(True, "--message", "renewed", other="globes")
    wait_for_number(client, 2)
    wait_until_loaded(client)
    assert effect(client) == ALLOW and set(stream.ask(600).effects) == {ALLOW}
    assert health(client) == health_pb2.HealthCheckResponse.SERVING
    verdict("publish", "--refresh", "--control", site.control, "--key", f"{site.key}.key")
    wait_for_number(client, 3)
    assert status(client).state == LOADED


def test_a_restart_does_not_make_old_policies_young(site):
    clock = Clock(site.directory)
    site.publish(True)
    flags = ["--fail-closed-after", "2h"]
    clock.set(2 * HOUR + 60)
    with site.serve(*flags, **clock.serving) as sidecar:
        with Client(sidecar.unix) as client:
            # Closed from the first answer on.
            assert answer(client).reason == "stale" and status(client).is_closed
    # Set back far before the set was made: it is not younger than zero, and not older.
    clock.set(-1_000 * HOUR)
    with site.serve(*flags, **clock.serving) as sidecar:
        with Client(sidecar.unix) as client:
            assert effect(client) == ALLOW and status(client).age_seconds < 60


def test_an_expired_set_in_force_serves_on_as_stale(site):
    clock = Clock(site.directory)
    site.publish(True, "--expires-in", "1h")
    with site.serve(**clock.serving) as sidecar, Client(sidecar.unix) as client:
        assert status(client).state == LOADED
        clock.set(HOUR + 60)
        wait_until(lambda: status(client).state == STALE, "STALE")
        assert effect(client) == ALLOW
        # The same in a restart, from the state; and without any, it is not taken at all.
        clock.set(2 * HOUR)
    with site.serve(**clock.serving) as sidecar, Client(sidecar.unix) as client:
        assert effect(client) == ALLOW and status(client).state == STALE
    with site.serve(state=False, **clock.serving) as sidecar:
        with Client(sidecar.unix) as client:
            assert status(client).state == ERROR and client.info().set_number == 0
            assert status(client).last_failure_cause == "expired"
