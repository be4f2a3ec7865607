"""Real nginx, Caddy and Traefik in front of an API, as their example files say."""

import socket

import pytest

import api_world
import world
from api_world import bearer
from gateway_traffic import Policies, Traffic
from gateways import Caddy, Nginx, Traefik
from sidecar import Sidecar, publish

FORGED = [
    ("x-verdict-principal", "user:olga@acme.example"),
    ("X-Verdict-Principal", "user:adam@acme.example"),
    ("X-VERDICT-ORGANIZATION", "evil"),
    ("x-verdict-workspace", "evil"),
    ("x-verdict-workspace", "worse"),
    ("x-Verdict-Generation", "999"),
    ("x-verdict-decision-id", "0"),
]
NAMES = {name.lower() for name, _ in FORGED}
KINDS = {"nginx": Nginx, "caddy": Caddy, "traefik": Traefik}


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory):
    directory = tmp_path_factory.mktemp("verdict")
    policy = world.write(api_world.document(), directory / "acme.json")
    publish(directory / "control", policy)
    arguments = ("--control", directory / "control", "--forward-auth", "127.0.0.1:0")
    with Sidecar(directory, *arguments, loops=1) as sidecar:
        yield sidecar


@pytest.fixture(scope="module", params=KINDS)
def gateway(request, tmp_path_factory, sidecar, upstream):
    directory = tmp_path_factory.mktemp(request.param)
    gateway = KINDS[request.param](directory, sidecar.forward_auth_port(), upstream.port)
    gateway.kind = request.param
    yield gateway
    gateway.close()


def with_token(token, *more):
    return [("Authorization", bearer(token)["authorization"]), *more]


def test_an_allowed_request_arrives_with_who_asks(gateway, upstream):
    response = gateway.request("PUT", "/v2/destinations/D1?x=1", bearer("ci"), b"{}")
    assert response.status == 200 and response.json()["path"] == "/v2/destinations/D1?x=1"
    assert response.upstream_headers("x-verdict-principal") == ["service_token:ci"]
    assert response.upstream_headers("x-verdict-organization") == ["acme"]
    assert response.upstream_headers("x-verdict-workspace") == ["prod"]
    method, _, _, body = upstream.seen[-1]
    assert (method, body) == ("PUT", b"{}")


def test_a_denied_one_does_not_and_its_client_learns_why(gateway, upstream):
    before = len(upstream.seen)
    response = gateway.request("PUT", "/v2/destinations/D1", bearer("reader"))
    assert response.status == 403 and response.headers["content-type"] == "application/json"
    assert response.json()["reason"] == "missing_permission"
    assert len(response.json()["decision_id"]) == 32
    if gateway.kind != "nginx":
        assert response.json()["message"] == "You don't have Edit permission for destinations."
    assert len(upstream.seen) == before


def test_an_unidentified_one_gets_a_401_with_the_way_to_ask(gateway, upstream):
    before = len(upstream.seen)
    for headers in ({}, {"authorization": "Bearer wrong"}, bearer("old")):
        response = gateway.request("GET", "/v2/workspace", headers)
        assert response.status == 401
        assert response.headers["www-authenticate"] == 'Bearer realm="verdict"'
        assert response.json()["reason"] == "unidentified"
    assert len(upstream.seen) == before


@pytest.mark.parametrize("host", ["localhost", "api.example", "", "127.0.0.1"])
def test_whatever_host_is_asked_verdict_is(gateway, upstream, host):
    before = len(upstream.seen)
    lines = ["GET /v2/workspace HTTP/1.1", f"Host: {host}", "Connection: close", "", ""]
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as client:
        client.sendall("\r\n".join(lines).encode())
        status = int(client.makefile("rb").readline().split()[1])
    assert status in (400, 401) if host == "" else status == 401
    assert len(upstream.seen) == before


def test_the_method_is_the_clients(gateway):
    assert gateway.request("GET", "/v2/destinations/D1", bearer("reader")).status == 200
    assert gateway.request("DELETE", "/v2/destinations/D1", bearer("reader")).status == 403
    assert gateway.request("HEAD", "/v2/destinations/D1", bearer("ci")).status == 403


def test_forged_identity_headers_never_arrive(gateway):
    response = gateway.request("GET", "/v2/workspace", with_token("ci", *FORGED))
    assert response.status == 200
    for name in NAMES:
        values = response.upstream_headers(name)
        assert len(values) == 1 and values[0] not in [value for _, value in FORGED]


