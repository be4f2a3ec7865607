"""Random requests through a real Envoy: whatever a client sends, the authorization call succeeds.

`python gateway_fuzz.py COUNT` starts everything and says what happened (`make fuzz-gateway`).
"""

import pathlib
import random
import socket
import sys
import tempfile

from api_world import SECRETS

WORDS = [
    "v2", "sources", "destinations", "connections", "S1", "D1", "C1", "transformations", "publish",
    "%2e%2e", "..", ".", "", "%00", "%", "a" * 200, "catalog", "events", "E1", "é", "\x01", ";",
    "\\",
]
BODIES = [
    "", "{}", "[", '{"sourceId": "S1", "destinationId": "D1"}', '{"a": 1, "a": 2}', "\x00\xff",
    '{"destinationIds": ["D1", "D2"]}', '{"x": ' + "[" * 50, "a=b", "x" * 5_000, '{"type": "web"}',
]


# What the token `ci` may do.
ALLOWED = [
    ("GET", "/v2/workspace", ""),
    ("GET", "/v2/sources/S1?a=%2F&b=/../c", ""),
    ("PUT", "/v2/destinations/D1", '{"name": "x"}'),
    ("PUT", "/v2/connections/C1", ""),
    ("DELETE", "/v2/destinations/D1/transformation", ""),
    ("POST", "/v2/connections", '{"sourceId": "S1", "destinationId": "D1"}'),
    ("POST", "/transformations/T1/connectToDestination", '{"destinationIds": ["D1", "D2"]}'),
]
# Of these none changes what a request may.
HARMLESS = [
    "Accept: */*", "X-Verdict-Principal: user:olga@acme.example", "Cookie: a=\xff\xfe", "X-A: \xe9",
    f"User-Agent: {'x' * 3_000}", "x-verdict-reason: granted", "X-Forwarded-Uri: /", "A: a, b",
]


def make_allowed(rng):
    """A request that is allowed, with this and that around it."""
    method, path, body = rng.choice(ALLOWED)
    lines = [f"{method} {path} HTTP/1.1", "Host: api", *rng.choices(HARMLESS, k=rng.randint(0, 4))]
    lines.insert(rng.randint(1, len(lines)), f"Authorization: Bearer {SECRETS['ci']}")
    if body:
        body += " " * rng.randint(0, 40)
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body.encode()


def make(rng):
    """The bytes of one request that a client might send."""
    path = "/".join([""] + rng.choices(WORDS, k=rng.randint(0, 5)))
    path += rng.choice(["", "", "?a=b", "?publish=true&publish=false", "?%", "#x", "?a;b"])
    method = rng.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "BREW", "get"])
    lines = [f"{method} {path} HTTP/1.1", "Host: api"]
    tokens = [f"Bearer {secret}" for secret in SECRETS.values()]
    for _ in range(rng.randint(0, 5)):
        name = rng.choice(
            ["Authorization", "authorization", "Content-Type", "X-Verdict-Principal", "Cookie",
             "x-envoy-auth-partial-body", "Content-Encoding", "X-A", "Accept", "TE"]
        )
        value = rng.choice(
            [*tokens, "Bearer", "Basic x", "application/json", "true", "false", "a,b", "",
             "\xff\xfe", "é", "x" * 3_000, "gzip", "Bearer a.b.c"]
        )
        lines.append(f"{name}: {value}")
    body = rng.choice(BODIES).encode("latin-1")
    if body or rng.random() < 0.3:
        lines.append(f"Content-Length: {len(body)}")
    lines.append("Connection: keep-alive")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


class Client:
    """A connection that is opened again where Envoy closes it."""

    def __init__(self, port):
        self.port, self.socket = port, None

    def ask(self, content):
        """Send one request and read one answer's head and body; the status, or None."""
        try:
            if self.socket is None:
                self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=10)
                self.file = self.socket.makefile("rb")
            self.socket.sendall(content)
            line = self.file.readline().split()
            if len(line) < 2:
                raise ConnectionError
            length, closes = 0, False
            while (header := self.file.readline()) not in (b"\r\n", b""):
                name, _, value = header.lower().partition(b":")
                if name == b"content-length":
                    length = int(value)
                closes = closes or (name == b"connection" and b"close" in value)
            if not content.startswith(b"HEAD"):
                self.file.read(length)
            if closes:
                self.close()
            return int(line[1])
        except (OSError, ValueError):
            self.close()
            return None

    def close(self):
        if self.socket:
            self.file.close()
            self.socket.close()
            self.socket = None


def run(envoy, count, seed):
    """Send `count` requests; how many were answered by the API or Verdict, and how many passed."""
    rng = random.Random(seed)
    client = Client(envoy.port)
    answered = allowed = 0
    for _ in range(count):
        is_good = rng.random() < 0.4
        status = client.ask(make_allowed(rng) if is_good else make(rng))
        assert not is_good or status == 200, "what may pass passes"
        allowed += status == 200
        assert status not in (500, 502, 503, 504), "the error path"
        answered += status in (200, 401, 403)
    client.close()
    return answered, allowed


def main(count):
    import api_world
    import world
    from gateways import Envoy, Upstream
    from sidecar import Sidecar, publish

    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        policy = world.write(api_world.document(), directory / "acme.json")
        publish(directory / "control", policy)
        upstream = Upstream()
        with Sidecar(directory / "verdict", "--control", directory / "control") as sidecar:
            envoy = Envoy(directory / "envoy", sidecar.port, upstream.port)
            try:
                answered, allowed = run(envoy, count, seed=count)
                counts = {one: envoy.count(one) for one in ("ok", "denied", "error")}
            finally:
                envoy.close()
        upstream.close()
    print(
        f"{count} requests, {answered} answered by the API or Verdict, {allowed} passed; "
        f"Envoy counts {counts}"
    )
    return 1 if counts["error"] or allowed < count // 3 else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
