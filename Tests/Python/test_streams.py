"""Calls with many messages: AuthorizeStream, Health/Watch and List, WatchSnapshots."""

import contextlib
import itertools
import queue
import threading
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from hyperframe.frame import DataFrame

import world
from api import ALLOW, DENY, Client, columns, pb
from metrics import hits
from peer import Peer, framed
from sidecar import Sidecar, publish, wait_until
from world import MIA

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
STREAM = "/verdict.v1.DecisionService/AuthorizeStream"
HEADERS = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", STREAM),
    (":authority", "localhost"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
]


def batch(number, count=3):
    """A batch whose answers tell which one it was: S1 may be edited, S3 may not."""
    checks = [
        {"action": "edit", "resource": f"event_stream_source/S{1 if number >> i & 1 else 3}"}
        for i in range(count)
    ]
    defaults = {"organization": "acme", "principal": MIA, "workspace": "prod"}
    if number % 2:
        return pb.AuthorizeRequest(columns=columns(checks), **defaults)
    return pb.AuthorizeRequest(checks=[pb.Check(**check) for check in checks], **defaults)


def expected(number, count=3):
    return [ALLOW if number >> i & 1 else DENY for i in range(count)]


class Collected:
    """What a stream of answers says, gathered by a thread of its own."""

    def __init__(self, call):
        self.call, self.messages, self.error = call, queue.Queue(), None
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            for message in self.call:
                self.messages.put(message)
        except grpc.RpcError as error:
            self.error = error

    def next(self, seconds=10):
        return self.messages.get(timeout=seconds)

    def end(self):
        self.thread.join(10)
        assert not self.thread.is_alive()
        return self.error and self.error.code()


# AuthorizeStream.


def test_each_message_is_answered_by_one_in_order(client):
    numbers = list(range(500))
    answers = client.stub.AuthorizeStream((batch(n % 8) for n in numbers), timeout=30)
    got = [list(answer.effects) for answer in answers]
    assert got == [expected(n % 8) for n in numbers]
    assert answers.code() == grpc.StatusCode.OK


def test_an_answer_comes_before_the_next_question_is_asked(client):
    questions = queue.Queue()
    answers = Collected(client.stub.AuthorizeStream(iter(questions.get, None), timeout=30))
    for n in range(20):
        questions.put(batch(n % 8))
        answer = answers.next()
        assert list(answer.effects) == expected(n % 8) and len(answer.snapshot_digest) == 32
    questions.put(None)
    assert answers.end() is None


def test_an_empty_stream_ends_well(client):
    assert list(client.stub.AuthorizeStream(iter([]), timeout=10)) == []


def test_a_message_that_authorize_would_refuse_ends_the_stream_after_the_answers_before(client):
    asked = [batch(1), batch(2), pb.AuthorizeRequest(organization="acme"), batch(3)]
    answers = client.stub.AuthorizeStream(iter(asked), timeout=10)
    got = []
    with pytest.raises(grpc.RpcError) as error:
        for answer in answers:
            got.append(list(answer.effects))
    assert got == [expected(1), expected(2)]
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "checks: empty" in error.value.details()


def test_large_batches_go_both_ways_at_once(client):
    checks = [{"action": "edit", "resource": f"destination/{i}"} for i in range(10_000)]
    one = pb.AuthorizeRequest(
        organization="acme", principal=MIA, workspace="prod", columns=columns(checks)
    )
    answers = client.stub.AuthorizeStream(itertools.repeat(one, 50), timeout=60)
    assert [len(answer.effects) for answer in answers] == [10_000] * 50


def test_a_message_may_wait_for_its_generation_and_those_behind_wait_with_it(tmp_path):
    document, path = world.worked_example(), tmp_path / "acme.json"
    publish(tmp_path / "control", world.write(document, path))
    with Sidecar(tmp_path / "run", "--control", tmp_path / "control") as sidecar:
        with Client(sidecar.unix) as client:
            newer = batch(1)
            newer.min_generation = client.info().organizations[0].generation + 1
            asked = iter([batch(2), newer, batch(3)])
            answers = Collected(client.stub.AuthorizeStream(asked, timeout=20))
            assert list(answers.next().effects) == expected(2)
            assert list(client.authorize(batch(4)).effects) == expected(4)
            assert answers.messages.empty()
            document["organization"]["members"].append("new@acme.example")
            publish(tmp_path / "control", world.write(document, path))
            first, second = answers.next(), answers.next()
            assert list(first.effects) == expected(1)
            assert first.generation == newer.min_generation
            assert list(second.effects) == expected(3)
            assert answers.end() is None


