"""Frames by hand, right or wrong, as bytes."""

import struct

DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK, PADDED, PRIORITIZED = 1, 4, 1, 8, 32

NO_ERROR, PROTOCOL, INTERNAL, FLOW_CONTROL, SETTINGS_TIMEOUT, CLOSED = range(6)
FRAME_SIZE, REFUSED, CANCEL, COMPRESSION, CONNECT, CALM = range(6, 12)


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """Any frame; its length may lie."""
    length = len(payload) if length is None else length
    return struct.pack(">I", length)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def window(stream, increment):
    return frame(WINDOW, 0, stream, struct.pack(">I", increment))


def reset(stream, code=CANCEL):
    return frame(RESET, 0, stream, struct.pack(">I", code))


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def ping(content=b"12345678"):
    return frame(PING, 0, 0, content)


def goaway(last=0, code=NO_ERROR):
    return frame(GOAWAY, 0, 0, struct.pack(">II", last, code))


def literal(text):
    """A string of a header block, as it is."""
    text = text if isinstance(text, bytes) else text.encode("latin-1")
    if len(text) < 127:
        return bytes([len(text)]) + text
    rest, more = len(text) - 127, b""
    while rest >= 128:
        more += bytes([rest % 128 | 128])
        rest //= 128
    return b"\x7f" + more + bytes([rest]) + text


def block(headers):
    """A header block that uses no table at all."""
    return b"".join(b"\x10" + literal(name) + literal(value) for name, value in headers)


def request(stream, headers, *pieces, end=True):
    """HEADERS, one DATA frame a piece."""
    flags = END_HEADERS | (END_STREAM if end and not pieces else 0)
    content = frame(HEADERS, flags, stream, block(headers))
    for index, piece in enumerate(pieces):
        last = end and index == len(pieces) - 1
        content += frame(DATA, END_STREAM if last else 0, stream, piece)
    return content
