"""The cases of h2spec, the well-known conformance suite of HTTP/2, by frames of our own.

h2spec itself asks for `GET /` and a page; a right gRPC call stands in its place, and an answer of
gRPC where h2spec wants DATA. A case is its section and number there, what is sent, and what may
come back: `OK` (the call is served), or errors of the connection (a GOAWAY with one of them, or
just the end), or, where `stream` is among them, of the stream too (a reset with one of them).
`DEVIATIONS` are those where nghttp2 or we do otherwise, with the reason.
"""

import contextlib
import socket

import pytest

import frames as f
from calls import MESSAGE, headers, is_served
from peer import PREFACE, Peer

OK = "served"
PROTOCOL, SIZE, FLOW, CLOSED = {f.PROTOCOL}, {f.FRAME_SIZE}, {f.FLOW_CONTROL}, {f.CLOSED}
COMPRESSION = {f.COMPRESSION}
BLOCK = f.block(headers())
KEY = bytes.fromhex("25a849e95ba97d7f")  # `custom-key` in Huffman's code


def call(stream=1, **options):
    return f.request(stream, headers(), MESSAGE, **options)


def head(stream=1, flags=f.END_HEADERS, block=BLOCK):
    return f.frame(f.HEADERS, flags, stream, block)


def ask(*pairs, stream=1):
    """A call with exactly these headers."""
    return f.request(stream, list(pairs), MESSAGE)


def plus(*pairs):
    return f.request(1, headers(*pairs), MESSAGE)


def without(name):
    return f.request(1, headers(without=[name]), MESSAGE)


def priority(stream, on, weight=255):
    return f.frame(f.PRIORITY, 0, stream, on.to_bytes(4, "big") + bytes([weight]))


def prioritized(on):
    payload = on.to_bytes(4, "big") + b"\xff" + BLOCK
    return f.frame(f.HEADERS, f.END_HEADERS | f.PRIORITIZED, 1, payload) + f.frame(
        f.DATA, f.END_STREAM, 1, MESSAGE
    )


def padded(pad):
    """DATA whose padding is as long as is said."""
    return f.frame(f.DATA, f.END_STREAM | f.PADDED, 1, bytes([pad]) + MESSAGE)


def split(*flags_and_parts):
    content = b""
    for kind, flags, part in flags_and_parts:
        content += f.frame(kind, flags, 1, part)
    return content


HALF, REST = BLOCK[:20], BLOCK[20:]
# A block in three pieces, the first without the flag that ends it.
BEGUN = split((f.HEADERS, 0, HALF))
WHOLE = call()
OPEN = head()
ENDED = head(flags=f.END_HEADERS | f.END_STREAM)
# The call was given up by its peer.
GONE = head() + f.reset(1)
LATER = b"".join(f.request(stream, headers(), MESSAGE) for stream in (1, 3))

