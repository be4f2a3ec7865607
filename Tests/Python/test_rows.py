"""The edge cases of gRPC over HTTP/2 by their numbers in the checklist, each with its outcome.

`ROWS` says where each row is tested, or why it isn't yet. Those here are about messages and about
the connection as a whole.
"""

import gzip
import importlib

import pytest

import frames as f
from api import AUTHORIZE, Client, channel, columns, pb
from calls import MESSAGE, headers, is_served
from metrics import hits, total
from peer import Peer, framed
from sidecar import wait_until
from world import MIA

EDGES, HEADERS, HERE = "test_wire_edges", "test_header_rules", "test_rows"
ROWS = {
    "G01": (EDGES, "test_a_message_may_be_split_and_padded_anyhow"),
    "G02": (EDGES, "test_a_message_may_be_split_and_padded_anyhow"),
    "G03": (EDGES, "test_bad_framing_has_its_status_and_harms_no_other_call"),
    "G04": (EDGES, "test_a_message_may_be_split_and_padded_anyhow"),
    "G05": (EDGES, "test_bad_framing_has_its_status_and_harms_no_other_call"),
    "G06": (EDGES, "test_a_message_that_announces_too_much_is_refused_at_its_prefix"),
    "G07": (HERE, "test_a_message_of_the_limit_is_taken_and_one_byte_more_is_not"),
    "G08": (EDGES, "test_bad_framing_has_its_status_and_harms_no_other_call"),
    "G09": (EDGES, "test_an_encoding_that_we_lack_is_unimplemented_and_names_ours"),
    "G10": (EDGES, "test_bad_framing_has_its_status_and_harms_no_other_call"),
    "G11": (EDGES, "test_bad_framing_has_its_status_and_harms_no_other_call"),
    "G12": (EDGES, "test_bad_framing_has_its_status_and_harms_no_other_call"),
    "G13": (HEADERS, "test_unknown_services_and_methods_are_told_apart"),
    "G14": (EDGES, "test_a_path_that_is_not_exactly_a_method_is_never_routed"),
    "G15": (EDGES, "test_other_http_methods_are_405"),
    "G16": (EDGES, "test_other_content_types_are_415"),
    "G17": (EDGES, "test_what_may_be_in_the_headers_is_accepted"),
    "G18": (HEADERS, "test_headers_that_http_allows_and_forbids"),
    "G19": (EDGES, "test_headers_that_http_forbids_reset_the_stream"),
    "G20": (HEADERS, "test_headers_that_http_allows_and_forbids"),
    "G21": (HEADERS, "test_an_authority_is_what_the_transport_allows"),
    "G22": (HEADERS, "test_an_authority_is_what_the_transport_allows"),
    "G23": (EDGES, "test_a_malformed_timeout_is_an_error"),
    "G24": (HERE, "test_a_deadline_that_passes_before_the_body_is_whole_is_answered"),
    "G25": (HEADERS, "test_binary_metadata_that_nobody_uses_is_ignored"),
    "G26": (EDGES, "test_too_many_headers_reset_the_stream_only"),
    "G27": (HERE, "test_a_fifth_continuation_closes_the_connection"),
    "G28": ("test_attacks", "test_an_attack_ends_its_connection_and_harms_no_other"),
    "G29": (EDGES, "test_trailers_of_the_client_end_a_request"),
    "G30": (HEADERS, "test_trailers_that_end_nothing_reset_the_stream"),
    "G31": (HEADERS, "test_a_content_length_has_to_be_true"),
    "G32": (HERE, "test_a_call_that_is_given_up_leaves_nothing"),
    "G33": (HERE, "test_one_stream_too_many_is_refused_or_an_error"),
    "G34": ("test_attacks", "test_who_takes_too_long_is_hung_up_on"),
    "G35": (HERE, "test_what_breaks_the_connection"),
    "G36": (HERE, "test_what_breaks_the_connection"),
    "G37": (HERE, "test_what_breaks_the_connection"),
    "G38": (HERE, "test_a_stream_window_that_overflows_resets_the_stream"),
    "G39": (HERE, "test_a_closed_window_keeps_the_answer_and_nothing_else"),
    "G40": (HERE, "test_what_breaks_the_connection"),
    "G41": (HERE, "test_what_breaks_the_connection"),
    "G42": (HERE, "test_a_huge_header_table_costs_nothing"),
    "G43": (HERE, "test_the_fourth_ping_in_a_row_is_too_many"),
    "G44": (HERE, "test_pings_after_answers_are_never_too_many"),
    "G45": ("test_attacks", "test_connections_without_calls_and_of_great_age_end_in_good_order"),
    "G46": ("test_lifecycle", None),
    "G47": ("test_lifecycle", None),
    "G48": (EDGES, "test_other_protocols_are_hung_up_on"),
    "G49": ("test_tls", None),
    "G50": (EDGES, "test_a_session_delivered_byte_by_byte_is_answered_alike"),
    "G51": (HERE, "test_a_status_message_of_any_characters_reaches_a_real_client"),
    "G52": ("test_reflection", None),
    "G53": ("test_streams", "test_health_is_told_at_once_and_at_every_change"),
    "G54": (EDGES, "test_unknown_frames_and_priorities_are_ignored"),
}


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_its_test_or_its_reason(row):
    if isinstance(ROWS[row], str):
        return
    module, name = ROWS[row]
    names = dir(importlib.import_module(module))
    assert name in names if name else any(one.startswith("test_") for one in names)


