#!/usr/bin/env python3
"""Writes first inputs for the fuzzers, from which `make fuzz` goes on: TARGET/NAME below a folder.

They are made of the repository's own examples and of frames and messages as real clients send them.
"""

import hashlib
import itertools
import pathlib
import sys

from hpack import Encoder
from hyperframe import frame as frames

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".work/stubs"))
sys.path.insert(0, str(ROOT / "Tests/Python"))

import ext_authz  # noqa: E402
from verdict.v1 import inspection_pb2, verdict_pb2  # noqa: E402

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
REQUEST = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/t.S/Echo"),
    (":authority", "localhost"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
]
CHANGES = [
    {},
    {":path": "/t.S/Fail"},
    {":path": "/t.S/Long"},
    {":path": "/t.S/None"},
    {"content-type": "application/grpc+proto"},
    {"content-type": "text/plain"},
    {":method": "GET"},
    {"grpc-timeout": "5S"},
    {"grpc-timeout": "99999999H"},
    {"grpc-timeout": "x"},
    {"grpc-encoding": "gzip"},
    {"authorization": "Bearer x", "user-agent": "grpc-c/1", "x-bin": "AAE"},
    {"content-length": "8"},
    {":authority": "/run/verdict.sock"},
    {"cookie": "a" * 300},
]


def message(content):
    return b"\0" + len(content).to_bytes(4, "big") + content


def headers(stream, change, *, flags=("END_HEADERS",), encoder=None):
    fields = dict(REQUEST) | change
    block = (encoder or Encoder()).encode(list(fields.items()))
    return frames.HeadersFrame(stream, block, flags=flags).serialize()


def data(stream, content, *, last=True):
    return frames.DataFrame(stream, content, flags=["END_STREAM"] if last else []).serialize()


def control_frames():
    yield frames.SettingsFrame(0, {1: 0, 3: 1, 4: 0, 5: 16384, 6: 100}).serialize()
    yield frames.SettingsFrame(0, flags=["ACK"]).serialize()
    yield frames.PingFrame(0, b"12345678").serialize()
    yield frames.WindowUpdateFrame(0, 70000).serialize()
    yield frames.GoAwayFrame(0, 0, 0, b"bye").serialize()
    yield frames.PriorityFrame(1, 0, 15, False).serialize()
    yield b"\0\0\4\x77\0\0\0\0\0what"


def conversations():
    """Streams of bytes after the preface and empty SETTINGS."""
    for change in CHANGES:
        yield headers(1, change) + data(1, message(b"abc"))
    one = Encoder()
    yield b"".join(
        headers(stream, CHANGES[stream % 3], encoder=one) + data(stream, message(b"x" * stream))
        for stream in range(1, 21, 2)
    )
    for extra in control_frames():
        yield headers(1, {}) + extra + data(1, message(b"abc"))
        yield headers(1, {}) + data(1, message(b"abc")) + extra
    yield headers(1, {}) + frames.RstStreamFrame(1, 8).serialize() + headers(3, {})
    yield headers(1, {}) + data(1, message(b"abc")[:3], last=False) + data(1, b"\0\3abc")
    yield headers(1, {}, flags=("END_HEADERS", "END_STREAM"))
    yield headers(1, {}) + data(1, message(b"") * 2)
    yield headers(1, {}) + data(1, b"\1" + message(b"abc")[1:])
    yield headers(1, {}) + data(1, b"\0\xff\xff\xff\xff")
    block = Encoder().encode(REQUEST)
    yield frames.HeadersFrame(1, block[:9]).serialize() + frames.ContinuationFrame(
        1, block[9:], flags=["END_HEADERS"]
    ).serialize() + data(1, message(b"abc"))
    trailers = frames.HeadersFrame(
        1, Encoder().encode([("x", "y")]), flags=["END_HEADERS", "END_STREAM"]
    ).serialize()
    yield headers(1, {}) + data(1, message(b"abc"), last=False) + trailers


def http2():
    for number, stream in enumerate(conversations()):
        yield bytes([1 | (number % 8) << 1, (0, 0, 1, 7, 40)[number % 5]]) + stream
    yield bytes([0, 0]) + PREFACE + frames.SettingsFrame(0).serialize() + headers(1, {})


def headers_alone():
    """Blocks as `HeaderHarness` reads them."""
    for change in CHANGES:
        parts = [part.encode()[:199] for pair in (dict(REQUEST) | change).items() for part in pair]
        yield b"".join(bytes([len(part)]) + part for part in parts)


def checks():
    principals = ["mia", "max", "adam", "service_token:ci", "personal_token:laptop", "nobody", ""]
    actions = ["edit", "view", "create", "connect", "delete", "members.invite", "no", ""]
    resources = ["event_stream_source/S1", "destination/D1", "destination", "data_catalog/order"]
    for number, (principal, action) in enumerate(itertools.product(principals, actions)):
        yield verdict_pb2.Check(
            principal=principal,
            action=action,
            resource=resources[number % len(resources)],
            target="destination/D1" if action == "connect" else "",
        )


