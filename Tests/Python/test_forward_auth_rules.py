"""Forward auth, asked directly: what a gateway's request has to look like, and what is refused."""

import hashlib
import json
import re
import select
import socket

import pytest

import api_world
import world
from api_world import MIA, SECRETS, bearer
from decision_log import LoggedSidecar, agrees, records
from sidecar import Sidecar, publish, verdict, wait_until

TOKEN = ("Authorization", bearer("ci")["authorization"])
METHOD = ("X-Forwarded-Method", "GET")
URI = ("X-Forwarded-Uri", "/v2/workspace")


class Client:
    """One connection, which sends exactly what it is told to."""

    def __init__(self, address):
        if isinstance(address, int):
            self.socket = socket.create_connection(("127.0.0.1", address), timeout=10)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(10)
            self.socket.connect(str(address))
        self.file = self.socket.makefile("rb")

    def send(self, content):
        self.socket.sendall(content)

    def answer(self, is_head=False):
        """The next answer: (status, headers, body), or None at the end."""
        line = self.file.readline()
        if not line:
            return None
        status = int(re.fullmatch(rb"HTTP/1\.1 (\d{3}) [A-Za-z ]+\r\n", line).group(1))
        headers = {}
        while (line := self.file.readline()) != b"\r\n":
            name, value = line.decode().rstrip("\r\n").split(": ", 1)
            assert name not in headers
            headers[name] = value
        body = b"" if is_head else self.file.read(int(headers["content-length"]))
        return status, headers, json.loads(body) if body else None

    def ask(self, *headers, path="/", method="GET"):
        self.send(head(*headers, path=path, method=method))
        return self.answer(method == "HEAD")

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def head(*headers, path="/", method="GET"):
    lines = [f"{method} {path} HTTP/1.1", "Host: verdict", *(f"{n}: {v}" for n, v in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory):
    directory = tmp_path_factory.mktemp("verdict")
    policy = world.write(api_world.document(), directory / "acme.json")
    publish(directory / "control", policy)
    arguments = ["--control", directory / "control", "--forward-auth", "127.0.0.1:0"]
    arguments += ["--forward-auth", f"unix:{directory}/forward"]
    with Sidecar(directory, *arguments, loops=1) as sidecar:
        sidecar.forward_socket = directory / "forward"
        yield sidecar


@pytest.fixture
def client(sidecar):
    with Client(sidecar.forward_auth_port()) as client:
        yield client


def reason(answer):
    return answer[2]["reason"] if answer[2] else "granted"


def test_an_allow_says_who_asks_and_keeps_the_connection(client):
    for _ in range(3):
        status, headers, body = client.ask(TOKEN, METHOD, URI)
        assert (status, body) == (200, None)
        assert headers["x-verdict-principal"] == "service_token:ci"
        assert headers["x-verdict-organization"] == "acme"
        assert headers["x-verdict-workspace"] == "prod"
        assert headers["x-verdict-generation"] == "1"
        assert re.fullmatch("[0-9a-f]{32}", headers["x-verdict-decision-id"])
        assert "connection" not in headers


def test_a_denial_says_why(client):
    answer = client.ask(TOKEN, ("X-Forwarded-Method", "DELETE"), ("X-Forwarded-Uri", "/v2/x"))
    assert answer[0] == 403 and reason(answer) == "no_route"
    assert answer[1]["x-verdict-reason"] == "no_route"
    assert answer[1]["x-verdict-decision-id"] == answer[2]["decision_id"]
    answer = client.ask(METHOD, URI)
    assert answer[0] == 401 and answer[1]["www-authenticate"] == 'Bearer realm="verdict"'


def test_a_unix_socket_does_as_well(sidecar):
    assert sidecar.forward_socket.stat().st_mode & 0o777 == 0o600
    with Client(sidecar.forward_socket) as client:
        assert client.ask(TOKEN, METHOD, URI)[0] == 200


def test_the_head_alone_and_other_methods(client):
    status, headers, _ = client.ask(METHOD, URI, method="HEAD")
    assert status == 401 and int(headers["content-length"]) > 0
    for method in ("POST", "PUT", "OPTIONS", "DELETE"):
        assert client.ask(TOKEN, METHOD, URI, method=method)[0] == 200


def test_requests_behind_one_another_are_answered_in_order(client):
    client.send(head(TOKEN, METHOD, URI) + head(METHOD, URI) + head(TOKEN, METHOD, URI))
    assert [client.answer()[0] for _ in range(3)] == [200, 401, 200]


def test_a_head_may_come_byte_by_byte(client):
    for byte in head(TOKEN, METHOD, URI):
        client.send(bytes([byte]))
    assert client.answer()[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        [METHOD],
        [URI],
        [METHOD, METHOD, URI],
        [METHOD, ("x-forwarded-method", "DELETE"), URI],
        [METHOD, URI, URI],
        [METHOD, URI, ("x-forwarded-URI", "/v2/destinations")],
        [METHOD, URI, ("X-Original-URI", "/v2/destinations")],
        [METHOD, URI, ("X-Original-URI", "/v2/workspace"), ("x-original-uri", "/v2/workspace")],
        [METHOD, URI, ("X-Original-Method", "DELETE")],
        [METHOD, URI, ("X-Forwarded-Host", "a"), ("X-Forwarded-Host", "b")],
        [METHOD, ("X-Forwarded-Uri", "")],
        [METHOD, ("X-Forwarded-Uri", "http://api/v2/workspace")],
        [METHOD, ("X-Forwarded-Uri", "/v2/workspace, /v2/destinations")],
        [METHOD, ("X-Forwarded-Uri", "//v2/workspace")],
        [METHOD, ("X-Forwarded-Uri", "/v2/x/../workspace")],
        [METHOD, ("X-Forwarded-Uri", "/v2%2fworkspace")],
    ],
)
def test_what_is_not_said_once_is_refused(client, headers):
    answer = client.ask(TOKEN, *headers)
    assert (answer[0], reason(answer)) == (403, "bad_request")


