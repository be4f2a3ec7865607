"""Every limit bites, says so to the peer, and is counted under its own name.

Here are those that no other file has a reason to reach; `COVERED` says where the others are, and
has to name every limit that the server counts.
"""

import ast
import contextlib
import gzip
import re
import threading

import pytest

import frames as f
from admin import Pages
from api import columns, pb
from calls import MESSAGE, Greedy, headers, is_served
from metrics import hits, hits_since, limit_hits
from peer import Peer, framed
from sidecar import ROOT, Sidecar, wait_until
from world import MIA

RESOURCE_EXHAUSTED, UNAVAILABLE = 8, 14
# Requests under way on one connection, at most.
STREAMS = 256

# limit: the test that reaches it on the real binary and looks at its counter.
COVERED = {
    "concurrent_streams": "test_limits.test_one_stream_too_many_is_refused_and_then_an_error",
    "header_list": "test_metrics.test_a_bad_set_and_a_refused_peer_are_counted",
    "message_length": "test_rows.test_a_bomb_and_a_lie_about_a_length_end_where_they_are",
    "request_memory": "test_limits.test_a_request_takes_only_so_much_memory",
    "held_bytes": "test_limits.test_unfinished_requests_hold_only_so_much",
    "deadline": "test_rows.test_a_deadline_that_passes_before_the_body_is_whole_is_answered",
    "body_timeout": "test_attacks.test_who_takes_too_long_is_hung_up_on",
    "answer_stall": "test_attacks.test_who_takes_too_long_is_hung_up_on",
    "header_bomb": "test_attacks.test_an_attack_ends_its_connection_and_harms_no_other",
    "continuations": "test_attacks.test_an_attack_ends_its_connection_and_harms_no_other",
    "client_resets": "test_attacks.test_an_attack_ends_its_connection_and_harms_no_other",
    "error_resets": "test_attacks.test_an_attack_ends_its_connection_and_harms_no_other",
    "glitches": "test_attacks.test_an_attack_ends_its_connection_and_harms_no_other",
    "too_many_pings": "test_attacks.test_an_attack_ends_its_connection_and_harms_no_other",
    "unproductive_bytes": "test_attacks.test_an_attack_ends_its_connection_and_harms_no_other",
    "stream_burst": "test_limits.test_one_read_opens_only_so_many_streams",
    "outbound_frames": "test_limits.test_only_so_many_frames_wait_for_a_peer",
    "preface_timeout": "test_attacks.test_who_takes_too_long_is_hung_up_on",
    "settings_timeout": "test_attacks.test_who_takes_too_long_is_hung_up_on",
    "frame_timeout": "test_attacks.test_who_takes_too_long_is_hung_up_on",
    "max_idle": "test_attacks.test_connections_without_calls_and_of_great_age_end_in_good_order",
    "max_age": "test_attacks.test_connections_without_calls_and_of_great_age_end_in_good_order",
    "write_stall": "test_attacks.test_who_takes_too_long_is_hung_up_on",
    "unsent_bytes": "test_limits.test_from_a_peer_that_does_not_read_nothing_more_is_read",
    "handshake_timeout": "test_tls.test_one_that_never_shakes_hands_is_let_go_and_disturbs_nobody",
    "half_open_connections": "test_tls.test_only_so_many_shake_hands_at_once_and_the_rest_is_let_go",
    "waiting_batches": "test_limits.test_only_so_many_large_requests_wait_for_a_place",
    "waiting_for_workers": "test_limits.test_only_so_many_requests_wait_for_workers",
    "waiting_for_policies": (
        "test_freshness.test_those_who_give_up_are_forgotten_and_more_than_1024_don_t_wait"
    ),
    "policies_timeout": (
        "test_freshness.test_shortly_before_the_deadline_it_fails_and_says_what_is_in_force"
    ),
    "watches": (
        "test_streams"
        ".test_more_than_256_watches_of_a_loop_are_refused_and_those_that_left_make_room"
    ),
    "max_connections": "test_attacks.test_who_is_used_stays_and_who_is_idle_longest_makes_room",
    "descriptors": "test_attacks.test_without_descriptors_the_server_neither_spins_nor_dies",
}


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory, acme_document):
    """One loop, so that whatever is counted by the loop is counted once."""
    directory = tmp_path_factory.mktemp("limits")
    admin = directory / "admin.sock"
    arguments = ["--policy", acme_document, "--admin", f"unix:{admin}"]
    with Sidecar(directory, *arguments, loops=1) as sidecar:
        sidecar.admin = admin
        assert set(limit_hits(admin).values()) == {0}, "every limit is shown from the start"
        yield sidecar


