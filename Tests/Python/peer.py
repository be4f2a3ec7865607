"""An HTTP/2 peer that says exactly what it is told, right or wrong, frame by frame."""

import socket
import struct
from dataclasses import dataclass, field

import hpack
from hyperframe.frame import (
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SECONDS = 5


def framed(message, flag=0, length=None):
    """A message as gRPC frames it, with a prefix that may lie."""
    return struct.pack(">BI", flag, len(message) if length is None else length) + message


@dataclass
class Outcome:
    """What came back on one stream."""

    headers: dict = field(default_factory=dict)
    data: bytes = b""
    reset: int | None = None
    ended: bool = False

    @property
    def http_status(self):
        return self.headers.get(":status")

    @property
    def grpc_status(self):
        status = self.headers.get("grpc-status")
        return None if status is None else int(status)


class Peer:
    """One connection."""

    def __init__(self, address, settings=None, greets=True, acknowledges=True):
        """`greets`: sends preface and SETTINGS; `acknowledges`: answers the server's SETTINGS."""
        if address.startswith("unix:"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(address.removeprefix("unix:"))
        else:
            host, port = address.rsplit(":", 1)
            self.socket = socket.create_connection((host, int(port)))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(SECONDS)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.outcomes, self.goaway, self.closed, self.pongs = {}, None, False, 0
        self.last_words, self.last_stream, self.acknowledges = b"", None, acknowledges
        self.settings, self.frames = {}, []
        self.next_stream, self.input = 1, b""
        first = SettingsFrame(0)
        first.settings = settings or {}
        if greets:
            self.send(PREFACE + first.serialize())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, content, piece=None):
        """Bytes at once, or in pieces of a size."""
        try:
            if piece is None:
                self.socket.sendall(content)
            else:
                for start in range(0, len(content), piece):
                    self.socket.sendall(content[start : start + piece])
        except (BrokenPipeError, ConnectionResetError):
            pass  # what the server said before it hung up is still to be read

    def expect(self, stream):
        """Watch a stream whose frames are made elsewhere."""
        self.outcomes[stream] = Outcome()
        return self.outcomes[stream]

    def request_bytes(self, headers, *pieces, end=True, trailers=None):
        """HEADERS, one DATA frame a piece, and trailers, as bytes. Uses up a stream number."""
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        self.outcomes[stream] = Outcome()
        content = HeadersFrame(stream, self.encoder.encode(headers, huffman=False))
        content.flags.add("END_HEADERS")
        frames = [content]
        for piece in pieces:
            frame = piece if isinstance(piece, DataFrame) else DataFrame(stream, piece)
            frame.stream_id = stream
            frames.append(frame)
        if trailers is not None:
            frames.append(HeadersFrame(stream, self.encoder.encode(trailers)))
            frames[-1].flags.add("END_HEADERS")
        if end:
            frames[-1].flags.add("END_STREAM")
        return stream, b"".join(frame.serialize() for frame in frames)

    def request(self, headers, *pieces, **options):
        """Send a request and wait for its outcome."""
        stream, content = self.request_bytes(headers, *pieces, **options)
        self.send(content)
        return self.outcome(stream)

    def outcome(self, stream):
        """Read until the stream has ended or the connection has."""
        one = self.outcomes[stream]
        while not (one.ended or one.reset is not None or self.closed):
            self.read()
        return one

    def until_closed(self):
        """Read on until the server closes the connection; True if it did in time."""
        while not self.closed:
            self.read()
        return True

    def ping(self):
        """Is the connection still good?"""
        before = self.pongs
        self.send(PingFrame(0, b"12345678").serialize())
        while self.pongs == before and not self.closed:
            self.read()
        return not self.closed

    def until(self, true):
        """Read until something is so, or the server has closed the connection; is it?"""
        while not true() and not self.closed:
            self.read()
        return bool(true())

    def read(self):
        try:
            got = self.socket.recv(65536)
        except ConnectionResetError:
            got = b""
        if not got:
            self.closed = True
            return
        self.take_bytes(got)

    def take_bytes(self, got):
        """Take what came from the server, whole frames or not."""
        self.input += got
        while len(self.input) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(self.input[:9]))
            if len(self.input) < 9 + length:
                return
            frame.parse_body(memoryview(self.input[9 : 9 + length]))
            self.input = self.input[9 + length :]
            self.take(frame)

    def take(self, frame):
        one = self.outcomes.get(frame.stream_id)
        self.frames.append(frame)
        if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self.settings.update(frame.settings)
            if not self.acknowledges:
                return
            answer = SettingsFrame(0)
            answer.flags.add("ACK")
            self.send(answer.serialize())
        elif isinstance(frame, PingFrame):
            self.pongs += "ACK" in frame.flags
        elif isinstance(frame, GoAwayFrame):
            self.goaway, self.last_words = frame.error_code, frame.additional_data
            self.last_stream = frame.last_stream_id
        elif isinstance(frame, RstStreamFrame) and one:
            one.reset = frame.error_code
        elif isinstance(frame, HeadersFrame) and one:
            one.headers.update(self.decoder.decode(frame.data))
        elif isinstance(frame, DataFrame) and one:
            one.data += frame.data
        if one and "END_STREAM" in frame.flags:
            one.ended = True
