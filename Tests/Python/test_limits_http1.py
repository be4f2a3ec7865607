"""The limits of those who speak HTTP/1.1: gateways that ask by forward auth, and scrapers.

They are counted by the names of the like limits of HTTP/2.
"""

import contextlib
import select
import socket

import pytest

from admin import UnixConnection
from clock import Clock
from metrics import hits, limit_hits, limits_of
from sidecar import VERDICT, Sidecar


@contextlib.contextmanager
def serving_older(directory, document, **options):
    """A server that gateways ask in HTTP/1.1, and its admin endpoint."""
    admin, path = directory / "admin.sock", directory / "forward.sock"
    arguments = ["--policy", document, "--admin", f"unix:{admin}"]
    arguments += ["--forward-auth", f"unix:{path}"]
    with Sidecar(directory, *arguments, loops=1, **options) as sidecar:
        sidecar.admin, sidecar.forward = admin, path
        yield sidecar


@pytest.fixture
def older(tmp_path, acme_document):
    with serving_older(tmp_path, acme_document) as sidecar:
        yield sidecar


@pytest.fixture
def older_by_clock(tmp_path, acme_document):
    """The same, and the clock that it takes its times by."""
    clock = Clock(tmp_path, is_monotonic=True)
    with serving_older(tmp_path, acme_document, **clock.serving) as sidecar:
        yield sidecar, clock


@contextlib.contextmanager
def connection(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(20)
        one.connect(str(path))
        yield one


def until_end(one):
    return b"".join(iter(lambda: one.recv(1 << 20), b""))


HEAD = b"GET / HTTP/1.1\r\nhost: verdict\r\n"
SCRAPE = b"GET /metrics HTTP/1.1\r\nhost: verdict\r\n\r\n"


def test_connections_of_gateways_are_only_so_many(older):
    with contextlib.ExitStack() as stack:
        with hits(older.admin, max_connections=1):
            idle = stack.enter_context(connection(older.forward))
            idle.sendall(HEAD + b"\r\n")
            assert idle.recv(4096).startswith(b"HTTP/1.1 ")
            # All others are in the middle of a request.
            for _ in range(1_024):
                stack.enter_context(connection(older.forward)).sendall(HEAD)
            assert until_end(idle) == b""
        with hits(older.admin, max_connections=1):
            late = stack.enter_context(connection(older.forward))
            assert until_end(late).startswith(b"HTTP/1.1 503 ")


def test_connections_of_scrapers_are_only_so_many(older):
    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(connection(older.admin))
        # It has to be accepted first, to be the one that is silent for longest.
        silent.sendall(SCRAPE)
        assert silent.recv(4096).startswith(b"HTTP/1.1 200 ")
        scraper = stack.enter_context(contextlib.closing(UnixConnection(older.admin)))
        assert limits_of(scraper)["max_connections"] == 0
        for _ in range(63):
            stack.enter_context(connection(older.admin))
        assert until_end(silent).endswith(b"\n")
        assert limits_of(scraper)["max_connections"] == 1


def test_who_takes_too_much_of_http_1_1_is_hung_up_on(older):
    with hits(older.admin, header_list=2):
        for path, answer in ((older.forward, b"bad_request"), (older.admin, b"HTTP/1.1 431 ")):
            with connection(path) as one:
                one.sendall(HEAD + b"x: " + b"y" * 65_600)
                assert answer in until_end(one)
    with hits(older.admin, unproductive_bytes=1), connection(older.forward) as one:
        one.sendall(HEAD + b"connection: close\r\n\r\n")
        with pytest.raises(ConnectionError):
            for _ in range(6 << 20 >> 16):
                one.sendall(bytes(64 << 10))
    with hits(older.admin, unsent_bytes=1), connection(older.admin) as one:
        one.sendall(SCRAPE * 300)
        assert until_end(one).count(b"HTTP/1.1 200 ") < 300


def assert_gone_after(older, clock, peers, seconds):
    """Soon before so much time has passed all of them are there, and soon after none."""
    gone = select.poll()
    for one in peers:
        gone.register(one, select.POLLHUP)
    for passed, count in ((seconds * 0.7, 0), (seconds * 1.1, len(peers))):
        clock.set(round(passed))
        # Whoever comes has the server look at what has taken too long.
        for path in (older.forward, older.admin):
            with connection(path) as one:
                one.sendall(HEAD + b"\r\n")
                assert one.recv(4096).startswith(b"HTTP/1.1 ")
        assert len(gone.poll(0)) == count


def test_who_takes_too_long_over_http_1_1_is_hung_up_on(older_by_clock):
    older, clock = older_by_clock
    with hits(older.admin, frame_timeout=2, write_stall=4), contextlib.ExitStack() as stack:
        peers = []
        for path, request in ((older.forward, HEAD + b"\r\n"), (older.admin, SCRAPE)):
            half, deaf, ended = (stack.enter_context(connection(path)) for _ in range(3))
            peers += [half, deaf, ended]
            half.sendall(HEAD)
            ended.sendall(HEAD + b"connection: close\r\n\r\n")
            assert until_end(ended).startswith(b"HTTP/1.1 ")
            # More than the socket takes, and of the admin endpoint not more than it keeps.
            deaf.settimeout(0.5)
            with contextlib.suppress(TimeoutError):
                for _ in range(1 if path == older.admin else 1_000):
                    deaf.sendall(request * 20)
            deaf.settimeout(20)
            assert deaf.recv(1, socket.MSG_PEEK) == b"H"
        assert_gone_after(older, clock, peers, 10)


def test_who_asks_nothing_over_http_1_1_for_long_is_let_go(older_by_clock):
    older, clock = older_by_clock
    with hits(older.admin, max_idle=2), contextlib.ExitStack() as stack:
        idle = [stack.enter_context(connection(path)) for path in (older.forward, older.admin)]
        for one in idle:
            one.sendall(HEAD + b"\r\n")
            assert one.recv(4096).startswith(b"HTTP/1.1 ")
        assert_gone_after(older, clock, idle, 180)


def test_without_descriptors_idle_gateways_make_room(tmp_path, acme_document):
    before = ["prlimit", "--nofile=64:64", VERDICT]
    with serving_older(tmp_path, acme_document, before=before) as older:
        with contextlib.ExitStack() as stack:
            for _ in range(80):
                one = stack.enter_context(connection(older.forward))
                one.sendall(HEAD + b"\r\n")
                assert one.recv(4096).startswith(b"HTTP/1.1 ")
        assert limit_hits(older.admin)["descriptors"] > 0