@contextlib.contextmanager
def connected(address, **options):
    """A peer that knows the server's settings, and the server that it does."""
    with Peer(address, **options) as peer:
        assert peer.until(lambda: peer.settings)
        # Without its acknowledgement ahead, a peer is still on the defaults of the protocol.
        assert not peer.acknowledges or peer.ping()
        yield peer


# The list.


def test_every_limit_has_a_test_a_row_and_nothing_else_has(sidecar):
    shown = limit_hits(sidecar.admin).keys()
    assert shown == COVERED.keys()
    # Those of HTTP/1.1 go under names that are there already.
    page, older = (ROOT / "docs/limits.md").read_text().split("## HTTP/1.1")
    row = re.compile(r"(?m)^\| `(\w+)` \|")
    assert sorted(row.findall(page)) == sorted(shown)
    assert row.findall(older) and shown >= set(row.findall(older))


@pytest.mark.parametrize("limit", COVERED)
def test_the_test_of_a_limit_is_there_and_speaks_of_it(limit):
    module, name = COVERED[limit].split(".")
    tree = ast.parse((ROOT / f"Tests/Python/{module}.py").read_text())
    [test] = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == name]
    # What a test is parametrized with stands beside it, in tables.
    tables = [one for one in tree.body if isinstance(one, ast.Assign) and not is_covered(one)]
    parts = [part for one in [test, *tables] for part in ast.walk(one)]
    said = {part.value for part in parts if isinstance(part, ast.Constant)}
    said |= {part.arg for part in parts if isinstance(part, ast.keyword)}
    assert {limit, limit.encode()} & said


def is_covered(assignment):
    """Whether it is the list itself."""
    return ast.unparse(assignment.targets[0]) == "COVERED"


# Streams and frames. A request of twelve bytes, for a path that isn't there: its answer, headers
# alone, waits to be sent from when it is read.


def refused_request(stream):
    return f.frame(f.HEADERS, f.END_HEADERS | f.END_STREAM, stream, b"\x83\x86\x84")


def numbers(first, count):
    return range(first, first + 2 * count, 2)


def many(make, first, count):
    return b"".join(make(stream) for stream in numbers(first, count))


def test_one_stream_too_many_is_refused_and_then_an_error(sidecar):
    def unfinished(stream):
        return f.request(stream, headers(), MESSAGE[:9], end=False)

    # Before the peer has acknowledged how many may be.
    with hits(sidecar.admin, concurrent_streams=2):
        with connected(sidecar.tcp, acknowledges=False) as peer:
            peer.send(many(unfinished, 1, STREAMS))
            last = [peer.expect(stream) for stream in numbers(1 + 2 * STREAMS, 2)]
            peer.send(many(unfinished, 1 + 2 * STREAMS, 2))
            assert peer.until(lambda: all(one.reset == f.REFUSED for one in last))
            assert peer.ping()
    # And afterwards.
    with hits(sidecar.admin, concurrent_streams=1), connected(sidecar.tcp) as peer:
        peer.send(many(unfinished, 1, STREAMS))
        assert peer.ping()
        peer.send(unfinished(1 + 2 * STREAMS))
        assert peer.until_closed() and peer.goaway == f.PROTOCOL