def test_the_rows_are_all_there():
    assert sorted(ROWS) == [f"G{number:02}" for number in range(1, 55)]


def test_a_message_of_the_limit_is_taken_and_one_byte_more_is_not(peer):
    limit = 4 << 20

    def sent(size):
        # A message with an unknown field, to be as long as is wanted.
        body = MESSAGE[5:]
        rest = size - len(body) - 6
        body += b"\xfa\x7f" + bytes([rest & 127 | 128, rest >> 7 & 127 | 128])
        body += bytes([rest >> 14 & 127 | 128, rest >> 21]) + bytes(rest)
        assert len(body) == size
        whole = framed(body)
        pieces = [whole[start : start + 16384] for start in range(0, len(whole), 16384)]
        return peer.request(headers(), *pieces)

    assert is_served(peer, sent(limit))
    over = peer.request(headers(), framed(b"", length=limit + 1), end=False)
    assert over.grpc_status == 8 and over.reset in (None, f.NO_ERROR)
    assert is_served(peer)


def test_a_deadline_that_passes_before_the_body_is_whole_is_answered(acme, peer):
    with hits(acme.admin, deadline=1):
        outcome = peer.request(headers(("grpc-timeout", "100m")), MESSAGE[:10], end=False)
        assert outcome.grpc_status == 4 and outcome.data == b""
        assert is_served(peer)


def test_a_fifth_continuation_closes_the_connection(peer):
    content = f.frame(f.HEADERS, f.END_STREAM, 1, f.block(headers()))
    more = f.block([("x-a", "b")])
    peer.send(content + b"".join(f.frame(f.CONTINUATION, 0, 1, more) for _ in range(5)))
    assert peer.until_closed()


def test_four_continuations_are_a_request(peer):
    content = f.block(headers())
    size = len(content) // 5 + 1
    stream, _ = peer.request_bytes(headers(), MESSAGE)
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    peer.send(f.frame(f.HEADERS, 0, stream, pieces[0]))
    for index, piece in enumerate(pieces[1:]):
        flags = f.END_HEADERS if index == len(pieces) - 2 else 0
        peer.send(f.frame(f.CONTINUATION, flags, stream, piece))
    peer.send(f.frame(f.DATA, f.END_STREAM, stream, MESSAGE))
    assert len(pieces) == 5 and is_served(peer, peer.outcome(stream))


def test_a_call_that_is_given_up_leaves_nothing(peer, acme):
    for _ in range(50):
        stream, content = peer.request_bytes(headers(), MESSAGE[:-1], end=False)
        peer.send(content + f.reset(stream))
    assert is_served(peer)
    before = acme.resident_bytes()
    # Given up in the same read as it is whole, and after the answer was queued behind a window.
    for _ in range(50):
        stream, content = peer.request_bytes(headers(), MESSAGE)
        peer.send(content + f.reset(stream))
    assert is_served(peer)
    assert not any(peer.outcomes[one].ended for one in range(1, 100, 2))
    assert acme.resident_bytes() - before < 4 << 20


