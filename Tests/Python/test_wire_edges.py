"""The edges of gRPC over HTTP/2, by a peer that breaks the rules one at a time.

After each fault of one request the connection has to serve the next one as if nothing had happened.
"""

import socket

import pytest
from hyperframe.frame import DataFrame, PriorityFrame, WindowUpdateFrame

from api import AUTHORIZE
from calls import MESSAGE, headers, is_served
from peer import PREFACE, Peer, framed

PROTOCOL_ERROR, FLOW_CONTROL_ERROR, ENHANCE_YOUR_CALM = 1, 3, 11


def padded(content, padding):
    frame = DataFrame(1, content)
    frame.flags.add("PADDED")
    frame.pad_length = padding
    return frame


@pytest.mark.parametrize(
    "pieces",
    [
        [MESSAGE],
        [MESSAGE, b""],
        [bytes([byte]) for byte in MESSAGE],
        [padded(MESSAGE, 255)],
        [MESSAGE[:3], MESSAGE[3:7], MESSAGE[7:]],
    ],
    ids=["whole", "empty last", "byte by byte", "padded", "across the prefix"],
)
def test_a_message_may_be_split_and_padded_anyhow(peer, pieces):
    assert is_served(peer, peer.request(headers(), *pieces))
    assert is_served(peer)


def test_a_session_delivered_byte_by_byte_is_answered_alike(acme):
    with Peer(acme.tcp) as peer:
        for _ in range(3):
            stream, content = peer.request_bytes(headers(), MESSAGE)
            peer.send(content, piece=1)
            assert is_served(peer, peer.outcome(stream))


@pytest.mark.parametrize(
    "accepted",
    [
        headers(content_type="application/grpc+proto"),
        headers(content_type="application/grpc;charset=x"),
        headers(without=["te"]),
        headers(("grpc-timeout", "99999999H")),
        headers(("grpc-timeout", "5S")),
        headers(("grpc-encoding", "identity")),
        headers(("x-bin", "AAE=")),
        headers(("priority", "u=9, garbage")),
    ],
)
def test_what_may_be_in_the_headers_is_accepted(peer, accepted):
    assert is_served(peer, peer.request(accepted, MESSAGE))


def test_trailers_of_the_client_end_a_request(peer):
    assert is_served(peer, peer.request(headers(), MESSAGE, trailers=[("x-done", "yes")]))


FRAMING = {
    "no body at all": ([], {13, 12}),
    "empty body": ([b""], {13, 12}),
    "end inside the prefix": ([MESSAGE[:3]], {13}),
    "end inside the message": ([MESSAGE[:-1]], {13}),
    "two messages": ([MESSAGE + MESSAGE], {13, 12}),
    "bytes behind the message": ([MESSAGE + b"x"], {13, 12}),
    "compressed without an encoding": ([framed(MESSAGE[5:], flag=1)], {13}),
    "unknown flag": ([framed(MESSAGE[5:], flag=2)], {13}),
    "another unknown flag": ([framed(MESSAGE[5:], flag=255)], {13}),
    "a zero-length message": ([framed(b"")], {3}),
}


@pytest.mark.parametrize("case", FRAMING)
def test_bad_framing_has_its_status_and_harms_no_other_call(peer, case):
    pieces, statuses = FRAMING[case]
    assert peer.request(headers(), *pieces).grpc_status in statuses
    assert is_served(peer)


def test_a_message_that_announces_too_much_is_refused_at_its_prefix(peer):
    outcome = peer.request(headers(), framed(b"", length=0xFFFFFFFF), end=False)
    assert outcome.grpc_status == 8
    assert is_served(peer)


def test_an_encoding_that_we_lack_is_unimplemented_and_names_ours(peer):
    outcome = peer.request(headers(("grpc-encoding", "snappy")), framed(MESSAGE[5:], flag=1))
    assert outcome.grpc_status == 12
    assert "identity" in outcome.headers["grpc-accept-encoding"]


