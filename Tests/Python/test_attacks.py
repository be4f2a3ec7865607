"""Peers who want to hurt: each is stopped by its limit, takes no memory, delays nobody else.

Everything goes to the real binary. While somebody attacks, a caller on another connection has to
get its answers, and soon.
"""

import contextlib
import itertools
import os
import socket
import statistics
import struct
import threading
import time

import pytest

import frames as f
from calls import MESSAGE, Greedy, headers, is_served
from metrics import hits_since, limit_hits
from peer import PREFACE, Peer
from sidecar import VERDICT, Sidecar, wait_until


# What the whole server may grow by, whatever is done to it; far above noise, far below any attack.
GROWTH_BYTES = 12 << 20
# How soon an attack has to be over, and how soon others get their answers. Generous, because the
# machine is shared with the attacker and with other tests.
SECONDS = 5
ANSWER_SECONDS = 1.0


class Bystander:
    """A caller who goes on calling, and notes how long each answer takes."""

    def __init__(self, address):
        self.peer, self.seconds, self.error = Peer(address), [], None
        # Its answers are many: a window for all of them.
        self.peer.send(f.window(0, 1 << 30))
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.call, daemon=True)

    def call(self):
        try:
            while not self.stop.is_set():
                start = time.monotonic()
                assert is_served(self.peer), "a bystander's call failed"
                self.seconds.append(time.monotonic() - start)
        except Exception as error:  # shown by the test
            self.error = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join(10)
        self.peer.socket.close()


@contextlib.contextmanager
def unharmed(acme, seconds=ANSWER_SECONDS):
    """Whatever happens inside, somebody else is served meanwhile and afterwards."""
    with Peer(acme.tcp) as warm:
        assert is_served(warm)
    before = acme.resident_bytes()
    with Bystander(acme.tcp) as other:
        wait_until(lambda: len(other.seconds) > 5 or other.error, "the bystander is served")
        yield
        seen = len(other.seconds)
        wait_until(lambda: len(other.seconds) > seen + 5 or other.error, "and still is")
    assert other.error is None and max(other.seconds) < seconds
    assert statistics.median(other.seconds) < 0.05
    assert acme.resident_bytes() - before < GROWTH_BYTES
    assert acme.process.poll() is None
    with Peer(acme.tcp) as fresh:
        assert is_served(fresh)


def odd(start=1):
    return itertools.count(start, 2)


def opened(make):
    """A stream that stays open, then what `make` gives, again and again."""

    def frames():
        yield f.request(1, headers(), end=False)
        while True:
            yield make()

    return frames


def each_stream(make):
    """What `make` gives for one stream after another."""

    def frames():
        for stream in odd():
            yield make(stream)

    return frames


def rapid_reset(stream):
    return f.request(stream, headers(), end=False) + f.reset(stream)


def window_made_me(stream):
    return f.request(stream, headers(), end=False) + f.window(stream, 0x7FFFFFFF)


def header_made_me(stream):
    return f.request(stream, headers(("connection", "close")), MESSAGE)


def length_made_me(stream):
    return f.request(stream, headers(("content-length", "1")), MESSAGE)


def trailers_made_me(stream):
    trailers = f.frame(f.HEADERS, f.END_HEADERS, stream, f.block([("a", "b")]))
    return f.request(stream, headers(), end=False) + trailers


def continuations():
    yield f.frame(f.HEADERS, 0, 1, f.block(headers()))
    while True:
        yield f.frame(f.CONTINUATION, 0, 1, f.block([("x-a", "b")]))


def indexed_bomb():
    """One entry in the table, and one byte for each time that it is meant."""
    yield f.settings((4, 0))
    entry = b"\x40\x01a\x01b"
    yield f.frame(f.HEADERS, 0, 1, f.block(headers()) + entry + b"\xbe" * 16_000)
    while True:
        yield f.frame(f.CONTINUATION, 0, 1, b"\xbe" * 16_000)


def classic_bomb():
    """An entry as large as the table, a thousand times."""
    entry = b"\x40\x01a" + f.literal("b" * 4_000)
    yield f.frame(f.HEADERS, f.END_HEADERS, 1, f.block(headers()) + entry + b"\xbe" * 1_000)
    for stream in odd(3):
        yield f.frame(f.HEADERS, f.END_HEADERS, stream, f.block(headers()) + b"\xbe" * 1_000)