def test_one_stream_too_many_is_refused_or_an_error(acme):
    with Peer(acme.tcp) as peer:
        assert peer.until(lambda: 3 in peer.settings)
        limit = peer.settings[3]
        assert is_served(peer)  # by then the acknowledgement has been read
        for _ in range(limit + 1):
            peer.send(peer.request_bytes(headers(), MESSAGE[:3], end=False)[1])
        assert peer.until_closed() and peer.goaway == f.PROTOCOL
    with Peer(acme.tcp, acknowledges=False) as peer:
        content = [peer.request_bytes(headers(), MESSAGE[:3], end=False) for _ in range(limit + 1)]
        peer.send(b"".join(one[1] for one in content))
        assert peer.outcome(content[-1][0]).reset == f.REFUSED
        peer.send(f.frame(f.DATA, f.END_STREAM, content[0][0], MESSAGE[3:]))
        assert is_served(peer, peer.outcome(content[0][0]))


BREAKING = {
    "an even stream": (lambda: f.request(2, headers(), MESSAGE), f.PROTOCOL),
    "stream 0": (lambda: f.frame(f.HEADERS, 5, 0, f.block(headers())), f.PROTOCOL),
    "DATA on stream 0": (lambda: f.frame(f.DATA, 0, 0, b"x"), f.PROTOCOL),
    "DATA on an idle stream": (lambda: f.frame(f.DATA, 0, 5, b"x"), f.PROTOCOL),
    "HEADERS after the end": (
        lambda: f.request(1, headers()) + f.frame(f.HEADERS, 5, 1, f.block([("a", "b")])),
        f.CLOSED,
    ),
    "DATA after the end": (
        lambda: f.request(1, headers(), MESSAGE) + f.frame(f.DATA, 1, 1, b"x"),
        f.CLOSED,
    ),
    "WINDOW_UPDATE of 0 on a stream": (
        lambda: f.request(1, headers(), end=False) + f.window(1, 0),
        f.PROTOCOL,
    ),
    "WINDOW_UPDATE of 0": (lambda: f.window(0, 0), f.PROTOCOL),
    "a window beyond its size": (lambda: f.window(0, 0x7FFFFFFF), f.FLOW_CONTROL),
    "an initial window beyond its size": (lambda: f.settings((4, 1 << 31)), f.FLOW_CONTROL),
    "a frame size of 1": (lambda: f.settings((5, 1)), f.PROTOCOL),
    "push of 2": (lambda: f.settings((2, 2)), f.PROTOCOL),
    "forty settings": (lambda: f.settings(*[(3, 100)] * 40), f.CALM),
    "PUSH_PROMISE": (lambda: f.frame(f.PUSH, 4, 1, bytes(4)), f.PROTOCOL),
    "a short PING": (lambda: f.frame(f.PING, 0, 0, b"1234"), f.FRAME_SIZE),
    "broken compression": (lambda: f.frame(f.HEADERS, 5, 1, b"\xff" * 5), f.COMPRESSION),
}


@pytest.mark.parametrize("case", BREAKING)
def test_what_breaks_the_connection(acme, case):
    make, code = BREAKING[case]
    with Peer(acme.tcp) as peer:
        peer.send(make())
        assert peer.until_closed() and peer.goaway == code
    with Peer(acme.tcp) as other:
        assert is_served(other)


def test_a_decreasing_stream_is_never_served(peer):
    peer.next_stream = 9
    assert is_served(peer)
    peer.outcomes[5] = type(peer.outcomes[9])()
    peer.send(f.request(5, headers(), MESSAGE) + f.ping())
    assert peer.until(lambda: peer.pongs or peer.goaway is not None)
    assert not peer.outcomes[5].headers


def test_a_stream_window_that_overflows_resets_the_stream(peer):
    stream, content = peer.request_bytes(headers(), MESSAGE[:3], end=False)
    peer.send(content + f.window(stream, 0x7FFFFFFF))
    assert peer.outcome(stream).reset == f.FLOW_CONTROL
    assert is_served(peer)