@pytest.mark.parametrize(
    "forged",
    [
        [("X-Forwarded-Method", "GET"), ("X-Forwarded-Uri", "/v2/workspace")],
        [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/v2/workspace")] * 2,
        [("X-FORWARDED-URI", "/v2/destinations/D1"), ("X-Original-URI", "/v2/destinations/D1")],
        [("X-Original-Method", "GET"), ("X-Original-URI", "/v2/workspace")],
        [("x-Original-Url", "/v2/workspace"), ("X-Rewrite-Url", "/v2/workspace")],
        [("Connection", "X-Forwarded-Uri, X-Forwarded-Method")],
        [("X_Forwarded_Uri", "/v2/workspace"), ("X_Forwarded_Method", "GET")],
    ],
)
def test_a_client_can_not_say_what_it_asks_for(gateway, upstream, forged):
    before = len(upstream.seen)
    response = gateway.request("DELETE", "/v2/destinations/D2", with_token("mia-laptop", *forged))
    assert response.status == 403 and len(upstream.seen) == before
    assert response.json()["reason"] in ("missing_permission", "bad_request")


@pytest.mark.parametrize(
    "path",
    [
        "//v2/workspace",
        "/v2//workspace",
        "/v2/./workspace",
        "/v2/x/../workspace",
        "/v2/x/%2e%2e/workspace",
        "/v2%2Fworkspace",
        "/v2%5cworkspace",
        "/v2/workspace;x",
        "/v2/workspace%00",
        "/v2/workspace%252f",
    ],
)
def test_what_passes_was_decided_as_it_passes(gateway, upstream, path):
    before = len(upstream.seen)
    response = gateway.request("GET", path, bearer("olga-laptop"))
    if response.status == 200:
        # Traefik cleans paths: before it asks, and before it passes them on.
        assert gateway.kind == "traefik" and upstream.seen[-1][1] == "/v2/workspace"
    else:
        assert response.status in (400, 403) and len(upstream.seen) == before


def test_the_query_goes_on_as_it_came(gateway):
    response = gateway.request("GET", "/v2/workspace?a=%3F&b=/../c&d=%2F", bearer("ci"))
    assert response.json()["path"] == "/v2/workspace?a=%3F&b=/../c&d=%2F"


@pytest.mark.parametrize("order", [("ci", "reader"), ("reader", "ci"), ("ci", "ci")])
def test_two_authorization_headers_are_one_too_many(gateway, upstream, order):
    before = len(upstream.seen)
    pairs = [("authorization", bearer(name)["authorization"]) for name in order]
    response = gateway.request("GET", "/v2/workspace", pairs)
    # nginx refuses them by itself.
    assert response.status in (400, 403) and len(upstream.seen) == before


def test_routes_that_need_a_body_do_not_pass(gateway, upstream):
    before = len(upstream.seen)
    body = b'{"sourceId": "S1", "destinationId": "D1"}'
    for headers in (with_token("ci"), with_token("ci", ("content-type", "application/json"))):
        response = gateway.request("POST", "/v2/connections", headers, body)
        assert (response.status, response.json()["reason"]) == (403, "bad_request")
        if gateway.kind != "nginx":
            assert response.json()["message"] == (
                "the route reads the request's body, and the gateway passes none on"
            )
    assert len(upstream.seen) == before


def test_large_headers_do_not_pass_wrongly(gateway, upstream):
    before = len(upstream.seen)
    for byte_count in (7_000, 60_000, 300_000):
        pairs = with_token("reader", *[("x-a", "a" * 7_000)] * (byte_count // 7_000))
        response = gateway.request("DELETE", "/v2/destinations/D1", pairs)
        assert response.status in (400, 403, 431)
    assert len(upstream.seen) == before


@pytest.mark.parametrize("kind", KINDS)
def test_swaps_and_restarts_under_traffic_never_allow_wrongly(upstream, tmp_path, kind):
    policies = Policies(tmp_path)
    arguments = ("--control", policies.control, "--forward-auth")
    sidecar = Sidecar(tmp_path / "first", *arguments, "127.0.0.1:0", loops=1)
    port = sidecar.forward_auth_port()
    gateway = KINDS[kind](tmp_path / kind, port, upstream.port)
    traffic = Traffic(gateway)
    try:
        with traffic:
            for turn in range(2):
                policies.publish(turn % 2 == 1)
                traffic.wait_for(200 if turn % 2 else 403, "the new policies are in force")
            assert traffic.seen["always"] == {200} and traffic.seen["turns"] <= {200, 403}
            sidecar.stop()
            before = len(upstream.seen)
            for _ in range(3):
                response = gateway.request("PUT", "/v2/destinations/D1", with_token("ci", *FORGED))
                assert response.status >= 500
            assert len(upstream.seen) == before
            sidecar = Sidecar(tmp_path / "second", *arguments, f"127.0.0.1:{port}", loops=1)
            traffic.wait_for(200, "the gateway has connected again")
    finally:
        sidecar.stop()
        gateway.close()
    seen = traffic.seen["never"]
    assert 403 in seen and seen <= {403, 500, 502, 503, 504}