def test_two_methods_in_one_have_no_route(client):
    answer = client.ask(TOKEN, ("X-Forwarded-Method", "GET, DELETE"), URI)
    assert (answer[0], reason(answer)) == (403, "no_route")


def test_credentials_that_come_twice_are_refused(client):
    other = ("authorization", bearer("reader")["authorization"])
    for pair in ((TOKEN, TOKEN), (TOKEN, other), (other, TOKEN)):
        answer = client.ask(*pair, METHOD, URI)
        assert (answer[0], reason(answer)) == (403, "ambiguous_identity")
    joined = ("Authorization", f"{TOKEN[1]}, {other[1]}")
    assert reason(client.ask(joined, METHOD, URI)) == "ambiguous_identity"


def test_the_other_names_do_as_well_and_have_to_agree(client):
    originals = [("X-Original-Method", "GET"), ("X-Original-URI", "/v2/workspace")]
    assert client.ask(TOKEN, *originals)[0] == 200
    assert client.ask(TOKEN, *originals, METHOD, URI)[0] == 200


@pytest.mark.parametrize(
    "path, status",
    [
        ("/", 200),
        ("/?workspace=elsewhere", 200),
        ("/organization/acme", 200),
        ("/workspace/prod", 200),
        ("/organization/acme/workspace/prod", 200),
        ("/organization/acme/workspace/pr%6fd?x=y", 200),
        ("/organization/other", 403),
        ("/workspace/other", 403),
        ("/workspace/prod/organization/acme", 403),
        ("/workspace/", 403),
        ("/workspaces/prod", 403),
        ("/organization/acme/workspace", 403),
        ("//", 403),
        ("/v2/workspace", 403),
        ("*", 403),
    ],
)
def test_the_gateways_own_path_names_organization_and_workspace(client, path, status):
    # OPTIONS, because only it may ask for `*`.
    assert client.ask(TOKEN, METHOD, URI, path=path, method="OPTIONS")[0] == status


@pytest.mark.parametrize(
    "content",
    [
        b"\x16\x03\x01hello there\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-Forwarded-Uri: /v2/workspace\r\n ?x\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-Forwarded-Uri : /v2/workspace\r\n\r\n",
        b"GET / HTTP/1.1\r\nAuthorization: a\x00b\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        head(*[("x-a", "b")] * 300),
        head(("x-a", "b" * 70_000)),
        head(("x-a", "b" * 1_000_000)),
    ],
)
def test_what_is_no_request_is_denied_and_the_connection_ends(client, content):
    client.send(content)
    status, headers, body = client.answer()
    assert (status, body["reason"], headers["connection"]) == (403, "bad_request", "close")
    assert client.answer() is None


def test_a_body_is_not_read_and_ends_the_connection(client):
    client.send(head(TOKEN, METHOD, URI, ("Content-Length", "1000000"), method="POST"))
    status, headers, _ = client.answer()
    assert (status, headers["connection"]) == (200, "close")
    client.send(b"x" * 1_000_000)
    assert client.answer() is None


def test_a_body_is_never_taken_for_a_request(client):
    hidden = head(TOKEN, METHOD, URI)
    client.send(head(METHOD, URI, ("Content-Length", str(len(hidden)))) + hidden)
    assert client.answer()[0] == 401 and client.answer() is None


def test_an_end_is_said_where_it_was_asked_for(client):
    assert client.ask(TOKEN, METHOD, URI, ("Connection", "close"))[1]["connection"] == "close"
    assert client.answer() is None