def test_a_closed_window_keeps_the_answer_and_nothing_else(acme):
    with Peer(acme.tcp, settings={4: 0}) as peer:
        streams = []
        for _ in range(100):
            stream, content = peer.request_bytes(headers(), MESSAGE)
            peer.send(content)
            streams.append(stream)
        assert peer.until(lambda: peer.outcomes[streams[-1]].headers)
        assert all(peer.outcomes[one].data == b"" for one in streams)
        for one in streams:
            peer.send(f.window(one, 1_000))
        assert all(is_served(peer, peer.outcome(one)) for one in streams)


def test_a_huge_header_table_costs_nothing(acme):
    before = acme.resident_bytes()
    with Peer(acme.tcp, settings={1: 0x7FFFFFFF}) as peer:
        for _ in range(20):
            assert is_served(peer)
        assert acme.resident_bytes() - before < 2 << 20


def test_the_fourth_ping_in_a_row_is_too_many(peer):
    for _ in range(3):
        assert peer.ping()
    assert not peer.ping()
    assert peer.pongs == 3
    assert peer.goaway == f.CALM and peer.last_words == b"too_many_pings"


def test_pings_after_answers_are_never_too_many(acme):
    with Peer(acme.tcp) as peer:
        for _ in range(1_000):
            assert is_served(peer) and peer.ping()


def test_a_drain_that_nobody_acknowledges_still_ends(tmp_path, acme_document):
    from sidecar import Sidecar

    with Sidecar(tmp_path, "--policy", acme_document) as sidecar:
        with Peer(sidecar.tcp) as peer:
            stream, content = peer.request_bytes(headers(), MESSAGE[:3], end=False)
            peer.send(content + f.ping())
            assert peer.until(lambda: peer.pongs)
            # The peer never answers the server's PING; a second GOAWAY comes all the same.
            sidecar.process.terminate()
            assert peer.until(lambda: peer.last_stream == stream)
            peer.send(f.frame(f.DATA, f.END_STREAM, stream, MESSAGE[3:]))
            assert is_served(peer, peer.outcome(stream))
            assert peer.until_closed()
        wait_until(lambda: sidecar.process.poll() is not None, "the server stops")
        assert sidecar.process.returncode == 0


def test_a_status_message_of_any_characters_reaches_a_real_client(acme):
    import grpc

    odd = "/verdict.v1.DecisionService/Größe%41 %"
    with grpc.insecure_channel(acme.tcp) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(odd.encode("utf-8").decode("utf-8"))(b"", timeout=5)
    assert caught.value.code() in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL)
    with Peer(acme.tcp) as peer:
        outcome = peer.request(headers(path="/a.B/" + "\u00e9%"), MESSAGE)
        assert outcome.grpc_status == 12
        assert all(" " <= one <= "~" for one in outcome.headers["grpc-message"])


GRPC = ("content-type", "application/grpc")
GZIP = ("grpc-encoding", "gzip")
BODY = MESSAGE[5:]
COMPRESSED = {
    "a message": (framed(gzip.compress(BODY), flag=1), 0),
    "a message that is not": (framed(BODY, flag=0), 0),
    "cut off": (framed(gzip.compress(BODY)[:-1], flag=1), 13),
    "with a wrong sum": (framed(gzip.compress(BODY)[:-5] + b"\0\0\0\0\0", flag=1), 13),
    "no gzip": (framed(BODY, flag=1), 13),
    "two of them": (framed(gzip.compress(BODY) * 2, flag=1), 13),
    "nothing": (framed(b"", flag=1), 13),
    "a bomb": (framed(gzip.compress(bytes(100 << 20)), flag=1), 8),
}


@pytest.mark.parametrize("case", COMPRESSED)
def test_a_compressed_message_has_its_outcome(peer, case):
    content, status = COMPRESSED[case]
    pieces = [content[start : start + 16_000] for start in range(0, len(content), 16_000)]
    outcome = peer.request(headers(GZIP), *pieces)
    assert outcome.grpc_status == status
    assert is_served(peer)
    if status == 0:
        assert is_served(peer, outcome)
        assert outcome.headers["grpc-accept-encoding"] == "identity, gzip"


def test_a_real_client_may_compress(acme):
    import grpc

    with channel(acme.tcp) as connection:
        request = pb.AuthorizeRequest.FromString(BODY)
        call = connection.unary_unary(
            AUTHORIZE,
            request_serializer=pb.AuthorizeRequest.SerializeToString,
            response_deserializer=pb.AuthorizeResponse.FromString,
        )
        plain = call(request, timeout=5)
        packed = call(request, timeout=5, compression=grpc.Compression.Gzip)
        assert list(packed.effects) == list(plain.effects)