def burst(count):
    """So many streams, as many of them given up as are more than may be open at once."""
    again = count - STREAMS
    return (
        many(refused_request, 1, STREAMS)
        + many(f.reset, 1, again)
        + many(refused_request, 1 + 2 * STREAMS, again)
    )


def test_one_read_opens_only_so_many_streams(sidecar):
    with hits(sidecar.admin), connected(sidecar.unix) as peer:
        peer.send(burst(STREAMS * 3 // 2))
        assert peer.ping()
    with hits(sidecar.admin, stream_burst=1), connected(sidecar.unix) as peer:
        peer.send(burst(STREAMS * 3 // 2 + 1))
        assert peer.until_closed()
        assert (peer.goaway, peer.last_words) == (f.CALM, b"stream_burst")


def test_only_so_many_frames_wait_for_a_peer(sidecar):
    """Answers, of streams given up too, and refusals: of what one read makes."""
    answers, most = STREAMS * 3 // 2, 2 * STREAMS

    def owed(count):
        return burst(answers) + many(refused_request, 1 + 2 * answers, count - answers)

    # A few less, as the answer to the PING may be among them.
    with hits(sidecar.admin, concurrent_streams=most - 8 - answers):
        with connected(sidecar.unix, acknowledges=False) as peer:
            peer.send(owed(most - 8))
            assert peer.ping()
    with hits(sidecar.admin, concurrent_streams=most + 1 - answers, outbound_frames=1):
        with connected(sidecar.unix, acknowledges=False) as peer:
            before = len(peer.frames)
            peer.send(owed(most + 1))
            assert peer.until_closed() and peer.goaway is None
            assert len(peer.frames) == before


# Memory.


def pieces(message):
    """What one DATA frame each may have of it."""
    return [message[start : start + 16_384] for start in range(0, len(message), 16_384)]


def test_a_request_takes_only_so_much_memory(sidecar):
    """Four mebibytes of checks that say nothing, which are much more once they are unpacked."""
    one = pb.AuthorizeRequest(checks=[pb.Check()]).SerializeToString()
    assert len(one) == 2
    with hits(sidecar.admin, request_memory=1), connected(sidecar.tcp) as peer:
        outcome = peer.request(headers(), *pieces(framed(one * (2 << 20))))
        assert outcome.grpc_status == RESOURCE_EXHAUSTED
        assert "more memory than one request may" in outcome.headers["grpc-message"]
        assert is_served(peer)


def test_unfinished_requests_hold_only_so_much(sidecar):
    """Of one connection 64 MiB, and of all of a loop 256: each here holds four."""
    chunk = bytes(16_384)
    half = (2 << 20) // len(chunk)

    def hold(peer, count):
        """Requests that need more than two mebibytes so far, and so get four."""
        outcomes = []
        for _ in range(count):
            stream, start = peer.request_bytes(
                headers(), framed(b"", length=4 << 20), end=False
            )
            peer.send(start + f.frame(f.DATA, 0, stream, chunk) * (half + 1))
            outcomes.append(peer.outcomes[stream])
        assert peer.ping()
        return outcomes

    def refused(outcomes):
        *rest, last = outcomes
        assert last.grpc_status == RESOURCE_EXHAUSTED
        assert last.headers["grpc-message"] == "the server holds too many unfinished requests"
        return not any(one.headers or one.reset is not None for one in rest)

    pages = Pages(sidecar.admin)
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(connected(sidecar.unix)) for _ in range(5)]
        with hits(sidecar.admin, held_bytes=1):
            assert refused(hold(peers[0], 16))
        # Little ones still have room, on that connection too.
        assert is_served(peers[0])
        with hits(sidecar.admin):
            assert not any(one.headers for peer in peers[1:4] for one in hold(peer, 15))
        with hits(sidecar.admin, held_bytes=1):
            assert refused(hold(peers[4], 4))
        assert 240 << 20 < pages.metric("verdict_held_bytes", loop="0") <= 256 << 20
        assert is_served(peers[4])
    wait_until(lambda: pages.metric("verdict_held_bytes", loop="0") == 0, "all is given back")


def test_from_a_peer_that_does_not_read_nothing_more_is_read(sidecar):
    before = limit_hits(sidecar.admin)
    with hits(sidecar.admin, unsent_bytes=1), connected(sidecar.unix) as peer:
        greedy = Greedy(peer)

        def is_counted():
            greedy.ask()
            return hits_since(sidecar.admin, before) == {"unsent_bytes": 1}

        wait_until(is_counted, "its answers pile up")
        # Once it reads, it is read from, and everything is answered.
        peer.socket.settimeout(10)
        sender = threading.Thread(target=peer.send, args=(greedy.rest,))
        sender.start()
        assert all(is_served(peer, peer.outcome(stream)) for stream in greedy.asked)
        sender.join()


# Queues.


def crowd(sidecar, content, connection_count, seconds=60):
    """The outcomes of as many such requests as these connections may have under way at once."""
    with contextlib.ExitStack() as stack:
        peers = [
            stack.enter_context(connected(sidecar.unix, settings={4: 1 << 24}))
            for _ in range(connection_count)
        ]
        outcomes, senders = [], []
        for peer in peers:
            peer.send(f.window(0, 1 << 30))
            peer.socket.settimeout(seconds)
            made = [peer.request_bytes(*content) for _ in range(STREAMS)]
            everything = b"".join(frames for _, frames in made)
            senders.append(threading.Thread(target=peer.send, args=(everything,)))
            outcomes.append((peer, [stream for stream, _ in made]))
        for sender in senders:
            sender.start()
        ended = [peer.outcome(stream) for peer, streams in outcomes for stream in streams]
        for sender in senders:
            sender.join()
        return ended


def large_request(count, id_byte_count):
    checks = [
        {"action": "edit", "resource": f"destination/{i % 9:0{id_byte_count}}"}
        for i in range(count)
    ]
    return pb.AuthorizeRequest(
        organization="acme", principal=MIA, workspace="prod", columns=columns(checks)
    )


def shed(outcomes, check_count):
    """How many were refused because too many wait; the others have their answers."""
    refused = 0
    for one in outcomes:
        if one.grpc_status == 0:
            assert len(pb.AuthorizeResponse.FromString(one.data[5:]).effects) == check_count
            continue
        assert one.grpc_status == UNAVAILABLE and "too many large requests wait" in (
            one.headers["grpc-message"]
        )
        refused += 1
    return refused


def assert_shed(sidecar, before, expected):
    """As many are counted as were refused. The crowd may read slowly, which is its own affair."""

    def is_so():
        since = hits_since(sidecar.admin, before)
        return {limit: since[limit] for limit in since if limit != "unsent_bytes"} == expected

    wait_until(is_so, f"the hits are {expected}")


def test_only_so_many_large_requests_wait_for_a_place(sidecar):
    message = framed(large_request(10_000, 1).SerializeToString())
    assert len(message) < 64 << 10
    before = limit_hits(sidecar.admin)
    refused = shed(crowd(sidecar, (headers(), *pieces(message)), 4), 10_000)
    assert refused > 0
    assert_shed(sidecar, before, {"waiting_batches": refused})
    with connected(sidecar.tcp) as peer:
        assert is_served(peer)


def test_only_so_many_requests_wait_for_workers(sidecar):
    """Short on their way, and long for those who unpack them."""
    message = large_request(10_000, 200).SerializeToString()
    packed = framed(gzip.compress(message), flag=1)
    assert len(message) > 1 << 20 and len(packed) < 64 << 10
    before = limit_hits(sidecar.admin)
    asked = (headers(("grpc-encoding", "gzip")), *pieces(packed))
    refused = shed(crowd(sidecar, asked, 1), 10_000)
    assert refused > 0
    assert_shed(sidecar, before, {"waiting_for_workers": refused})
