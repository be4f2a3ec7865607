"""HTTP's and gRPC's rules for headers, against the real binary, over both transports."""

import base64
import socket

import pytest

import frames as f
from api import AUTHORIZE
from calls import MESSAGE, headers, is_served


def test_unknown_services_and_methods_are_told_apart(peer):
    service = peer.request(headers(path="/no.such.Service/M"), MESSAGE)
    method = peer.request(headers(path=AUTHORIZE + "s"), MESSAGE)
    assert service.grpc_status == method.grpc_status == 12
    assert "unknown service" in service.headers["grpc-message"]
    assert "unknown method" in method.headers["grpc-message"]


def with_raw(*pairs):
    return headers() + list(pairs)


PLAIN = [(":method", "POST"), (":scheme", "http"), (":path", AUTHORIZE)]
GRPC = ("content-type", "application/grpc")
HTTP = {
    "te in capitals": (headers(te="Trailers"), True),
    "te of another kind": (headers(te="gzip"), False),
    "te twice": (with_raw(("te", "trailers")), True),
    "two paths": (with_raw((":path", AUTHORIZE)), False),
    "pseudo after regular": ([*PLAIN[:2], GRPC, PLAIN[2]], False),
    "unknown pseudo": ([(":x", "y"), *headers()], False),
    "status": ([(":status", "200"), *headers()], False),
    "no method": ([*PLAIN[1:], GRPC], False),
    "no scheme": ([PLAIN[0], PLAIN[2], GRPC], False),
    "no path": ([*PLAIN[:2], GRPC], False),
    "empty path": (headers(path=""), False),
    "upper-case name": (with_raw(("X-Upper", "x")), False),
    "blank in a name": (with_raw(("x y", "x")), False),
    "empty name": (with_raw(("", "x")), False),
    "newline": (with_raw(("x-a", "a\nb")), False),
    "return": (with_raw(("x-a", "a\rb")), False),
    "nul": (with_raw(("x-a", "a\0b")), False),
    "blank in front": (with_raw(("x-a", " b")), False),
    "blank behind": (with_raw(("x-a", "b ")), False),
    "tabulator inside": (with_raw(("x-a", "a\tb")), True),
    "bytes beyond ASCII": (with_raw(("x-a", b"\x80\xff")), True),
    "empty value": (with_raw(("x-a", "")), True),
    "keep-alive": (with_raw(("keep-alive", "5")), False),
    "proxy-connection": (with_raw(("proxy-connection", "x")), False),
    "upgrade": (with_raw(("upgrade", "h2c")), False),
    "connect with a path": (headers(method="CONNECT"), False),
    "a timeout with a blank": (with_raw(("grpc-timeout", " 5S")), False),
}


@pytest.mark.parametrize("case", HTTP)
def test_headers_that_http_allows_and_forbids(peer, case):
    asked, is_allowed = HTTP[case]
    stream, _ = peer.request_bytes(headers(), MESSAGE)
    peer.send(f.request(stream, asked, MESSAGE))
    outcome = peer.outcome(stream)
    if is_allowed:
        assert is_served(peer, outcome)
    else:
        assert outcome.reset == f.PROTOCOL and outcome.data == b"" and not outcome.headers
    # The encoder of the next request knows what this one told it.
    with_fresh_tables = peer.next_stream
    peer.next_stream += 2
    peer.outcomes[with_fresh_tables] = type(outcome)()
    peer.send(f.request(with_fresh_tables, headers(), MESSAGE))
    assert is_served(peer, peer.outcome(with_fresh_tables))