@pytest.mark.parametrize(
    "path",
    [
        "/verdict.v1.DecisionService/",
        "verdict.v1.DecisionService/Authorize",
        "/" + AUTHORIZE,
        AUTHORIZE + "/",
        AUTHORIZE + "?x",
        AUTHORIZE.upper(),
        AUTHORIZE.replace("Service/", "Service%2F"),
        "/",
        "",
        "*",
        "/verdict.v1.DecisionService/../DecisionService/Authorize",
        AUTHORIZE + " ",
    ],
)
def test_a_path_that_is_not_exactly_a_method_is_never_routed(peer, path):
    outcome = peer.request(headers(path=path), MESSAGE)
    assert outcome.data == b""
    assert outcome.grpc_status == 12 or outcome.reset == PROTOCOL_ERROR
    assert is_served(peer)


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
def test_other_http_methods_are_405(peer, method):
    outcome = peer.request(headers(method=method), MESSAGE)
    assert outcome.http_status == "405" and outcome.data == b""
    assert is_served(peer)


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/grpcfoo", "application/grpc-web"]
)
def test_other_content_types_are_415(peer, kind):
    asked = headers(without=["content-type"]) if kind is None else headers(content_type=kind)
    assert peer.request(asked, MESSAGE).http_status == "415"
    assert is_served(peer)


@pytest.mark.parametrize("timeout", ["5", "5x", "", "-5S", "+5S", "123456789S"])
def test_a_malformed_timeout_is_an_error(peer, timeout):
    assert peer.request(headers(("grpc-timeout", timeout)), MESSAGE).grpc_status == 13
    assert is_served(peer)


@pytest.mark.parametrize("timeout", ["1n", "0m"])
def test_a_timeout_that_is_over_is_no_answer(peer, timeout):
    outcome = peer.request(headers(("grpc-timeout", timeout)), MESSAGE)
    assert outcome.grpc_status == 4 and outcome.data == b""
    assert is_served(peer)


@pytest.mark.parametrize(
    "broken",
    [
        headers(("connection", "close")),
        headers(("transfer-encoding", "chunked")),
        headers((":path", AUTHORIZE)),
        headers((":method", "POST")),
        headers((":unknown", "x")),
        headers(("X-Upper", "x")),
        headers(("x-line", "a\nb")),
        headers(("x-nul", "a\0b")),
        headers(te="gzip"),
        headers(("content-length", "1")),
    ],
)
def test_headers_that_http_forbids_reset_the_stream(peer, broken):
    outcome = peer.request(broken, MESSAGE)
    assert outcome.reset == PROTOCOL_ERROR and outcome.data == b""
    assert is_served(peer)


@pytest.mark.parametrize(
    "many",
    [[(f"x-{i}", "y") for i in range(65)], [("x-long", "y" * 8_200)]],
    ids=["65 headers", "8 KiB"],
)
def test_too_many_headers_reset_the_stream_only(peer, many):
    outcome = peer.request(headers(*many), MESSAGE)
    assert outcome.reset == ENHANCE_YOUR_CALM and outcome.data == b""
    assert is_served(peer)


def test_unknown_frames_and_priorities_are_ignored(peer):
    peer.send(b"\0\0\x08" + b"\x42\0" + bytes(4) + b"whatever")  # a type that nobody knows
    peer.send(PriorityFrame(5, depends_on=3, stream_weight=7).serialize())
    assert is_served(peer)


def test_a_small_window_slows_an_answer_and_loses_nothing(acme):
    with Peer(acme.tcp, settings={4: 10}) as peer:
        stream, content = peer.request_bytes(headers(), MESSAGE)
        peer.send(content)
        while len(peer.outcomes[stream].data) < 10:
            peer.read()
        assert peer.ping()
        assert len(peer.outcomes[stream].data) == 10
        update = WindowUpdateFrame(stream)
        update.window_increment = 1_000
        peer.send(update.serialize())
        assert is_served(peer, peer.outcome(stream))


def test_a_window_that_overflows_ends_the_connection_with_flow_control_error(peer):
    update = WindowUpdateFrame(0)
    update.window_increment = 0x7FFFFFFF
    peer.send(update.serialize())
    assert peer.until_closed() and peer.goaway == FLOW_CONTROL_ERROR


@pytest.mark.parametrize(
    "hello",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    ],
    ids=["HTTP/1.1", "TLS"],
)
def test_other_protocols_are_hung_up_on(acme, hello):
    with Peer(acme.tcp) as right:
        assert is_served(right)
        with socket.create_connection(("127.0.0.1", acme.port)) as wrong:
            wrong.settimeout(5)
            wrong.sendall(hello)
            while wrong.recv(4096):
                pass
        assert is_served(right)


def test_a_connection_that_says_nothing_but_its_preface_harms_nobody(acme):
    with socket.create_connection(("127.0.0.1", acme.port)) as silent:
        silent.sendall(PREFACE[:10])
        with Peer(acme.tcp) as right:
            assert is_served(right)