def goodbye_and_on():
    yield f.request(1, headers(), end=False) + f.goaway()
    for stream in odd(3):
        yield rapid_reset(stream)


def padding():
    return f.frame(f.DATA, f.PADDED, 1, b"\xff" + bytes(255))


# name: (frames, the limit's name in the last GOAWAY; none where there is no last word)
ATTACKS = {
    "rapid reset": (each_stream(rapid_reset), "client_resets"),
    "rapid reset after goodbye": (goodbye_and_on, "client_resets"),
    "made you reset, by a window": (each_stream(window_made_me), "error_resets"),
    "made you reset, by a header": (each_stream(header_made_me), "error_resets"),
    "made you reset, by a length": (each_stream(length_made_me), "error_resets"),
    "made you reset, by trailers": (each_stream(trailers_made_me), "error_resets"),
    "continuations": (continuations, None),
    "indexed bomb": (indexed_bomb, "header_bomb"),
    "classic bomb": (classic_bomb, "header_bomb"),
    "settings": (opened(lambda: f.settings()), "glitches"),
    "settings without a call": (lambda: itertools.repeat(f.settings()), "glitches"),
    "pings": (lambda: itertools.repeat(f.ping()), "too_many_pings"),
    "acknowledged pings": (
        lambda: itertools.repeat(f.frame(f.PING, f.ACK, 0, bytes(8))),
        "glitches",
    ),
    "empty data": (opened(lambda: f.frame(f.DATA, 0, 1)), "glitches"),
    "empty headers": (
        each_stream(lambda stream: f.frame(f.HEADERS, f.END_HEADERS, stream)),
        "error_resets",
    ),
    "window by window": (opened(lambda: f.window(0, 1)), "glitches"),
    "window by window of a stream": (opened(lambda: f.window(1, 1)), "glitches"),
    "priorities": (opened(lambda: f.frame(f.PRIORITY, 0, 1, bytes(4) + b"\x07")), "glitches"),
    "unknown frames": (opened(lambda: f.frame(0x77, 0, 0, bytes(1_000))), "unproductive_bytes"),
    "empty unknown frames": (opened(lambda: f.frame(0x77)), "unproductive_bytes"),
    "padding": (opened(padding), "unproductive_bytes"),
    "a byte a frame": (opened(lambda: f.frame(f.DATA, 0, 1, b"\0")), None),
}
# The limits of those whose connection ends without a word.
WORDLESS = {"continuations": "continuations"}


@pytest.mark.alone
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_its_connection_and_harms_no_other(acme, name):
    frames, words = ATTACKS[name]
    before = limit_hits(acme.admin)
    with unharmed(acme), Peer(acme.tcp) as attacker:
        start = time.monotonic()
        source, sent, batch = frames(), 0, 50
        while not attacker.closed and time.monotonic() < start + SECONDS:
            attacker.send(b"".join(itertools.islice(source, batch)))
            sent += batch
            attacker.socket.settimeout(0.001)
            with contextlib.suppress(TimeoutError):
                attacker.read()
        assert attacker.closed, f"{name} goes on after {sent} frames"
        if words:
            assert (attacker.goaway, attacker.last_words) == (f.CALM, words.encode())
    limit = words or WORDLESS.get(name)
    if limit:
        assert hits_since(acme.admin, before) == {limit: 1}


def test_a_rapid_reset_of_one_write_opens_few_streams(acme):
    with unharmed(acme), Peer(acme.tcp) as attacker:
        attacker.send(b"".join(rapid_reset(stream) for stream in range(1, 20_001, 2)))
        assert attacker.until_closed() and attacker.goaway == f.CALM
        assert attacker.last_stream < 2 * 400


def test_a_made_you_reset_costs_few_resets(acme):
    with unharmed(acme), Peer(acme.tcp) as attacker:
        attacker.send(b"".join(window_made_me(stream) for stream in range(1, 2_001, 2)))
        assert attacker.until_closed() and attacker.goaway == f.CALM
        assert sum(one.type == f.RESET for one in attacker.frames) <= 60


