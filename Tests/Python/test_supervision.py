"""What a supervisor like systemd relies on: readiness, a watchdog, passed sockets, a clean end."""

import os
import signal
import socket
import subprocess
import time
import uuid

import grpc
import pytest
from hyperframe.frame import DataFrame

from api import ALLOW, AUTHORIZE, Client, pb
from peer import Peer, framed
from sidecar import VERDICT, Sidecar, publish, wait_until
from supervisor import Notifications, listening, passing
from world import MIA

REQUEST = pb.AuthorizeRequest(
    organization="acme",
    principal=MIA,
    workspace="prod",
    checks=[pb.Check(action="edit", resource="destination/D1")],
)


def headers(path):
    return [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]


@pytest.fixture
def control(tmp_path, acme_document):
    publish(tmp_path / "control", acme_document)
    return tmp_path / "control"


def served(tmp_path, control, **environment):
    return Sidecar(tmp_path / "run", "--control", control, environment=environment)


@pytest.mark.parametrize("form", ["path", "abstract"])
def test_it_is_ready_once_policies_are_in_force_and_says_when_it_stops(tmp_path, control, form):
    name = str(tmp_path / "notify") if form == "path" else f"@verdict-{uuid.uuid4()}"
    with Notifications(name) as told:
        sidecar = served(tmp_path, control, NOTIFY_SOCKET=name)
        ready = told.wait("READY")
        assert ready[0] == "READY=1" and ready[1].startswith("STATUS=serving set 1, 1 org")
        with Client(sidecar.tcp) as client:
            assert list(client.authorize(REQUEST).effects) == [ALLOW]
        assert sidecar.stop() == 0
        assert told.wait("STOPPING")[0] == "STOPPING=1"


def test_it_is_not_ready_before_there_are_policies(tmp_path, acme_document):
    control = tmp_path / "control"
    control.mkdir()
    with Notifications(str(tmp_path / "notify")) as told:
        with served(tmp_path, control, NOTIFY_SOCKET=told.name) as sidecar:
            assert told.wait("STATUS") == ["STATUS=waiting for policies"]
            with Client(sidecar.tcp) as client:
                with pytest.raises(grpc.RpcError) as error:
                    client.authorize(REQUEST)
                assert error.value.code() == grpc.StatusCode.UNAVAILABLE
                assert told.waiting() == [["STATUS=waiting for policies"]]
                publish(control, acme_document)
                told.wait("READY")
                # Whoever was told that it is ready gets an answer.
                assert list(client.authorize(REQUEST).effects) == [ALLOW]


def test_a_hang_up_looks_for_new_policies_and_tells_of_it(tmp_path, control):
    with Notifications(str(tmp_path / "notify")) as told:
        with served(tmp_path, control, NOTIFY_SOCKET=told.name) as sidecar:
            told.wait("READY")
            sidecar.process.send_signal(signal.SIGHUP)
            reloading = told.wait("RELOADING")
            assert reloading[1].startswith("MONOTONIC_USEC=")
            assert told.wait("READY") == ["READY=1"]
            with Client(sidecar.unix) as client:
                assert list(client.authorize(REQUEST).effects) == [ALLOW]


def test_the_watchdog_is_fed_while_the_loops_turn(tmp_path, control):
    with Notifications(str(tmp_path / "notify")) as told:
        with served(tmp_path, control, NOTIFY_SOCKET=told.name, WATCHDOG_USEC="200000"):
            told.wait("READY")
            begun = time.monotonic()
            for _ in range(5):
                told.wait("WATCHDOG", seconds=5)
            # Twice in each interval, so five take at least three halves.
            assert time.monotonic() - begun > 0.25


@pytest.mark.parametrize("pid", ["1", "other"])
def test_a_watchdog_for_another_process_is_not_fed(tmp_path, control, pid):
    with Notifications(str(tmp_path / "notify")) as told:
        variables = {"WATCHDOG_USEC": "20000", "WATCHDOG_PID": pid}
        with served(tmp_path, control, NOTIFY_SOCKET=told.name, **variables) as sidecar:
            told.wait("READY")
            sidecar.stop()
            told.wait("STOPPING")
            assert not any("WATCHDOG=1" in lines for lines in told.seen)


def test_a_supervisor_that_cannot_be_reached_is_a_warning(tmp_path, control):
    with served(tmp_path, control, NOTIFY_SOCKET=str(tmp_path / "nobody")) as sidecar:
        with Client(sidecar.tcp) as client:
            assert list(client.authorize(REQUEST).effects) == [ALLOW]
        warnings = [one for one in sidecar.records() if one["level"] == "warning"]
        assert "can't reach the supervisor" in [one["message"] for one in warnings]