# section/number: (frames, what comes)
GENERIC = {
    "1/1 preface": (f.settings() + WHOLE, OK),
    "2/1 idle: PRIORITY": (priority(1, 0) + WHOLE, OK),
    "2/2 half-closed: WINDOW_UPDATE": (WHOLE + f.window(1, 1), OK),
    "2/3 half-closed: PRIORITY": (WHOLE + priority(1, 0), OK),
    "2/4 half-closed: RST_STREAM": (f.request(3, headers()) + f.reset(3) + call(5), OK),
    "2/5 closed: PRIORITY": (GONE + priority(1, 0) + call(3), OK),
    "3.1/1 DATA": (WHOLE, OK),
    "3.1/2 DATA in several": (f.request(1, headers(), MESSAGE[:4], MESSAGE[4:]), OK),
    "3.1/3 padded DATA": (
        head() + f.frame(f.DATA, f.END_STREAM | f.PADDED, 1, b"\x03" + MESSAGE + bytes(3)),
        OK,
    ),
    "3.2/1 HEADERS": (WHOLE, OK),
    "3.2/2 padded HEADERS": (
        head(flags=f.END_HEADERS | f.PADDED, block=b"\x04" + BLOCK + bytes(4))
        + f.frame(f.DATA, f.END_STREAM, 1, MESSAGE),
        OK,
    ),
    "3.2/3 HEADERS with a priority": (prioritized(0), OK),
    "3.3/1 PRIORITY": (priority(1, 0) + WHOLE, OK),
    "3.3/2 PRIORITY of 256": (priority(1, 0, 255) + WHOLE, OK),
    "3.3/3 PRIORITY on another": (priority(1, 3, 15) + WHOLE, OK),
    "3.3/4 PRIORITY, exclusive": (priority(1, 3 | 1 << 31) + WHOLE, OK),
    "3.3/5 PRIORITY of one that never comes": (priority(9, 1) + WHOLE, OK),
    "3.4/1 RST_STREAM": (head() + f.reset(1) + call(3), OK),
    "3.5/1 SETTINGS": (f.settings((3, 100), (4, 65_535)) + WHOLE, OK),
    "3.7/1 PING": (f.ping() + WHOLE, OK),
    "3.8/1 GOAWAY": (f.goaway() + WHOLE, OK),
    "3.9/1 WINDOW_UPDATE": (f.window(0, 1) + WHOLE, OK),
    "3.9/2 WINDOW_UPDATE of a stream": (head() + f.window(1, 1) + WHOLE[len(head()) :], OK),
    "3.10/1 CONTINUATION": (
        BEGUN
        + split((f.CONTINUATION, f.END_HEADERS, REST), (f.DATA, f.END_STREAM, MESSAGE)),
        OK,
    ),
    "3.10/2 several CONTINUATIONs": (
        BEGUN
        + split(
            (f.CONTINUATION, 0, REST[:9]),
            (f.CONTINUATION, f.END_HEADERS, REST[9:]),
            (f.DATA, f.END_STREAM, MESSAGE),
        ),
        OK,
    ),
    "4/1 GET": (ask((":method", "GET"), *headers()[1:]), "405"),
    "4/2 HEAD": (ask((":method", "HEAD"), *headers()[1:]), "405"),
    "4/3 POST": (WHOLE, OK),
    "4/4 POST with trailers": (
        f.request(1, headers(), MESSAGE, end=False)
        + head(flags=f.END_HEADERS | f.END_STREAM, block=f.block([("x-t", "y")])),
        OK,
    ),
    # Of HPACK: each way to write a header.
    "5/1 indexed": (head(block=b"\x83\x86" + f.block(headers()[2:])) + WHOLE[len(head()) :], OK),
    "5/2 indexed name": (
        head(block=b"\x83\x86\x04" + f.literal(headers()[2][1]) + f.block(headers()[3:]))
        + WHOLE[len(head()) :],
        OK,
    ),
    "5/3 literal, kept": (
        head(block=BLOCK + b"\x40" + f.literal("x-k") + f.literal("v")) + WHOLE[len(head()) :],
        OK,
    ),
    "5/4 literal, kept, used again": (
        head(block=BLOCK + b"\x40" + f.literal("x-k") + f.literal("v") + b"\xbe")
        + WHOLE[len(head()) :],
        OK,
    ),
    "5/5 literal, not kept": (
        head(block=BLOCK + b"\x00" + f.literal("x-k") + f.literal("v")) + WHOLE[len(head()) :],
        OK,
    ),
    "5/6 literal, never kept": (
        head(block=BLOCK + b"\x10" + f.literal("x-k") + f.literal("v")) + WHOLE[len(head()) :],
        OK,
    ),
    "5/7 table resized": (head(block=b"\x20" + BLOCK) + WHOLE[len(head()) :], OK),
    "5/8 table resized twice": (head(block=b"\x20\x3f\xe1\x1f" + BLOCK) + WHOLE[len(head()) :], OK),
    "5/9 Huffman": (
        head(block=BLOCK + b"\x00\x88" + KEY + b"\x01v") + WHOLE[len(head()) :],
        OK,
    ),
}