def test_streams_held_open_cost_little(acme):
    with contextlib.ExitStack() as stack, unharmed(acme):
        for _ in range(20):
            peer = stack.enter_context(Peer(acme.tcp))
            peer.send(
                b"".join(
                    f.request(stream, headers(), MESSAGE[:9], end=False)
                    for stream in range(1, 512, 2)
                )
                + f.ping()
            )
            assert peer.until(lambda peer=peer: peer.pongs)


def test_announced_messages_cost_nothing_before_they_come(acme):
    with unharmed(acme), Peer(acme.tcp) as peer:
        prefix = struct.pack(">BI", 0, 4 << 20)
        peer.send(
            b"".join(
                f.request(stream, headers(), prefix + bytes(100), end=False)
                for stream in range(1, 512, 2)
            )
            + f.ping()
        )
        assert peer.until(lambda: peer.pongs)


def test_connections_that_come_and_go_leave_nothing(acme):
    def descriptors():
        return len(os.listdir(f"/proc/{acme.pid}/fd"))

    before = descriptors()
    with unharmed(acme):
        for index in range(400):
            one = socket.create_connection(("127.0.0.1", acme.port))
            if index % 3 == 1:
                one.sendall(PREFACE)
            if index % 3 == 2:
                one.sendall(PREFACE + f.settings() + f.request(1, headers(), MESSAGE))
            one.close()
    wait_until(lambda: descriptors() <= before + 2, "the descriptors are closed")


def test_without_descriptors_the_server_neither_spins_nor_dies(tmp_path, acme_document):
    before = ["prlimit", "--nofile=64:64", VERDICT]
    admin = tmp_path / "admin.sock"
    arguments = ["--policy", acme_document, "--admin", f"unix:{admin}"]
    with Sidecar(tmp_path, *arguments, before=before) as sidecar:
        with Peer(sidecar.tcp) as early, contextlib.ExitStack() as stack:
            assert is_served(early)
            crowd = [
                stack.enter_context(socket.create_connection(("127.0.0.1", sidecar.port)))
                for _ in range(120)
            ]
            start = sidecar.cpu_seconds()
            time.sleep(0.5)  # as long as is measured
            assert sidecar.cpu_seconds() - start < 0.25
            assert is_served(early)
            for one in crowd:
                one.close()

        def is_back():
            with Peer(sidecar.tcp) as late:
                return is_served(late)

        wait_until(is_back, "new connections are taken again")
        assert limit_hits(admin)["descriptors"] > 0


def test_who_is_used_stays_and_who_is_idle_longest_makes_room(tmp_path, acme_document):
    admin = tmp_path / "admin.sock"
    arguments = ["--policy", acme_document, "--admin", f"unix:{admin}", "--max-connections", "6"]
    with Sidecar(tmp_path, *arguments, loops=1) as sidecar, contextlib.ExitStack() as stack:

        def connect():
            peer = stack.enter_context(Peer(sidecar.tcp))
            return peer

        idle = [connect() for _ in range(3)]
        used = [connect() for _ in range(3)]
        for peer in used:
            assert peer.until(lambda peer=peer: peer.settings)
            stream, content = peer.request_bytes(headers(), MESSAGE[:9], end=False)
            peer.send(content + f.ping())
            assert peer.until(lambda peer=peer: peer.pongs)
            peer.waiting = stream
        # The second has been idle for the longest time, then the third.
        for index in (1, 2, 0):
            assert is_served(idle[index])
        for index in (1, 2, 0):
            late = connect()
            assert late.until(lambda late=late: late.settings)
            # In use from now on.
            late.send(late.request_bytes(headers(), MESSAGE[:9], end=False)[1] + f.ping())
            assert late.until(lambda late=late: late.pongs)
            assert idle[index].until_closed()
            assert (idle[index].goaway, idle[index].last_words) == (f.NO_ERROR, b"max_connections")
        wait_until(lambda: limit_hits(admin)["max_connections"] == 3, "the limit's hits")
        # Everybody is used: one more goes, at once.
        assert connect().until_closed()
        wait_until(lambda: limit_hits(admin)["max_connections"] == 4, "the limit's hits")
        for peer in used:
            peer.send(f.frame(f.DATA, f.END_STREAM, peer.waiting, MESSAGE[9:]))
            assert is_served(peer, peer.outcome(peer.waiting))


