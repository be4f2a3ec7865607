"""A real, unmodified Envoy in front of an API, configured as the example file says."""

import base64
import hashlib
import hmac
import json
import os
import time

import pytest

import api_world
import gateway_fuzz
import world
from api_world import MIA, bearer
from gateway_traffic import Policies, Traffic
from gateways import Envoy, ext_authz
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
CONNECT = b'{"sourceId": "S1", "destinationId": "D1"}'


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory):
    directory = tmp_path_factory.mktemp("verdict")
    policy = world.write(api_world.document(), directory / "acme.json")
    publish(directory / "control", policy)
    with Sidecar(directory, "--control", directory / "control", loops=1) as sidecar:
        yield sidecar


@pytest.fixture(scope="module")
def envoy(tmp_path_factory, sidecar, upstream):
    envoy = Envoy(tmp_path_factory.mktemp("envoy"), sidecar.port, upstream.port)
    yield envoy
    envoy.close()


@pytest.fixture
def changed(tmp_path, sidecar, upstream):
    """Starts Envoys with other settings."""
    started = []

    def start(change, port=None):
        directory = tmp_path / f"envoy{len(started)}"
        started.append(Envoy(directory, port or sidecar.port, upstream.port, change))
        return started[-1]

    yield start
    for one in started:
        one.close()


def test_an_allowed_request_arrives_with_who_asks(envoy):
    response = envoy.request("PUT", "/v2/destinations/D1?x=1", bearer("ci"), b"{}")
    assert response.status == 200 and response.json()["path"] == "/v2/destinations/D1?x=1"
    assert response.upstream_headers("x-verdict-principal") == ["service_token:ci"]
    assert response.upstream_headers("x-verdict-workspace") == ["prod"]


def test_a_denied_one_does_not_and_its_client_learns_why(envoy, upstream):
    before = len(upstream.seen)
    response = envoy.request("PUT", "/v2/destinations/D1", bearer("reader"))
    assert response.status == 403 and response.headers["content-type"] == "application/json"
    assert response.json()["reason"] == "missing_permission"
    assert response.json()["message"] == "You don't have Edit permission for destinations."
    assert len(upstream.seen) == before


def test_an_unidentified_one_gets_a_401_with_the_way_to_ask(envoy):
    for headers in ({}, {"authorization": "Bearer wrong"}, bearer("old")):
        response = envoy.request("GET", "/v2/workspace", headers)
        assert response.status == 401
        assert response.headers["www-authenticate"] == 'Bearer realm="verdict"'
        assert response.json()["reason"] == "unidentified"


def test_forged_identity_headers_never_arrive(envoy):
    pairs = [("authorization", bearer("ci")["authorization"]), *FORGED]
    response = envoy.request("GET", "/v2/workspace", pairs)
    assert response.status == 200
    for name in NAMES:
        values = response.upstream_headers(name)
        assert len(values) == 1 and values[0] not in [value for _, value in FORGED]


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
def test_paths_of_two_readings_do_not_pass(envoy, upstream, path):
    before = len(upstream.seen)
    response = envoy.request("GET", path, bearer("olga-laptop"))
    # Some of them Envoy refuses by itself.
    assert response.status in (400, 403) and len(upstream.seen) == before


def test_the_query_goes_on_as_it_came(envoy):
    response = envoy.request("GET", "/v2/workspace?a=%3F&b=/../c&d=%2F", bearer("ci"))
    assert response.json()["path"] == "/v2/workspace?a=%3F&b=/../c&d=%2F"


def test_two_authorization_headers_are_one_too_many(envoy):
    pairs = [("authorization", bearer(name)["authorization"]) for name in ("ci", "reader")]
    assert envoy.request("GET", "/v2/workspace", pairs).json()["reason"] == "ambiguous_identity"


def test_bodies_are_read_and_go_on(envoy, upstream):
    response = envoy.request("POST", "/v2/connections", bearer("ci"), CONNECT)
    assert response.status == 200 and upstream.seen[-1][3] == CONNECT
    response = envoy.request("POST", "/v2/connections", bearer("reader"), CONNECT)
    assert response.json()["reason"] == "missing_permission"
    for body in (b"", b"{", CONNECT[:-1] + b', "sourceId": "S2"}'):
        response = envoy.request("POST", "/v2/connections", bearer("ci"), body)
        assert (response.status, response.json()["reason"]) == (403, "bad_request")