HTTP2 = {
    "4.1/1 unknown type": (f.frame(0x16, 0, 0, bytes(8)) + WHOLE, OK),
    "4.1/2 unknown flags": (f.frame(f.PING, 0x16, 0, bytes(8)) + WHOLE, OK),
    "4.1/3 reserved bit": (f.frame(f.PING, 0, 1 << 31, bytes(8)) + WHOLE, OK),
    "4.2/1 frame of the greatest size": (
        head() + f.frame(f.DATA, f.END_STREAM, 1, MESSAGE),
        OK,
    ),
    "4.2/2 DATA beyond it": (head() + f.frame(f.DATA, 1, 1, bytes(16_385)), SIZE | {"stream"}),
    "4.2/3 HEADERS beyond it": (head(block=BLOCK + f.block([("a", "b" * 16_385)])), SIZE),
    "4.3/1 broken block": (head(block=b"\x00\x00\x01"), COMPRESSION),
    "4.3/2 PRIORITY inside a block": (BEGUN + priority(1, 0), PROTOCOL),
    "4.3/3 another stream inside a block": (BEGUN + head(3), PROTOCOL),
    "5.1/1 idle: DATA": (f.frame(f.DATA, 1, 1, MESSAGE), PROTOCOL),
    "5.1/2 idle: RST_STREAM": (f.reset(1), PROTOCOL),
    "5.1/3 idle: WINDOW_UPDATE": (f.window(1, 100), PROTOCOL),
    "5.1/4 idle: CONTINUATION": (f.frame(f.CONTINUATION, 4, 1, BLOCK), PROTOCOL),
    "5.1/5 half-closed: DATA": (ENDED + f.frame(f.DATA, 1, 1, MESSAGE), CLOSED | {"stream"}),
    "5.1/6 half-closed: HEADERS": (ENDED + ENDED, CLOSED | {"stream"}),
    "5.1/7 half-closed: CONTINUATION": (
        ENDED + f.frame(f.CONTINUATION, 4, 1, BLOCK),
        CLOSED | PROTOCOL,
    ),
    "5.1/8 reset: DATA": (GONE + f.frame(f.DATA, 1, 1, MESSAGE), CLOSED | {"stream"}),
    "5.1/9 reset: HEADERS": (GONE + ENDED, CLOSED | {"stream"}),
    "5.1/10 reset: CONTINUATION": (GONE + f.frame(f.CONTINUATION, 4, 1, BLOCK), CLOSED | PROTOCOL),
    "5.1/11 closed: DATA": (WHOLE + f.frame(f.DATA, 1, 1, MESSAGE), CLOSED | {"stream"}),
    "5.1/12 closed: HEADERS": (WHOLE + ENDED, CLOSED | {"stream"}),
    "5.1/13 closed: CONTINUATION": (
        WHOLE + f.frame(f.CONTINUATION, 4, 1, BLOCK),
        CLOSED | PROTOCOL,
    ),
    "5.1.1/1 even stream": (call(2), PROTOCOL),
    "5.1.1/2 smaller stream": (call(5) + call(3), PROTOCOL),
    "5.1.2/1 too many streams": (
        b"".join(head(stream) for stream in range(1, 2 * 257 + 1, 2)),
        PROTOCOL | {f.REFUSED, "stream"},
    ),
    "5.3.1/1 HEADERS depend on themselves": (prioritized(1), PROTOCOL | {"stream"}),
    "5.3.1/2 PRIORITY depends on itself": (priority(2, 2), PROTOCOL | {"stream"}),
    "5.4.1/1 GOAWAY before the close": (f.frame(f.DATA, 0, 0, b"x"), PROTOCOL),
    "5.4.1/2 GOAWAY names an error": (f.frame(f.PING, 0, 0, bytes(6)), SIZE),
    "5.5/1 unknown extension": (f.frame(0xFF, 0, 0, bytes(4)) + WHOLE, OK),
    "5.5/2 extension inside a block": (BEGUN + f.frame(0xFF, 1, 0, bytes(4)), PROTOCOL),
    "6.1/1 DATA on stream 0": (f.frame(f.DATA, 0, 0, b"test"), PROTOCOL),
    "6.1/2 DATA on a closed stream": (ENDED + f.frame(f.DATA, 1, 1, b"x"), CLOSED | {"stream"}),
    "6.1/3 padding longer than the frame": (
        head() + f.frame(f.DATA, f.PADDED | 1, 1, b"\xff" + b"test"),
        PROTOCOL,
    ),
    "6.2/1 HEADERS, then PRIORITY": (BEGUN + priority(1, 0), PROTOCOL),
    "6.2/2 HEADERS, then another's HEADERS": (BEGUN + head(3), PROTOCOL),
    "6.2/3 HEADERS on stream 0": (head(0), PROTOCOL),
    "6.2/4 padding longer than the block": (
        head(flags=f.END_HEADERS | f.PADDED | 1, block=bytes([len(BLOCK) + 1 & 255]) + b"x"),
        PROTOCOL,
    ),
    "6.3/1 PRIORITY on stream 0": (priority(0, 1), PROTOCOL),
    "6.3/2 PRIORITY of 4 bytes": (f.frame(f.PRIORITY, 0, 1, bytes(4)), SIZE | {"stream"}),
    "6.4/1 RST_STREAM on stream 0": (f.reset(0), PROTOCOL),
    "6.4/2 RST_STREAM on an idle stream": (f.reset(1), PROTOCOL),
    "6.4/3 RST_STREAM of 3 bytes": (head() + f.frame(f.RESET, 0, 1, bytes(3)), SIZE),
    "6.5/1 SETTINGS, ACK with content": (f.frame(f.SETTINGS, f.ACK, 0, bytes(6)), SIZE),
    "6.5/2 SETTINGS on a stream": (f.frame(f.SETTINGS, 0, 1, bytes(6)), PROTOCOL),
    "6.5/3 SETTINGS of 3 bytes": (f.frame(f.SETTINGS, 0, 0, bytes(3)), SIZE),
    "6.5.2/1 ENABLE_PUSH of 2": (f.settings((2, 2)), PROTOCOL),
    "6.5.2/2 INITIAL_WINDOW_SIZE": (f.settings((4, 1 << 31)), FLOW),
    "6.5.2/3 MAX_FRAME_SIZE below": (f.settings((5, 16_383)), PROTOCOL),
    "6.5.2/4 MAX_FRAME_SIZE beyond": (f.settings((5, 1 << 24)), PROTOCOL),
    "6.5.2/5 unknown setting": (f.settings((0xFF, 1)) + WHOLE, OK),
    "6.5.3/1 settings said twice": (f.settings((4, 100), (4, 1_000)) + WHOLE, OK),
    "6.5.3/2 settings are acknowledged": (f.settings() + WHOLE, OK),
    "6.7/1 PING": (f.ping() + WHOLE, OK),
    "6.7/2 PING with ACK": (f.frame(f.PING, f.ACK, 0, b"invalid!") + f.ping() + WHOLE, OK),
    "6.7/3 PING on a stream": (f.frame(f.PING, 0, 1, bytes(8)), PROTOCOL),
    "6.7/4 PING of 6 bytes": (f.frame(f.PING, 0, 0, bytes(6)), SIZE),
    "6.8/1 GOAWAY on a stream": (f.frame(f.GOAWAY, 0, 1, bytes(8)), PROTOCOL),
    "6.9/1 WINDOW_UPDATE of 0": (f.window(0, 0), PROTOCOL),
    "6.9/2 WINDOW_UPDATE of 0 on a stream": (head() + f.window(1, 0), PROTOCOL | {"stream"}),
    "6.9/3 WINDOW_UPDATE of 3 bytes": (f.frame(f.WINDOW, 0, 0, bytes(3)), SIZE),
    "6.9.1/2 window beyond its size": (f.window(0, 0x7FFFFFFF) * 2, FLOW),
    "6.9.1/3 stream's window beyond its size": (
        head() + f.window(1, 0x7FFFFFFF) * 2,
        FLOW | {"stream"},
    ),
    "6.9.2/3 initial window beyond its size": (f.settings((4, 1 << 31)), FLOW),
    "6.10/1 several CONTINUATIONs": (GENERIC["3.10/2 several CONTINUATIONs"][0], OK),
    "6.10/2 CONTINUATION, then DATA": (BEGUN + f.frame(f.DATA, 1, 1, MESSAGE), PROTOCOL),
    "6.10/3 CONTINUATION on stream 0": (BEGUN + f.frame(f.CONTINUATION, 4, 0, REST), PROTOCOL),
    "6.10/4 CONTINUATION after HEADERS that end": (
        OPEN + f.frame(f.CONTINUATION, 4, 1, BLOCK),
        PROTOCOL,
    ),
    "6.10/5 CONTINUATION after one that ends": (
        BEGUN + f.frame(f.CONTINUATION, 4, 1, REST) + f.frame(f.CONTINUATION, 4, 1, BLOCK),
        PROTOCOL,
    ),
    "6.10/6 CONTINUATION after DATA": (
        OPEN + f.frame(f.DATA, 0, 1, b"x") + f.frame(f.CONTINUATION, 4, 1, BLOCK),
        PROTOCOL,
    ),
    "7/1 unknown error of GOAWAY": (f.goaway(0, 0xFF) + WHOLE, OK),
    "7/2 unknown error of RST_STREAM": (head() + f.reset(1, 0xFF) + call(3), OK),
    "8.1/1 a second HEADERS without an end": (OPEN + OPEN, PROTOCOL | {"stream"}),
    "8.1.2/1 upper-case name": (plus(("X-TEST", "ok")), PROTOCOL | {"stream"}),
    "8.1.2.1/1 unknown pseudo": (ask((":test", "ok"), *headers()), PROTOCOL | {"stream"}),
    "8.1.2.1/2 pseudo of an answer": (ask((":status", "200"), *headers()), PROTOCOL | {"stream"}),
    "8.1.2.1/3 pseudo in trailers": (
        OPEN + head(flags=f.END_HEADERS | f.END_STREAM, block=f.block([(":method", "POST")])),
        PROTOCOL | {"stream"},
    ),
    "8.1.2.1/4 pseudo after the others": (
        ask(("x-t", "ok"), *headers()),
        PROTOCOL | {"stream"},
    ),
    "8.1.2.2/1 connection": (plus(("connection", "keep-alive")), PROTOCOL | {"stream"}),
    "8.1.2.2/2 te": (
        ask(*headers(without=["te"]), ("te", "trailers, deflate;q=0.5")),
        PROTOCOL | {"stream"},
    ),
    "8.1.2.3/1 empty path": (f.request(1, headers(path=""), MESSAGE), PROTOCOL | {"stream"}),
    "8.1.2.3/2 no method": (without(":method"), PROTOCOL | {"stream"}),
    "8.1.2.3/3 no scheme": (without(":scheme"), PROTOCOL | {"stream"}),
    "8.1.2.3/4 no path": (without(":path"), PROTOCOL | {"stream"}),
    "8.1.2.3/5 two methods": (ask((":method", "POST"), *headers()), PROTOCOL | {"stream"}),
    "8.1.2.3/6 two schemes": (ask((":scheme", "http"), *headers()), PROTOCOL | {"stream"}),
    "8.1.2.3/7 two paths": (ask((":path", "/"), *headers()), PROTOCOL | {"stream"}),
    "8.1.2.6/1 content-length of one frame": (
        plus(("content-length", "1")),
        PROTOCOL | {"stream"},
    ),
    "8.1.2.6/2 content-length of several": (
        f.request(1, headers(("content-length", "1")), MESSAGE[:5], MESSAGE[5:]),
        PROTOCOL | {"stream"},
    ),
    "8.2/1 PUSH_PROMISE": (f.frame(f.PUSH, 4, 1, bytes([0, 0, 0, 2]) + BLOCK), PROTOCOL),
}