def request_messages():
    """Method, in the order of the server's table, and message."""
    asked = list(checks())
    for check in asked:
        yield 0, verdict_pb2.AuthorizeRequest(organization="acme", workspace="prod", checks=[check])
    yield 0, verdict_pb2.AuthorizeRequest(
        organization="acme", principal="mia", workspace="prod", checks=asked, want_messages=True
    )
    ids = verdict_pb2.Ids(data=b"S1S2D1", lengths=b"\2\2\2")
    yield 0, verdict_pb2.AuthorizeRequest(
        organization="acme",
        principal="mia",
        workspace="prod",
        columns=verdict_pb2.CheckColumns(
            count=3,
            actions=["edit", "view"],
            action_of=b"\0\1\0",
            resource_types=["event_stream_source"],
            resource_type_of=b"\0\0\0",
            resource_ids=ids,
        ),
    )
    yield 1, verdict_pb2.CheckVisibilityRequest(
        organization="acme",
        workspace="prod",
        principals=["mia", "max"],
        permissions=["view", "edit"],
        blocks=[verdict_pb2.VisibilityBlock(resource_type="event_stream_source", ids=ids)],
    )
    yield 2, verdict_pb2.GetServerInfoRequest()
    inspections = ["Explain", "GetEffectivePolicy", "ListResources", "ListPrincipals"]
    for number, name in enumerate(inspections):
        kind = getattr(inspection_pb2, f"{name}Request")
        values = {
            "organization": "acme",
            "principal": "mia",
            "workspace": "prod",
            "action": "edit",
            "resource": "event_stream_source/S1",
            "resource_type": "event_stream_source",
        }
        known = {field.name for field in kind.DESCRIPTOR.fields if field.type == field.TYPE_STRING}
        yield 4 + number, kind(**{key: values[key] for key in known & set(values)})


def request():
    for method, one in request_messages():
        yield bytes([method]) + one.SerializeToString()
    yield b"\3" + b"\x0a\x1bverdict.v1.DecisionService"


def snapshot():
    for base, section, action in itertools.product(range(2), range(0, 40, 3), range(8)):
        yield bytes([base, action, section, 4, 0, 0, 1, 0, 0, 0])


def document():
    places = ["examples/acme/*.yaml", "Tests/Conformance/**/*.yaml", "Tests/Library/**/*.yaml"]
    for path in sorted(path for place in places for path in ROOT.glob(place)):
        kind = 2 if path.parent.name == "models" else 0
        is_test = path.name.endswith(".test.yaml") or path.parent.name == "Conformance"
        yield bytes([4 if is_test else kind]) + path.read_bytes()
    for path in sorted((ROOT / "models").glob("*.yaml")):
        yield b"\2" + path.read_bytes()
    for line in (ROOT / "examples/acme/worked-example.checks.jsonl").read_bytes().splitlines():
        yield b"\5" + line
    yield (
        b'\1{"apiVersion": "verdict/v1", "model": "rudderstack", "organization": '
        b'{"id": "a", "plan": "free", "owner": "o", "members": ["m"]}, "workspaces": {"w": '
        b'{"members": ["m"], "resources": {"destination": ["D1", {"id": "D2", "name": "x"}]}}}}'
    )


def gateway():
    secret = {"authorization": "Bearer secret", "x-user": "mia", "content-type": "application/json"}
    bodies = [
        b"", b"{}", b'{"sourceId": "S1", "destinationId": "D1"}', b'{"a": 1, "a": 2}', b"[[[1]]]",
        b'{"destinationIds": ["D1", "D2"], "type": "web", "x": null}', b'"\\ud83d\\ude00\\u0000"',
        b'{"a": -1.5e-3, "b": true, "c": "\xc3\xa9\\n"}',
    ]  # fmt: skip
    paths = [
        "/v2/workspace", "/v2/sources/S1", "/v2/connections", "/v2/x/%2e%2e/y", "/v2/a?b=%2F&c",
        "/transformations/T1/connectToDestination", "/v2/destinations/D1/transformation", "//", "",
    ]  # fmt: skip
    for number, (path, body) in enumerate(itertools.product(paths, bodies)):
        method = ["GET", "POST", "PUT", "DELETE"][number % 4]
        claims = {"sub": "mia", "org": "acme", "ws": "prod"} if number % 3 == 0 else None
        context = {"verdict.organization": "acme"} if number % 2 else None
        yield b"\0" + ext_authz.request(
            method, path, secret if number % 5 else {}, body, number % 7 == 0, context, claims,
            "spiffe://acme/ci" if number % 4 == 0 else "",
        ).SerializeToString()  # fmt: skip
    for number, path in enumerate(paths):
        lines = [
            "GET /organization/acme/workspace/prod HTTP/1.1", "Host: v", "X-Forwarded-Method: GET",
            f"X-Forwarded-Uri: {path}", "Authorization: Bearer secret", "X-User: mia",
            *(["Content-Length: 3"] if number % 3 == 0 else []),
        ]  # fmt: skip
        yield b"\1" + ("\r\n".join(lines) + "\r\n\r\n").encode() * (1 + number % 2)
    for body in bodies:
        yield b"\2" + body
    yield b"\3" + b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLCJhdWQiOiJhIiwic3ViIjoibWlhIn0.DtEh"
    yield b"\3" + b"eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ."


def routes():
    head = b"apiVersion: verdict.routes/v1\nmodel: rudderstack\nroutes:\n"
    lines = (ROOT / "models/rudderstack.routes.yaml").read_text().split("routes:\n", 1)[1]
    for part in lines.split("\n  - "):
        yield b"\0" + head + b"  - " + part.strip().removeprefix("- ").encode() + b"\n"
    yield (
        b'\1{"apiVersion": "verdict.routes/v1", "model": "rudderstack", "routes": [{"match": '
        b'"GET /a/{id}", "check": "edit destination/{id}"}, {"match": ["PUT /a"], "public": true}]}'
    )
    for place in range(0, 4_000, 97):
        yield b"\2\1" + place.to_bytes(3, "little") + bytes([place % 251])


TARGETS = {
    one.__name__: one for one in (http2, request, snapshot, document, gateway, routes)
}
TARGETS["headers"] = headers_alone


def main(folder):
    for name, seeds in TARGETS.items():
        place = pathlib.Path(folder) / name
        place.mkdir(parents=True, exist_ok=True)
        for seed in seeds():
            (place / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


if __name__ == "__main__":
    main(sys.argv[1])
