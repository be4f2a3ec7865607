"""Who may call: lists of callers, and Unix sockets with their modes and credentials."""

import os
import socket
import stat
import subprocess
import tempfile

import grpc
import hpack
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from hyperframe.frame import DataFrame, HeadersFrame, SettingsFrame

from api import ALLOW, Client
from certificates import Authority
from peer import PREFACE, framed
from sidecar import Sidecar, publish, verdict, wait_until
from test_tls import CHECK, DENIED, REQUEST, ask, logged, refused, serve

NOBODY = 65534


@pytest.fixture(scope="module")
def control(tmp_path_factory, acme_document):
    control = tmp_path_factory.mktemp("caller-policy") / "control"
    publish(control, acme_document)
    return control


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("caller-authority"))


def call(address):
    with Client(address) as client:
        return list(client.authorize(REQUEST).effects)


def is_healthy(address):
    with grpc.insecure_channel(address) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(), timeout=5
        )
    return answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize(
    "pattern, names, allowed",
    [
        ("uri:spiffe://acme/web", {"uris": ["spiffe://acme/web"], "dns": ["web"]}, True),
        ("uri:spiffe://acme/web", {"uris": ["spiffe://acme/web2"]}, False),
        ("uri:spiffe://acme/*", {"uris": ["spiffe://acme/ns/a"]}, True),
        ("uri:spiffe://acme/*", {"uris": ["spiffe://acme.evil/ns/a"]}, False),
        ("dns:web.acme", {"dns": ["web.acme"]}, True),
        # The first URI is who they are; their DNS name isn't asked.
        ("dns:web.acme", {"uris": ["spiffe://acme/x"], "dns": ["web.acme"]}, False),
        ("subject:CN=web", {"common_name": "web"}, True),
        # A name of one kind is no name of another.
        ("subject:CN=web", {"common_name": "web", "dns": ["other"]}, False),
        ("dns:web.acme", {"common_name": "web.acme"}, False),
        ("uid:0", {"common_name": "uid:0"}, False),
    ],
)
def test_a_certificate_s_name_decides_who_is_on_the_list(
    tmp_path, control, authority, pattern, names, allowed
):
    identity = authority.issue("caller", **names)
    arguments = ["--tls-client-ca", authority.path, "--allow-caller", pattern]
    with serve(tmp_path, control, authority.server("list"), *arguments, loops=1) as sidecar:
        if allowed:
            assert ask(sidecar.tcp, authority, identity) == [ALLOW]
        else:
            assert refused(sidecar.tcp, authority, identity) == DENIED
            wait_until(
                lambda: logged(sidecar, "callers refused", service="decision"), "the refusal"
            )


def test_a_list_can_be_about_one_service(tmp_path, control):
    uid = os.getuid()
    arguments = ["--allow-caller", f"inspection=uid:{uid}"]
    with Sidecar(tmp_path, "--control", control, *arguments) as sidecar:
        with pytest.raises(grpc.RpcError) as error:
            call(sidecar.unix)
        assert error.value.code() == DENIED
        explained = verdict("explain", "--server", sidecar.unix, *CHECK, check=False)
        assert explained.returncode == 0, explained.stderr
        # Health stays open to everybody, over TCP too, where callers are anonymous.
        assert is_healthy(sidecar.unix) and is_healthy(sidecar.tcp)
        with pytest.raises(grpc.RpcError) as error:
            call(sidecar.tcp)
        assert error.value.code() == DENIED
        wait_until(
            lambda: logged(sidecar, "callers refused", caller="anonymous", service="decision")
            and logged(sidecar, "callers refused", caller=f"uid:{uid}", service="decision"),
            "both are told",
        )


def test_a_caller_that_goes_on_is_told_once_a_connection(tmp_path, control):
    with Sidecar(tmp_path, "--control", control, "--allow-caller", "uid:12345") as sidecar:
        with Client(sidecar.unix) as client:
            for _ in range(500):
                with pytest.raises(grpc.RpcError) as error:
                    client.authorize(REQUEST)
                assert error.value.code() == DENIED
        wait_until(lambda: logged(sidecar, "callers refused"), "the refusal is told")
    assert sum(record["message"] == "callers refused" for record in sidecar.records()) == 1