def test_connections_without_calls_and_of_great_age_end_in_good_order(tmp_path, acme_document):
    for flag, words in (("idle", b"max_idle"), ("age", b"max_age")):
        admin = tmp_path / flag / "admin.sock"
        arguments = ["--policy", acme_document, "--admin", f"unix:{admin}"]
        arguments += [f"--max-connection-{flag}", "1s"]
        with Sidecar(tmp_path / flag, *arguments) as sidecar, Peer(sidecar.tcp) as peer:
            start = time.monotonic()
            assert is_served(peer) and peer.until_closed()
            assert (peer.goaway, peer.last_words) == (f.NO_ERROR, words)
            assert 0.8 < time.monotonic() - start < 4
            wait_until(lambda: limit_hits(admin)[words.decode()] == 1, "the limit's hit")


def slow(address):
    """Peers who begin and don't end: (seconds until they are hung up on, last words, peer)."""
    silent = Peer(address, greets=False, acknowledges=False)
    half = Peer(address, greets=False, acknowledges=False)
    half.send(PREFACE[:10])
    deaf = Peer(address, acknowledges=False)
    headed, blocked = Peer(address), Peer(address)
    for peer in (headed, blocked):
        assert peer.until(lambda peer=peer: peer.settings)
    headed.send(f.frame(f.HEADERS, f.END_STREAM, 1, f.block(headers()), length=500))
    blocked.send(f.frame(f.HEADERS, f.END_STREAM, 1, f.block(headers())))
    return [
        (5, b"", silent),
        (5, b"", half),
        (10, b"settings_timeout", deaf),
        (5, b"frame_timeout", headed),
        (5, b"frame_timeout", blocked),
    ]


def test_who_takes_too_long_is_hung_up_on(acme):
    """All at once, so that it takes only as long as the most patient limit: 30 s."""
    start, before = time.monotonic(), limit_hits(acme.admin)
    # In half a minute beside other tests the machine itself stands still for a second at times.
    with contextlib.ExitStack() as stack, unharmed(acme, seconds=3.0):
        slowly = slow(acme.tcp)
        # A body that doesn't end loses its stream; so does an answer that nobody takes.
        body = stack.enter_context(Peer(acme.tcp))
        stalled = stack.enter_context(Peer(acme.tcp, settings={4: 0}))
        assert body.until(lambda: body.settings) and stalled.until(lambda: stalled.settings)
        body_stream, content = body.request_bytes(headers(), MESSAGE[:9], end=False)
        body.send(content)
        stalled_stream, content = stalled.request_bytes(headers(), MESSAGE)
        stalled.send(content)
        # One who calls and never reads: once its answers pile up nothing more is read from it.
        greedy = Greedy(stack.enter_context(Peer(acme.unix)))

        def is_read_no_more():
            greedy.ask()
            return "unsent_bytes" in hits_since(acme.admin, before)

        wait_until(is_read_no_more, "its answers pile up")
        for seconds, words, peer in slowly:
            stack.enter_context(peer)
            peer.socket.settimeout(seconds + 5)
            assert peer.until_closed() and peer.last_words == words
            assert time.monotonic() - start > seconds - 1
        for peer, stream in ((body, body_stream), (stalled, stalled_stream)):
            peer.socket.settimeout(35)
            assert peer.outcome(stream).reset == f.CANCEL
            assert time.monotonic() - start > 28
            peer.send(f.settings((4, 65_535)))
            assert is_served(peer)
        wait_until(
            lambda: hits_since(acme.admin, before).get("write_stall") == 1,
            "the greedy one is hung up on",
        )
    assert time.monotonic() - start < 45
    hits = hits_since(acme.admin, before)
    assert hits["preface_timeout"] == 2 and hits["settings_timeout"] == 1
    # Not the greedy one, of whom the rest of a frame may not have been read.
    assert hits["frame_timeout"] == 2
    assert hits["body_timeout"] == 1 and hits["answer_stall"] >= 1