def test_passed_sockets_are_listeners_and_keep_who_connected_before(tmp_path, control):
    path = tmp_path / "passed.sock"
    passed = [
        listening(socket.AF_INET, ("127.0.0.1", 0)),
        listening(socket.AF_UNIX, str(path)),
    ]
    tcp = "127.0.0.1:%d" % passed[0].getsockname()[1]
    # Connects and asks before there is a server.
    early = Peer(tcp)
    sidecar = Sidecar(
        tmp_path / "run",
        "--control",
        control,
        before=passing(passed, VERDICT),
        descriptors=[one.fileno() for one in passed],
        environment={"LISTEN_FDS": "2", "LISTEN_FDNAMES": "public:local"},
    )
    for one in passed:
        one.close()
    with early:
        assert early.ping()
    for address in (tcp, f"unix:{path}", sidecar.unix):
        with Client(address) as client:
            assert list(client.authorize(REQUEST).effects) == [ALLOW]
    listened = [one for one in sidecar.records() if one["message"] == "listening"]
    inspections = {one["address"]: one["inspection"] for one in listened}
    assert inspections[tcp] == "off" and inspections[f"unix:{path}"] == "on"
    assert sidecar.stop() == 0
    # Its own name goes with it; that of the passed one belongs to whoever passed it.
    assert path.exists() and not sidecar.socket.exists()


def test_sockets_for_another_process_are_left_alone(tmp_path, control):
    with served(tmp_path, control, LISTEN_FDS="2", LISTEN_PID="1") as sidecar:
        with Client(sidecar.tcp) as client:
            assert list(client.authorize(REQUEST).effects) == [ALLOW]


def test_a_passed_descriptor_that_does_not_listen_is_an_error(tmp_path, control):
    with socket.socket() as one:
        words = passing([one], VERDICT)
        done = subprocess.run(
            [*words, "serve", "--control", str(control)],
            env={**os.environ, "LISTEN_FDS": "1"},
            pass_fds=[one.fileno()],
            capture_output=True,
            text=True,
            timeout=20,
        )
    assert done.returncode == 64
    assert "descriptor 3" in done.stderr


def test_a_thousand_calls_under_way_are_all_answered_when_it_stops(tmp_path, control):
    """Each has arrived but for its last byte when the signal comes."""
    sidecar = Sidecar(tmp_path / "run", "--control", control)
    content = framed(REQUEST.SerializeToString())
    peers = [Peer(address) for address in [sidecar.tcp, sidecar.unix] * 5]
    streams = []
    for peer in peers:
        begun = [
            peer.request_bytes(headers(AUTHORIZE), content[:-1], end=False) for _ in range(100)
        ]
        peer.send(b"".join(bytes_ for _, bytes_ in begun))
        assert peer.ping()
        streams.append([stream for stream, _ in begun])
    sidecar.process.send_signal(signal.SIGTERM)
    for peer in peers:
        while peer.goaway is None:
            peer.read()
    for peer, numbers in zip(peers, streams):
        ends = []
        for stream in numbers:
            frame = DataFrame(stream, content[-1:])
            frame.flags.add("END_STREAM")
            ends.append(frame.serialize())
        peer.send(b"".join(ends))
    answered = 0
    for peer, numbers in zip(peers, streams):
        for stream in numbers:
            outcome = peer.outcome(stream)
            assert outcome.grpc_status == 0 and outcome.data
            answered += 1
    for peer in peers:
        peer.until_closed()
        peer.socket.close()
    assert answered == 1000
    assert sidecar.stop() == 0


def stuck(sidecar):
    """A call that never ends."""
    peer = Peer(sidecar.tcp)
    _, content = peer.request_bytes(headers(AUTHORIZE), b"\0", end=False)
    peer.send(content)
    assert peer.ping()
    return peer


def test_a_call_that_never_ends_is_given_up_at_the_drain_timeout(tmp_path, control):
    sidecar = Sidecar(tmp_path / "run", "--control", control, "--drain-timeout", "1")
    with stuck(sidecar):
        begun = time.monotonic()
        assert sidecar.stop() == 0
        assert 0.9 < time.monotonic() - begun < 1.5


def test_a_second_signal_ends_it_at_once(tmp_path, control):
    sidecar = Sidecar(tmp_path / "run", "--control", control, "--drain-timeout", "60")
    with stuck(sidecar):
        sidecar.process.send_signal(signal.SIGTERM)
        wait_until(lambda: any("draining" in line for line in sidecar.log), "it drains")
        begun = time.monotonic()
        assert sidecar.stop() == 0
        assert time.monotonic() - begun < 1


def test_health_is_not_serving_while_it_drains(tmp_path, control):
    sidecar = Sidecar(tmp_path / "run", "--control", control, "--drain-timeout", "60")
    with stuck(sidecar) as peer:
        sidecar.process.send_signal(signal.SIGTERM)
        while peer.goaway is None:
            peer.read()
        # New streams are served until the final GOAWAY, and are told the truth.
        outcome = peer.request(headers("/grpc.health.v1.Health/Check"), framed(b""))
        assert outcome.data == b"\0\0\0\0\2\x08\2"
        assert sidecar.stop() == 0