AUTHORITIES = {
    # what is sent: (over TCP, over a Unix socket)
    "none": ([], True, True),
    "empty": ([(":authority", "")], False, True),
    "raw path": ([(":authority", "/run/verdict.sock")], False, True),
    "escaped path": ([(":authority", "run%2Fverdict.sock")], True, True),
    "host and port": ([(":authority", "127.0.0.1:50051")], True, True),
    "address in brackets": ([(":authority", "[::1]:50051")], True, True),
    "user": ([(":authority", "user@host")], False, True),
    "blank": ([(":authority", "a b")], False, False),
    "host only": ([("host", "localhost")], True, True),
    "host differs": ([(":authority", "a.example"), ("host", "b.example")], True, True),
    "two hosts": ([(":authority", "a"), ("host", "b"), ("host", "c")], False, False),
    "two authorities": ([(":authority", "a"), (":authority", "a")], False, False),
}


@pytest.mark.parametrize("case", AUTHORITIES)
def test_an_authority_is_what_the_transport_allows(peer, case):
    said, over_tcp, over_unix = AUTHORITIES[case]
    allowed = over_unix if peer.socket.family == socket.AF_UNIX else over_tcp
    stream, _ = peer.request_bytes(headers(), MESSAGE)
    pseudo = [pair for pair in said if pair[0].startswith(":")]
    plain = [pair for pair in said if not pair[0].startswith(":")]
    peer.send(f.request(stream, [*PLAIN, *pseudo, GRPC, *plain], MESSAGE))
    outcome = peer.outcome(stream)
    if allowed:
        assert is_served(peer, outcome)
    else:
        assert outcome.reset == f.PROTOCOL


@pytest.mark.parametrize(
    "value",
    ["AAE", "AAE=", "AAE,AAE", "!!", "", base64.b64encode(bytes(range(256))).decode()],
)
def test_binary_metadata_that_nobody_uses_is_ignored(peer, value):
    assert is_served(peer, peer.request(headers(("x-trace-bin", value)), MESSAGE))


def test_a_single_huge_header_ends_the_connection_and_a_big_one_the_stream(peer):
    assert peer.request(headers(("x-a", "y" * 12_000)), MESSAGE).reset == f.CALM
    assert is_served(peer)
    stream, _ = peer.request_bytes(headers(), MESSAGE)
    content = f.block(headers(("x-a", "y" * 60_000)))
    pieces = [content[start : start + 16_000] for start in range(0, len(content), 16_000)]
    peer.send(f.frame(f.HEADERS, f.END_STREAM, stream, pieces[0]))
    for index, piece in enumerate(pieces[1:]):
        last = index == len(pieces) - 2
        peer.send(f.frame(f.CONTINUATION, f.END_HEADERS if last else 0, stream, piece))
    assert peer.until_closed() and peer.goaway == f.CALM and peer.last_words == b"header_bomb"


@pytest.mark.parametrize(
    "trailers, flags",
    [
        ([("x-done", "yes")], f.END_HEADERS),
        ([(":path", "/")], f.END_HEADERS | f.END_STREAM),
        ([("connection", "close")], f.END_HEADERS | f.END_STREAM),
        ([("X-Upper", "x")], f.END_HEADERS | f.END_STREAM),
    ],
    ids=["no end", "pseudo", "connection", "upper-case"],
)
def test_trailers_that_end_nothing_reset_the_stream(peer, trailers, flags):
    stream, content = peer.request_bytes(headers(), MESSAGE, end=False)
    peer.send(content + f.frame(f.HEADERS, flags, stream, f.block(trailers)))
    assert peer.outcome(stream).reset == f.PROTOCOL
    assert is_served(peer)


@pytest.mark.parametrize(
    "length, is_right",
    [
        (str(len(MESSAGE)), True),
        (str(len(MESSAGE) + 1), False),
        (str(len(MESSAGE) - 1), False),
        ("0", False),
        ("x", False),
        ("-1", False),
        ("", False),
        ("9" * 30, False),
    ],
)
def test_a_content_length_has_to_be_true(peer, length, is_right):
    outcome = peer.request(headers(("content-length", length)), MESSAGE)
    assert is_served(peer, outcome) if is_right else outcome.reset == f.PROTOCOL
    assert is_served(peer)