@pytest.mark.parametrize("as_bytes", [True, False])
def test_a_cut_body_is_denied_where_it_matters(changed, as_bytes):
    def change(filters, _):
        ext_authz(filters)["with_request_body"] = {
            "max_request_bytes": 64, "allow_partial_message": True, "pack_as_bytes": as_bytes,
        }

    envoy = changed(change)
    assert envoy.request("POST", "/v2/connections", bearer("ci"), CONNECT).status == 200
    long = CONNECT + b" " * 100
    response = envoy.request("POST", "/v2/connections", bearer("ci"), long)
    assert response.json()["reason"] == "bad_request"
    forged = {**bearer("ci"), "x-envoy-auth-partial-body": "false"}
    assert envoy.request("POST", "/v2/connections", forged, long).status == 403
    assert envoy.request("POST", "/v2/destinations", bearer("ci"), long).status == 200
    assert envoy.count("error") == 0


def test_a_body_that_is_longer_than_a_message_may_be_does_not_pass(changed, upstream):
    def change(filters, _):
        settings = ext_authz(filters)
        settings["failure_mode_allow"] = True
        settings["with_request_body"].update(
            max_request_bytes=16 << 20, allow_partial_message=False
        )

    envoy = changed(change)
    before = len(upstream.seen)
    for count in (5 << 20, 15 << 20):
        response = envoy.request("POST", "/v2/destinations", bearer("ci"), bytes(count))
        assert response.status == 403 and response.json()["reason"] == "bad_request"
    assert len(upstream.seen) == before and envoy.count("error") == 0
    assert envoy.request("POST", "/v2/connections", bearer("ci"), CONNECT).status == 200


def test_raw_headers(changed):
    def change(filters, _):
        ext_authz(filters)["encode_raw_headers"] = True

    envoy = changed(change)
    pairs = [("Authorization", bearer("ci")["authorization"]), *FORGED]
    response = envoy.request("POST", "/v2/connections", pairs, CONNECT)
    assert response.upstream_headers("x-verdict-principal") == ["service_token:ci"]
    twice = [("authorization", bearer(name)["authorization"]) for name in ("ci", "ci")]
    assert envoy.request("GET", "/v2/workspace", twice).json()["reason"] == "ambiguous_identity"
    long = CONNECT + b" " * 70_000
    forged = {**bearer("ci"), "x-envoy-auth-partial-body": "false"}
    assert envoy.request("POST", "/v2/connections", forged, long).status == 403
    assert envoy.count("error") == 0


def test_what_the_configuration_says_of_a_route(changed):
    def change(_, host):
        def route(prefix, **context):
            settings = {
                "@type": "type.googleapis.com/"
                "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute",
                "check_settings": {
                    "context_extensions": {f"verdict.{k}": v for k, v in context.items()}
                },
            }
            return {
                "match": {"prefix": prefix},
                "route": {"cluster": "api"},
                "typed_per_filter_config": {"envoy.filters.http.ext_authz": settings},
            }

        host["routes"] = [
            route("/v2/sources", workspace="prod"),
            route("/v2/destinations", workspace="other"),
            route("/v2/accounts", organization="elsewhere"),
            *host["routes"],
        ]

    envoy = changed(change)
    assert envoy.request("GET", "/v2/sources", bearer("ci")).status == 200
    response = envoy.request("GET", "/v2/destinations", bearer("ci"))
    assert response.json()["reason"] == "no_workspace_access"
    response = envoy.request("GET", "/v2/accounts", bearer("ci"))
    assert response.json()["reason"] == "unknown_organization"


def _jwt(key, claims):
    def part(value):
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    signed = part({"alg": "HS256", "kid": "k"}) + "." + part(claims)
    return signed + "." + part(hmac.digest(key, signed.encode(), hashlib.sha256))