def test_idle_connections_make_room_for_new_ones(sidecar):
    port = sidecar.forward_auth_port()
    idle = [Client(port) for _ in range(1_030)]
    try:
        for client in idle[-20:]:
            assert client.ask(TOKEN, METHOD, URI)[0] == 200
        gone = select.poll()
        for client in idle:
            gone.register(client.socket, select.POLLRDHUP)
        wait_until(lambda: len(gone.poll(0)) == 6, "as many are closed as are too many")
    finally:
        for client in idle:
            client.close()
    with Client(port) as client:
        assert client.ask(TOKEN, METHOD, URI)[0] == 200


def test_without_policies_the_server_says_503(tmp_path):
    arguments = ("--control", tmp_path / "control", "--forward-auth", "127.0.0.1:0")
    with Sidecar(tmp_path / "run", *arguments, loops=1) as sidecar:
        with Client(sidecar.forward_auth_port()) as client:
            answer = client.ask(TOKEN, METHOD, URI)
            assert (answer[0], reason(answer)) == (503, "no_snapshot")
            # What the client's bytes lead to is none of it.
            client.send(b"NONSENSE\r\n\r\n")
            assert client.answer()[0] == 403
        policy = world.write(api_world.document(), tmp_path / "acme.json")
        publish(tmp_path / "control", policy)

        def is_allowed():
            with Client(sidecar.forward_auth_port()) as client:
                return client.ask(TOKEN, METHOD, URI)[0] == 200

        wait_until(is_allowed, "the policies are in force")


def test_a_user_is_asked_about_in_the_workspace_of_the_gateways_path(tmp_path):
    policy = world.write(api_world.document(), tmp_path / "acme.json")
    options = ["--identity", "header", "--trusted-header", "X-User", "--trusted-header-is-stripped"]
    arguments = ["--policy", policy, "--forward-auth", "127.0.0.1:0", *options]
    with Sidecar(tmp_path / "run", *arguments, loops=1) as sidecar:
        with Client(sidecar.forward_auth_port()) as client:
            user = ("X-User", f"user:{MIA}")
            assert client.ask(user, METHOD, URI, path="/workspace/prod")[0] == 200
            assert reason(client.ask(user, METHOD, URI)) == "missing_workspace"
            assert reason(client.ask(user, user, METHOD, URI)) == "ambiguous_identity"


def test_other_machines_are_not_answered_unless_somebody_says_so(tmp_path):
    policy = world.write(api_world.document(), tmp_path / "acme.json")
    done = verdict(
        "serve", "--policy", policy, "--listen", "127.0.0.1:0", "--forward-auth", "0.0.0.0:0",
        check=False,
    )
    assert done.returncode == 1 and "--allow-plaintext" in done.stderr


def test_it_stops_with_the_server(tmp_path):
    policy = world.write(api_world.document(), tmp_path / "acme.json")
    arguments = ("--policy", policy, "--forward-auth", f"unix:{tmp_path}/forward")
    sidecar = Sidecar(tmp_path / "run", *arguments, loops=1)
    with Client(tmp_path / "forward") as client:
        assert client.ask(TOKEN, METHOD, URI)[0] == 200
        assert sidecar.stop() == 0
        assert client.answer() is None
    assert not (tmp_path / "forward").exists()


def test_secrets_are_never_logged(sidecar):
    text = "\n".join(sidecar.log)
    for secret in SECRETS.values():
        assert secret not in text and hashlib.sha256(secret.encode()).hexdigest() not in text


def test_answers_are_counted_and_logged_as_envoys_are(tmp_path):
    publish(tmp_path / "control", world.write(api_world.document(), tmp_path / "acme.json"))
    arguments = ["--control", tmp_path / "control", "--log-allows", "1"]
    arguments += ["--forward-auth", "127.0.0.1:0"]
    with LoggedSidecar(tmp_path, *arguments, loops=1) as sidecar:
        with Client(sidecar.forward_auth_port()) as client:
            ids = [
                client.ask(*headers)[1]["x-verdict-decision-id"]
                for headers in ([TOKEN, METHOD, URI], [METHOD, URI], [TOKEN, METHOD])
            ]
            client.send(b"NONSENSE\r\n\r\n")
            ids.append(client.answer()[1]["x-verdict-decision-id"])
        assert agrees(sidecar)["requests"]["Check OK"]["records"] == 4
    found = records(sidecar.path)
    assert [one["id"] for one in found] == ids
    reasons = [one["checks"][0]["reason"] for one in found]
    assert reasons == ["view_floor", "unidentified", "bad_request", "bad_request"]
    assert found[0]["principal"] == "service_token:ci" and found[0]["route"] == "/v2/workspace"