def test_the_same_list_with_the_right_user_lets_in(tmp_path, control):
    arguments = ["--allow-caller", f"uid:{os.getuid()}"]
    with Sidecar(tmp_path, "--control", control, *arguments) as sidecar:
        assert call(sidecar.unix) == [ALLOW]


def test_what_is_no_caller_is_wrong_usage(control):
    for text in ("root", "uid:root", "uid:", "other=uid:1", "uri:", "decision=x"):
        done = verdict("serve", "--control", control, "--allow-caller", text, check=False)
        assert done.returncode == 64 and "--allow-caller" in done.stderr, text


# Unix sockets.


def test_a_socket_s_mode_is_0600_unless_set(tmp_path, control):
    for mode, arguments in ((0o600, []), (0o660, ["--unix-mode", "0660"])):
        with Sidecar(tmp_path, "--control", control, *arguments) as sidecar:
            assert stat.S_IMODE(sidecar.socket.stat().st_mode) == mode
    for text in ("9", "01000", "rw"):
        done = verdict("serve", "--control", control, "--unix-mode", text, check=False)
        assert done.returncode == 64


def somebody():
    """A user whom this one may give files to, and run programs as: another one where possible."""
    return NOBODY if os.getuid() == 0 else os.getuid()


def test_a_socket_s_owner_can_be_set(tmp_path, control):
    owner, group = somebody(), os.getgid()
    arguments = ["--unix-owner", f"{owner}:{group}", "--unix-mode", "0660"]
    with Sidecar(tmp_path, "--control", control, *arguments) as sidecar:
        found = sidecar.socket.stat()
        assert (found.st_uid, found.st_gid) == (owner, group)
    for text in ("nobody-of-that-name", ":no-such-group", ":", ""):
        done = verdict("serve", "--control", control, "--unix-owner", text, check=False)
        assert done.returncode == 64, text


KNOCK = """
import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
peer.sendall(bytes.fromhex(sys.argv[2]))
peer.shutdown(socket.SHUT_WR)
while peer.recv(65536):
    pass
"""


def knock_as(user, path):
    """Make one call as another user, by raw bytes: that user can't read our environment."""
    fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/verdict.v1.DecisionService/Authorize"),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]
    headers = HeadersFrame(1, hpack.Encoder().encode(fields, huffman=False))
    headers.flags.add("END_HEADERS")
    data = DataFrame(1, framed(REQUEST.SerializeToString()))
    data.flags.add("END_STREAM")
    frames = PREFACE + b"".join(one.serialize() for one in (SettingsFrame(0), headers, data))
    subprocess.run(
        ["/usr/bin/python3", "-c", KNOCK, str(path), frames.hex()],
        user=user,
        check=True,
        timeout=20,
        cwd="/",
    )


def test_a_caller_is_known_by_the_user_it_runs_as(control):
    user = somebody()
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        os.chmod(directory, 0o755)
        arguments = ["--unix-mode", "0666", "--allow-caller", f"uid:{user + 1}"]
        with Sidecar(directory, "--control", control, *arguments) as sidecar:
            knock_as(user, sidecar.socket)
            wait_until(
                lambda: logged(sidecar, "callers refused", caller=f"uid:{user}"), "the refusal"
            )


def test_a_dead_socket_s_name_is_taken_over_and_a_live_one_is_not(tmp_path, control):
    path = tmp_path / "verdict.sock"
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    assert path.exists()
    with Sidecar(tmp_path, "--control", control) as sidecar:
        assert call(sidecar.unix) == [ALLOW]
        done = verdict("serve", "--control", control, "--unix", path, check=False)
        assert done.returncode == 1 and "in use" in done.stderr
        assert call(sidecar.unix) == [ALLOW]
    assert not path.exists()
    path.write_text("somebody's file")
    done = verdict("serve", "--control", control, "--unix", path, check=False)
    assert done.returncode == 1 and path.read_text() == "somebody's file"