HPACK = {
    "2.3.3/1 index beyond the table": (head(block=BLOCK + b"\xc6"), COMPRESSION),
    "4.2/1 resized behind the headers": (head(block=BLOCK + b"\x21"), COMPRESSION),
    "5.2/1 padding of more than 7 bits": (
        head(block=BLOCK + b"\x00\x89" + KEY + b"\xff\x01v"),
        COMPRESSION,
    ),
    "5.2/2 padding of zeros": (
        head(block=BLOCK + b"\x00\x85\xf2\xb2\x4a\x84\xfc\x01v"),
        COMPRESSION,
    ),
    "5.2/3 the end as a character": (
        head(block=BLOCK + b"\x00\x87\xff\xff\xff\xff\xa8\x49\xff\x01v"),
        COMPRESSION,
    ),
    "6.1/1 index 0": (head(block=BLOCK + b"\x80"), COMPRESSION),
    "6.3/1 a table beyond its size": (head(block=b"\x3f\xe2\x1f" + BLOCK), COMPRESSION),
    "6.3/2 a table far beyond its size": (head(block=b"\x3f\xff\xff\xff\x07" + BLOCK), COMPRESSION),
}

# Cases where something else comes than h2spec wants, and why that is right or harmless here.
DEVIATIONS = {
    "http2 5.1/8 reset: DATA": "what a stream that was reset still sends is ignored",
    "http2 5.1/9 reset: HEADERS": "as above",
    "http2 5.1/11 closed: DATA": "as above: nghttp2 remembers no closed streams",
    "http2 5.1/12 closed: HEADERS": "as above",
    "http2 5.1.1/2 smaller stream": "nghttp2 ignores it; it is never served (test_rows)",
    "http2 5.3.1/1 HEADERS depend on themselves": "priorities of RFC 7540 are off, by SETTINGS",
    "http2 5.3.1/2 PRIORITY depends on itself": "as above",
    "http2 6.3/1 PRIORITY on stream 0": "as above",
}
CASES = {
    f"{part} {name}": case
    for part, cases in (("generic", GENERIC), ("http2", HTTP2), ("hpack", HPACK))
    for name, case in cases.items()
}


