"""Envoy's side of external authorization, spoken by grpcio: what Envoy sends, and what it must get."""

import json
import pathlib
import sys

from api import channel

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / ".work/stubs"))

from envoy.service.auth.v3 import external_auth_pb2 as pb  # noqa: E402
from google.protobuf.struct_pb2 import Struct  # noqa: E402

CHECK = "/envoy.service.auth.v3.Authorization/Check"
IDENTITY = {
    "x-verdict-principal",
    "x-verdict-organization",
    "x-verdict-workspace",
    "x-verdict-decision-id",
    "x-verdict-generation",
}


def pair(name, value):
    """An entry of a map of texts."""
    return pb.StringPair(key=name, value=value).SerializeToString()


def request(method, path, headers=None, body=None, raw=False, context=None, claims=None, peer=""):
    """A CheckRequest as Envoy makes it. `headers` may be a list of pairs."""
    message = pb.CheckRequest()
    http = message.attributes.request.http
    http.method, http.path = method, path
    pairs = list(headers.items() if isinstance(headers, dict) else headers or [])
    if body is not None:
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        http.raw_body = body
        pairs += [("x-envoy-auth-partial-body", "false"), ("content-length", str(len(body)))]
    for name, value in pairs:
        if raw:
            value = value if isinstance(value, bytes) else value.encode()
            http.header_map.headers.add(key=name, raw_value=value)
        else:
            http.headers.append(pair(name, value))
    for name, value in (context or {}).items():
        message.attributes.context_extensions.append(pair(name, value))
    if claims is not None:
        payload = Struct()
        payload.update({"jwt_payload": claims})
        entry = pb.StructPair(
            key="envoy.filters.http.jwt_authn", value=payload.SerializeToString()
        )
        message.attributes.metadata_context.filter_metadata.append(entry.SerializeToString())
    message.attributes.source.principal = peer
    return message


class Verdict:
    """What a CheckResponse means to Envoy; asserts that it is never an empty one."""

    def __init__(self, raw):
        response = self.response = pb.CheckResponse.FromString(raw)
        kind = response.WhichOneof("http_response")
        assert kind is not None and response.HasField("status")
        self.allowed = response.status.code == 0
        assert self.allowed == (kind == "ok_response")
        part = getattr(response, kind)
        for option in part.headers:
            assert option.HasField("append") and not option.append.value
        self.headers = {option.header.key: option.header.value for option in part.headers}
        metadata = Struct.FromString(response.dynamic_metadata)
        self.metadata = {key: metadata[key] for key in metadata}
        self.reason = self.metadata["reason"]
        assert self.metadata["effect"] == ("allow" if self.allowed else "deny")
        if self.allowed:
            self.status = 200
            self.removed = set(part.headers_to_remove)
            # Each is set or taken away, so that none of a client's gets through.
            assert set(self.headers) | self.removed == IDENTITY
            assert not set(self.headers) & self.removed
        else:
            self.status = part.status.code
            self.body = json.loads(part.body)
            assert set(self.body) == {"reason", "message", "decision_id"}
            assert self.body["reason"] == self.reason and self.body["message"]
            assert self.headers["content-type"] == "application/json"
            assert ("www-authenticate" in self.headers) == (self.status == 401)


class Asker:
    def __init__(self, address):
        self.channel = channel(address)
        self.call = self.channel.unary_unary(CHECK)

    def __call__(self, *args, **options):
        return self.raw(request(*args, **options).SerializeToString())

    def raw(self, content):
        return Verdict(self.call(content, timeout=20))

    def close(self):
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