def test_a_reader_that_stops_is_asked_for_no_more_and_others_don_t_mind(acme):
    message = framed(batch(1).SerializeToString())
    with Peer(acme.unix, settings={4: 0}) as peer, Client(acme.unix) as other:
        before = acme.resident_bytes()
        # The window that the server offers counts once its SETTINGS are acknowledged.
        assert peer.ping()
        # Not one byte of an answer may be sent: the server must stop to take questions.
        stream, start = peer.request_bytes(HEADERS, end=False)
        peer.send(start)
        peer.socket.setblocking(False)
        sent, stuck_since = 0, None
        piece = DataFrame(stream, message * 50).serialize()
        # The server's own window for the stream is some 4 MiB; more is a flow control error.
        while sent < (4 << 20) - len(piece):
            try:
                sent += peer.socket.send(piece[sent % len(piece) :])
                stuck_since = None
            except BlockingIOError:
                stuck_since = stuck_since or time.monotonic()
                if time.monotonic() - stuck_since > 2:
                    break
                time.sleep(0.01)
        peer.socket.setblocking(True)
        for n in range(8):
            assert list(other.authorize(batch(n)).effects) == expected(n)
        assert acme.resident_bytes() - before < 32 << 20
    with Client(acme.unix) as again:
        assert list(again.authorize(batch(5)).effects) == expected(5)


def test_a_cancelled_stream_is_forgotten(client):
    for _ in range(20):
        questions = queue.Queue()
        call = client.stub.AuthorizeStream(iter(questions.get, None), timeout=30)
        answers = Collected(call)
        questions.put(batch(1))
        assert list(answers.next().effects) == expected(1)
        call.cancel()
        questions.put(None)
        assert answers.end() == grpc.StatusCode.CANCELLED
    assert list(client.authorize(batch(6)).effects) == expected(6)


def test_a_deadline_ends_a_stream(client):
    questions = queue.Queue()
    answers = Collected(client.stub.AuthorizeStream(iter(questions.get, None), timeout=0.5))
    assert answers.end() == grpc.StatusCode.DEADLINE_EXCEEDED
    questions.put(None)


# Health.


def health(address):
    return health_pb2_grpc.HealthStub(grpc.insecure_channel(address))


def watch(address, service="", timeout=30):
    request = health_pb2.HealthCheckRequest(service=service)
    return Collected(health(address).Watch(request, timeout=timeout))


def test_health_is_told_at_once_and_at_every_change(tmp_path, acme_document):
    (tmp_path / "control").mkdir()
    with Sidecar(tmp_path / "run", "--control", tmp_path / "control", loops=2) as sidecar:
        watches = [watch(sidecar.tcp), watch(sidecar.unix, "verdict.v1.DecisionService")]
        unknown = watch(sidecar.tcp, "no.such.Service")
        for one in watches:
            assert one.next().status == NOT_SERVING
        assert unknown.next().status == SERVICE_UNKNOWN
        publish(tmp_path / "control", acme_document)
        for one in watches:
            assert one.next().status == SERVING
        publish(tmp_path / "control", acme_document)
        assert sidecar.stop() == 0
        for one in watches:
            assert one.next().status == NOT_SERVING
            assert one.end() == grpc.StatusCode.UNAVAILABLE and one.messages.empty()
        assert unknown.end() == grpc.StatusCode.UNAVAILABLE and unknown.messages.empty()


def test_health_lists_every_service(acme):
    statuses = health(acme.tcp).List(health_pb2.HealthListRequest(), timeout=10).statuses
    assert {"", "verdict.v1.DecisionService", "grpc.health.v1.Health"} <= set(statuses)
    assert all(one.status == SERVING for one in statuses.values())
    for name in statuses:
        request = health_pb2.HealthCheckRequest(service=name)
        assert health(acme.tcp).Check(request, timeout=10).status == SERVING