@pytest.mark.parametrize("name", CASES)
def test_a_case_of_h2spec_has_its_outcome(acme, name):
    content, expected = CASES[name]
    with Peer(acme.tcp) as peer:
        assert peer.until(lambda: peer.settings)
        watched = {stream: peer.expect(stream) for stream in (1, 3, 5)}
        last = b"later..."
        peer.send(content + f.ping(last))
        good = peer.until(
            lambda: any(one.type == f.PING and one.opaque_data == last for one in peer.frames)
        )
        if expected == OK:
            assert good or peer.goaway == f.NO_ERROR
            assert any(is_served(peer, one) for one in watched.values() if one.ended)
            return
        if expected == "405":
            assert watched[1].http_status == expected
            return
        errors = {one.reset for one in watched.values()} - {None, f.NO_ERROR}
        if peer.closed:
            assert peer.goaway is None or peer.goaway in expected
        elif name in DEVIATIONS:
            assert good
        else:
            assert "stream" in expected and errors and errors <= expected
    with Peer(acme.tcp) as other:
        assert is_served(other)


def test_a_wrong_preface_ends_the_connection(acme):
    with socket.create_connection(("127.0.0.1", acme.port)) as wrong:
        wrong.settimeout(5)
        wrong.sendall(b"INVALID CONNECTION PREFACE\r\n\r\n" + PREFACE)
        with contextlib.suppress(ConnectionResetError):
            while wrong.recv(4096):
                pass


def test_the_server_speaks_settings_first(acme):
    with Peer(acme.tcp) as peer:
        assert peer.until(lambda: peer.frames)
        assert peer.frames[0].type == f.SETTINGS


def test_a_window_of_one_byte_at_a_time_is_kept_to(acme):
    """6.9.1/1 and 6.9.2/1: DATA never exceeds the window, which may also become negative."""
    with Peer(acme.tcp, settings={4: 1}) as peer:
        stream, content = peer.request_bytes(headers(), MESSAGE)
        peer.send(content)
        assert peer.until(lambda: len(peer.outcomes[stream].data) == 1)
        peer.send(f.settings((4, 0)) + f.window(stream, 1) + f.ping())
        assert peer.until(lambda: peer.pongs) and len(peer.outcomes[stream].data) == 1
        peer.send(f.window(stream, 1_000))
        assert is_served(peer, peer.outcome(stream))
