"""The admin endpoint: pages over HTTP/1.1, and metrics that a foreign parser reads."""

import contextlib
import http.client
import json
import re
import socket

import pytest
from sidecar import Sidecar, publish, verdict, wait_until

from admin import UnixConnection, get, samples
from api import channel, columns, pb, rpc
from metrics import limits_of
from world import MIA


def admin_port(sidecar):
    lines = [line for line in sidecar.records() if line["message"] == "admin endpoint"]
    return int(re.fullmatch(r"\[::1\]:(\d+)", lines[0]["at"]).group(1))


@pytest.fixture
def sidecar(tmp_path, acme_document):
    publish(tmp_path / "control", acme_document)
    with Sidecar(tmp_path, "--control", tmp_path / "control", "--admin", "[::1]:0") as running:
        wait_until(lambda: any("admin" in line for line in running.log), "the admin endpoint")
        yield running


@pytest.fixture
def admin(sidecar):
    connection = http.client.HTTPConnection("::1", admin_port(sidecar), timeout=10)
    yield connection
    connection.close()


def labelled(admin, name):
    return [(dict(labels), value) for (one, labels), value in samples(admin).items() if one == name]


def settled(admin, total, name="verdict_batch_checks_count"):
    """The samples once so many requests are counted: the loop shows its turn at the end."""
    found = {}

    def is_there():
        found.update(samples(admin))
        return found[(name, ())] == total

    wait_until(is_there, f"{name} is {total}")
    return found


def test_requests_and_checks_are_counted_exactly(sidecar, admin):
    before = samples(admin)
    assert before[("verdict_batch_checks_count", ())] == 0
    with channel(sidecar.tcp) as one:
        stub = rpc.DecisionServiceStub(one)

        def ask(*resources, organization="acme"):
            return stub.Authorize(
                pb.AuthorizeRequest(
                    organization=organization,
                    principal=MIA,
                    workspace="prod",
                    checks=[
                        pb.Check(action="edit", resource=f"event_stream_source/{name}")
                        for name in resources
                    ],
                )
            )

        for _ in range(7):
            ask("S1", "S3", "S3")
        ask("S1", organization="nobody")
        with pytest.raises(Exception, match="INVALID_ARGUMENT"):
            ask()
    after = settled(admin, 9, "verdict_request_duration_seconds_count")

    def checks(effect, reason):
        labels = (("effect", effect), ("method", "Authorize"), ("reason", reason))
        return after[("verdict_checks_total", labels)]

    assert checks("allow", "granted") == 7
    assert checks("deny", "resource_not_in_scope") == 14
    assert checks("indeterminate", "unknown_organization") == 1
    assert (
        sum(
            value
            for (name, labels), value in after.items()
            if name == "verdict_checks_total" and ("method", "Authorize") in labels
        )
        == 22
        == after[("verdict_batch_checks_sum", ())]
    )

    def requests(code):
        labels = (
            ("code", code),
            ("method", "Authorize"),
            ("service", "verdict.v1.DecisionService"),
        )
        return after[("verdict_requests_total", labels)]

    assert requests("ok") == 8 and requests("invalidArgument") == 1
    assert after[("verdict_batch_checks_bucket", (("le", "1.0"),))] == 1
    assert after[("verdict_batch_checks_bucket", (("le", "2.0"),))] == 1
    assert after[("verdict_batch_checks_bucket", (("le", "4.0"),))] == 8
    assert after[("verdict_request_duration_seconds_count", ())] == 9
    assert after[("verdict_request_duration_seconds_sum", ())] > 0
    busy = [v for (name, _), v in after.items() if name == "verdict_loop_busy_seconds_total"]
    assert len(busy) == 2 and sum(busy) > 0


def test_each_message_of_a_stream_counts_as_a_batch_and_slices_and_workers_count_too(
    sidecar, admin
):
    def request(count):
        one = {"action": "edit", "resource": "event_stream_source/S1", "principal": MIA}
        checks = [one] * count
        return pb.AuthorizeRequest(
            organization="acme", principal=MIA, workspace="prod", columns=columns(checks)
        )

    # One for the loop, one for its slices, one too long for it, whose worker has its own counts.
    sizes = (1, 600, 8_000)
    assert len(request(600).SerializeToString()) < 65_536 < len(request(8_000).SerializeToString())
    with channel(sidecar.tcp) as one:
        stub = rpc.DecisionServiceStub(one)
        asked = (request(count) for count in sizes)
        answers = [len(a.effects) for a in stub.AuthorizeStream(asked, timeout=20)]
        assert answers == list(sizes)
    after = settled(admin, 3)
    labels = (("effect", "allow"), ("method", "Authorize"), ("reason", "granted"))
    assert after[("verdict_checks_total", labels)] == sum(sizes)
    assert after[("verdict_batch_checks_sum", ())] == sum(sizes)
    labels = (
        ("code", "ok"),
        ("method", "AuthorizeStream"),
        ("service", "verdict.v1.DecisionService"),
    )
    assert after[("verdict_requests_total", labels)] == 3
    loops = {name: 0 for name in ("verdict_batches_total", "verdict_handed_over_total")}
    for (name, _), value in after.items():
        if name in loops:
            loops[name] += value
    assert set(loops.values()) == {1}