def test_claims_of_a_jwt_that_envoy_verified(changed):
    key = os.urandom(32)
    encoded = base64.urlsafe_b64encode(key).rstrip(b"=").decode()

    def change(filters, host):
        keys = {"keys": [{"kty": "oct", "alg": "HS256", "kid": "k", "k": encoded}]}
        provider = {
            "issuer": "issuer",
            "local_jwks": {"inline_string": json.dumps(keys)},
            "payload_in_metadata": "jwt_payload",
            "forward": True,
        }
        filters.insert(1, {
            "name": "envoy.filters.http.jwt_authn",
            "typed_config": {
                "@type": "type.googleapis.com/"
                "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
                "providers": {"p": provider},
                "rules": [{
                    "match": {"prefix": "/"},
                    "requires": {"requires_any": {"requirements": [
                        {"provider_name": "p"}, {"allow_missing_or_failed": {}}]}},
                }],
            },
        })
        settings = ext_authz(filters)
        settings["metadata_context_namespaces"] = ["envoy.filters.http.jwt_authn"]
        host["typed_per_filter_config"] = {"envoy.filters.http.ext_authz": {
            "@type": "type.googleapis.com/"
            "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute",
            "check_settings": {"context_extensions": {"verdict.workspace": "prod"}},
        }}

    envoy = changed(change)

    def ask(method, path, key, **claims):
        claims = {"iss": "issuer", "exp": int(time.time()) + 600, **claims}
        return envoy.request(method, path, {"authorization": "Bearer " + _jwt(key, claims)})

    response = ask("PUT", "/v2/destinations/D1", key, sub=MIA)
    assert response.upstream_headers("x-verdict-principal") == [f"user:{MIA}"]
    assert ask("PUT", "/v2/destinations/D2", key, sub=MIA).status == 403
    assert ask("GET", "/v2/workspace", key, sub="nobody").json()["reason"] == "unknown_principal"
    assert ask("GET", "/v2/workspace", os.urandom(32), sub=MIA).status == 401
    assert ask("GET", "/v2/workspace", key, sub=MIA, exp=1).status == 401
    assert ask("GET", "/v2/workspace", key).status == 401


@pytest.mark.parametrize("lets_pass", [True, False])
def test_without_verdict_the_operators_choice_holds(changed, upstream, tmp_path, lets_pass):
    policy = world.write(api_world.document(), tmp_path / "acme.json")
    publish(tmp_path / "control", policy)
    sidecar = Sidecar(tmp_path / "own", "--control", tmp_path / "control", loops=1)
    try:
        def change(filters, _):
            ext_authz(filters)["failure_mode_allow"] = lets_pass

        envoy = changed(change, sidecar.port)
        assert envoy.request("PUT", "/v2/destinations/D1", bearer("reader")).status == 403
        assert envoy.count("error") == 0
    finally:
        sidecar.stop()
    before = len(upstream.seen)
    pairs = [("authorization", bearer("reader")["authorization"]), *FORGED]
    response = envoy.request("PUT", "/v2/destinations/D1", pairs)
    assert envoy.count("error") == 1
    if lets_pass:
        assert response.status == 200
        assert not NAMES & {name for name, _ in upstream.seen[-1][2]}
    else:
        assert response.status == 503 and len(upstream.seen) == before


def test_swaps_and_restarts_under_traffic_never_allow_wrongly(changed, tmp_path):
    policies = Policies(tmp_path)
    arguments = ("--control", policies.control)
    sidecar = Sidecar(tmp_path / "first", *arguments, loops=1)
    traffic = Traffic(changed(None, sidecar.port))
    try:
        with traffic:
            for turn in range(4):
                policies.publish(turn % 2 == 1)
                traffic.wait_for(200 if turn % 2 else 403, "the new policies are in force")
            assert traffic.seen["always"] == {200} and traffic.seen["turns"] == {200, 403}
            # The same port again, as a supervisor would start it.
            port = sidecar.port
            sidecar.stop()
            again = ("--listen", f"127.0.0.1:{port}")
            sidecar = Sidecar(tmp_path / "second", *arguments, *again, loops=1)
            traffic.wait_for(200, "Envoy has connected again")
    finally:
        sidecar.stop()
    assert traffic.seen["never"] <= {403, 503} and 403 in traffic.seen["never"]


def test_random_requests_never_move_envoy_into_its_error_path(envoy):
    before = envoy.count("error")
    answered, allowed = gateway_fuzz.run(envoy, count=3_000, seed=7)
    assert answered > 1_800 and allowed > 1_000
    assert envoy.count("error") == before
    assert envoy.request("GET", "/v2/workspace", bearer("ci")).status == 200