def test_a_long_compressed_message_is_a_worker_s_and_is_answered_alike(acme):
    import grpc

    before = total(acme.admin, "verdict_handed_over_total")
    checks = [
        {"action": "edit", "resource": f"destination/D{i % 3 + 1}", "principal": MIA}
        for i in range(8_000)
    ]
    request = pb.AuthorizeRequest(
        organization="acme", workspace="prod", columns=columns(checks)
    )
    assert request.ByteSize() > 64 << 10
    with Client(acme.unix) as client:
        plain = client.stub.Authorize(request, timeout=10)
        packed = client.stub.Authorize(request, timeout=10, compression=grpc.Compression.Gzip)
        assert packed.effects == plain.effects and len(packed.effects) == 8_000
        streamed = client.stub.AuthorizeStream(
            iter([request] * 3), timeout=20, compression=grpc.Compression.Gzip
        )
        assert [one.effects for one in streamed] == [plain.effects] * 3
    # One that was long as it came, and four that were short, and long before.
    assert total(acme.admin, "verdict_handed_over_total") - before == 5


def test_a_bomb_and_a_lie_about_a_length_end_where_they_are(acme):
    lie = bytearray(gzip.compress(bytes(1 << 20)))
    lie[-4:] = (10).to_bytes(4, "little")
    with hits(acme.admin, message_length=1), Peer(acme.tcp) as peer:
        assert peer.until(lambda: peer.settings)
        assert peer.request(headers(GZIP), framed(bytes(lie), flag=1)).grpc_status == 13
        bomb = framed(gzip.compress(bytes(8 << 20)), flag=1)
        assert peer.request(headers(GZIP), bomb).grpc_status == 8
        assert is_served(peer)


UNREADABLE = [
    "verdict.v1.DecisionService/Authorize",
    "verdict.v1.DecisionService/AuthorizeStream",
    "verdict.v1.DecisionService/CheckVisibility",
    "verdict.v1.DecisionService/GetServerInfo",
    "verdict.v1.DecisionService/WatchSnapshots",
    "verdict.v1.InspectionService/Explain",
    "grpc.health.v1.Health/Check",
    "grpc.health.v1.Health/List",
    "grpc.health.v1.Health/Watch",
    "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
]


@pytest.mark.parametrize("method", UNREADABLE)
def test_what_is_no_message_is_internal_whatever_the_method(acme, method):
    with Peer(acme.unix) as peer:
        assert peer.until(lambda: peer.settings)
        outcome = peer.request(headers(path=f"/{method}"), framed(b"\x0a\xff\xff"))
        assert (outcome.http_status, outcome.grpc_status) == ("200", 13)
        assert "not readable" in outcome.headers["grpc-message"]
        assert is_served(peer)


def test_the_health_page_is_for_those_who_dont_speak_grpc(peer):
    plain = [(":method", "GET"), (":scheme", "http"), (":path", "/healthz")]
    outcome = peer.request([*plain, (":authority", "localhost")])
    assert (outcome.http_status, outcome.data) == ("200", b"SERVING")
    assert outcome.headers["content-type"] == "text/plain" and outcome.grpc_status is None
    assert peer.request([*plain[:2], (":path", "/healthz/"), GRPC]).http_status == "405"
    assert peer.request(headers(path="/healthz"), MESSAGE).grpc_status == 12
    assert is_served(peer)


def test_the_health_page_says_when_nothing_is_served(tmp_path):
    from sidecar import Sidecar

    (tmp_path / "control").mkdir()
    with Sidecar(tmp_path / "run", "--control", tmp_path / "control") as sidecar:
        with Peer(sidecar.tcp) as peer:
            outcome = peer.request(
                [(":method", "GET"), (":scheme", "http"), (":path", "/healthz")]
            )
            assert (outcome.http_status, outcome.data) == ("503", b"NOT_SERVING")


def test_settings_tell_what_is_allowed(peer):
    assert peer.until(lambda: 3 in peer.settings)
    assert peer.settings[3] == 256 and peer.settings[6] == 8192 and peer.settings[9] == 1
    assert peer.settings[4] >= (4 << 20)