def test_no_id_is_in_the_metrics_and_info_tells_what_the_api_tells(sidecar, admin):
    with channel(sidecar.tcp) as one:
        told = rpc.DecisionServiceStub(one).GetServerInfo(pb.GetServerInfoRequest())
    _, text = get(admin, "/metrics")
    assert "acme" not in text and "user" not in text
    response, text = get(admin, "/info")
    assert response.status == 200 and response.getheader("Content-Type") == "application/json"
    info = json.loads(text)
    assert info["version"] == told.version and info["set_number"] == told.set_number
    [mine], [theirs] = info["organizations"], told.organizations
    assert mine["organization"] == theirs.organization == "acme"
    assert mine["snapshot_digest"] == theirs.snapshot_digest.hex()
    assert mine["generation"] == theirs.generation
    after = samples(admin)
    assert after[("verdict_set_number", ())] == told.set_number
    assert after[("verdict_organizations", ())] == 1
    assert after[("verdict_snapshot_bytes", ())] == mine["snapshot_byte_count"]


def test_a_bad_set_and_a_refused_peer_are_counted(sidecar, admin, tmp_path):
    index = tmp_path / "control/index.json"
    index.write_text(index.read_text().replace("sha256:", "sha512:"))
    failures = {}

    def is_counted():
        failures.update(
            {
                labels[0][1]: value
                for (name, labels), value in samples(admin).items()
                if name == "verdict_set_failures_total"
            }
        )
        return sum(failures.values()) > 0

    wait_until(is_counted, "the refused set is counted")
    assert [cause for cause, count in failures.items() if count > 0] == ["document"]
    states = {v["state"]: n for v, n in labelled(admin, "verdict_policies_state")}
    assert states == {"loaded": 0, "stale": 1, "error": 0}
    # A header list that is too long for one request.
    before = limits_of(admin)
    with channel(sidecar.tcp) as one:
        with pytest.raises(Exception):
            rpc.DecisionServiceStub(one).GetServerInfo(
                pb.GetServerInfoRequest(), metadata=[("x-long", "y" * 9000)], timeout=5
            )
    expected = {**before, "header_list": before["header_list"] + 1}
    wait_until(lambda: limits_of(admin) == expected, "the limit's hit is counted")


def test_pages_for_health_and_for_what_is_not_there(sidecar, admin):
    assert get(admin, "/healthz")[0].status == 200
    assert get(admin, "/readyz")[0].status == 200
    assert get(admin, "/elsewhere")[0].status == 404
    assert get(admin, "/metrics", "POST")[0].status == 405


def test_a_head_a_query_and_requests_one_behind_the_other(sidecar, admin):
    response, text = get(admin, "/healthz?x=1", "HEAD")
    assert (response.status, response.getheader("Content-Length"), text) == (200, "3", "")
    with socket.create_connection(("::1", admin_port(sidecar)), timeout=10) as one:
        ask = b"GET /healthz HTTP/1.1\r\nhost: x\r\n%s\r\n"
        one.sendall(ask % b"" + ask % b"" + ask % b"connection: close\r\n" + ask % b"")
        answer = b"".join(iter(lambda: one.recv(4096), b""))
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 3 and answer.count(b"ok\n") == 3


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nx: " + bytes([120]) * 70_000 + b"\r\n\r\n", b"431 Request"),
    ],
    ids=["no HTTP", "a long head"],
)
def test_what_is_no_request_is_told_so_and_hung_up_on(sidecar, head, status):
    with socket.create_connection(("::1", admin_port(sidecar)), timeout=10) as one:
        one.sendall(head)
        answer = b"".join(iter(lambda: one.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 " + status) and b"connection: close\r\n" in answer


def test_who_asks_for_pages_without_end_is_hung_up_on(sidecar):
    with socket.create_connection(("::1", admin_port(sidecar)), timeout=10) as one:
        one.sendall(b"GET /metrics HTTP/1.1\r\n\r\n" * 2_000)
        answer = b"".join(iter(lambda: one.recv(1 << 20), b""))
    assert 2 <= answer.count(b"HTTP/1.1 200 OK") < 1_000


def test_one_connection_too_many_ends_the_one_that_is_silent_longest(sidecar):
    with contextlib.ExitStack() as stack:
        crowd = [
            stack.enter_context(
                socket.create_connection(("::1", admin_port(sidecar)), timeout=10)
            )
            for _ in range(65)
        ]
        crowd[-1].sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert crowd[-1].recv(4096).startswith(b"HTTP/1.1 200 OK")
        assert crowd[0].recv(1) == b""


def test_not_ready_without_policies_and_reachable_over_a_unix_socket(tmp_path):
    path = tmp_path / "admin.sock"
    arguments = ["--control", tmp_path / "none", "--admin", f"unix:{path}"]
    with Sidecar(tmp_path, *arguments) as sidecar:
        wait_until(lambda: any("admin endpoint" in line for line in sidecar.log), "it listens")
        assert path.stat().st_mode & 0o777 == 0o600
        with contextlib.closing(UnixConnection(path)) as connection:
            assert get(connection, "/healthz")[0].status == 200
            response, text = get(connection, "/readyz")
            assert response.status == 503 and text == "not ready\n"
            assert json.loads(get(connection, "/info")[1])["organizations"] == []
    assert not path.exists()


def test_a_taken_address_is_an_error_and_none_opens_nothing(sidecar, tmp_path):
    taken = f"[::1]:{admin_port(sidecar)}"
    arguments = ["--control", tmp_path / "control", "--admin", taken]
    refused = verdict("serve", *arguments, "--unix", tmp_path / "b.sock", check=False)
    assert refused.returncode == 1 and "admin endpoint can't listen" in refused.stderr
    with Sidecar(tmp_path / "c", "--control", tmp_path / "control", "--admin", "none") as quiet:
        assert not any("admin endpoint" in line for line in quiet.log)