def test_a_stream_at_rest_ends_when_the_server_stops_and_one_that_is_asked_is_answered_first(
    tmp_path, acme_document
):
    publish(tmp_path / "control", acme_document)
    with Sidecar(tmp_path / "run", "--control", tmp_path / "control") as sidecar:
        with Client(sidecar.tcp) as one, Client(sidecar.unix) as other:
            asked = [queue.Queue(), queue.Queue()]
            calls = [
                Collected(client.stub.AuthorizeStream(iter(questions.get, None), timeout=30))
                for client, questions in zip((one, other), asked)
            ]
            # One has been answered before, the other was only begun.
            asked[0].put(batch(1))
            assert list(calls[0].next().effects) == expected(1)
            start = time.monotonic()
            assert sidecar.stop() == 0
            assert time.monotonic() - start < 5
            for call in calls:
                assert call.end() == grpc.StatusCode.UNAVAILABLE and call.messages.empty()
            for questions in asked:
                questions.put(None)


def test_a_stream_in_the_middle_of_a_message_ends_with_the_drain_timeout(tmp_path, acme_document):
    publish(tmp_path / "control", acme_document)
    arguments = ["--control", tmp_path / "control", "--drain-timeout", "2"]
    with Sidecar(tmp_path / "run", *arguments) as sidecar, Peer(sidecar.tcp) as peer:
        assert peer.until(lambda: peer.settings)
        whole = framed(batch(1).SerializeToString())
        stream, content = peer.request_bytes(HEADERS, whole + whole[:9], end=False)
        peer.send(content)
        assert peer.until(lambda: peer.outcomes[stream].data)
        start = time.monotonic()
        assert sidecar.stop() == 0
        assert 1.5 < time.monotonic() - start < 5
        assert peer.until_closed() and peer.outcomes[stream].grpc_status is None


# WatchSnapshots.


def test_every_swap_is_told(tmp_path):
    document, path = world.worked_example(), tmp_path / "acme.json"
    publish(tmp_path / "control", world.write(document, path))
    with Sidecar(tmp_path / "run", "--control", tmp_path / "control") as sidecar:
        with Client(sidecar.unix) as client:
            told = Collected(client.stub.WatchSnapshots(pb.WatchSnapshotsRequest(), timeout=60))
            first = told.next()
            assert [one.organization for one in first.snapshots] == ["acme"]
            digests = {first.snapshots[0].snapshot_digest}
            for swap in range(1, 6):
                document["organization"]["members"].append(f"new{swap}@acme.example")
                publish(tmp_path / "control", world.write(document, path))
                news = told.next()
                info = client.info()
                assert news.set_number == first.set_number + swap == info.set_number
                (one,) = news.snapshots
                assert one.generation == info.organizations[0].generation
                assert one.snapshot_digest == info.organizations[0].snapshot_digest
                digests.add(one.snapshot_digest)
            assert len(digests) == 6 and told.messages.empty()
            sidecar.stop()
            assert told.end() == grpc.StatusCode.UNAVAILABLE


def test_more_than_256_watches_of_a_loop_are_refused_and_those_that_left_make_room(
    tmp_path, acme_document
):
    admin = tmp_path / "admin.sock"
    arguments = ["--policy", acme_document, "--admin", f"unix:{admin}"]
    with (
        Sidecar(tmp_path, *arguments, loops=1) as sidecar,
        Client(sidecar.unix) as first,
        Client(sidecar.unix) as second,
    ):

        def told(client):
            call = client.stub.WatchSnapshots(pb.WatchSnapshotsRequest(), timeout=60)
            next(iter(call))
            return call

        calls = [told((first, second)[index % 2]) for index in range(256)]
        with hits(admin, watches=2):
            for client in (first, second):
                with pytest.raises(grpc.RpcError) as error:
                    told(client)
                assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
                assert "too many calls watch already" in error.value.details()
        for call in calls:
            call.cancel()

        def is_told():
            with contextlib.suppress(grpc.RpcError):
                return told(first)

        wait_until(is_told, "there is room again")
