"""Listeners of one server whose requests say in different ways who is calling."""

import time

import pytest

import api_world
import world
from api_world import MIA, bearer
from ext_authz import Asker
from sidecar import Sidecar, verdict
from test_forward_auth_rules import Client
from test_jwt import AUDIENCE, ISSUER, RSA, key_set

D1 = ("PUT", "/v2/destinations/D1")
IN_PROD = {"verdict.workspace": "prod"}
SECRET, CLAIMS = {"headers": bearer("ci")}, {"claims": {"sub": MIA}, "context": IN_PROD}
IDENTITY = {"secrets": ["bearer"], "claims": ["claims"], "jwts": ["jwt"], "default": []}


def options(directory):
    """A listener of each kind for Envoy, and two for others that speak HTTP/1.1."""
    keys = directory / "keys.json"
    keys.write_text(key_set(RSA))
    words = ["--jwt-keys", keys, "--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE]
    for name, sources in IDENTITY.items():
        words += ["--listener", f"{name}.address=unix:{directory}/{name}"]
        for source in sources:
            words += ["--listener", f"{name}.identity={source}"]
    for name, source in [("http-jwts", "jwt"), ("http-secrets", "bearer")]:
        words += ["--listener", f"{name}.address=unix:{directory}/{name}"]
        words += ["--listener", f"{name}.forward-auth=on"]
        words += ["--listener", f"{name}.identity={source}"]
    return words


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    directory = tmp_path_factory.mktemp("v")
    policy = world.write(api_world.document(), directory / "acme.json")
    with Sidecar(directory / "run", "--policy", policy, *options(directory), loops=1):
        yield directory


@pytest.fixture(scope="module")
def ask(server):
    """Ask at the listener of a name."""
    askers = {name: Asker(f"unix:{server}/{name}") for name in IDENTITY}
    yield lambda name, **options: askers[name](*D1, **options)
    for asker in askers.values():
        asker.close()


def jwt(**claims):
    return {"headers": {"authorization": f"Bearer {RSA.token(**claims)}"}, "context": IN_PROD}


def test_what_one_listener_takes_the_other_refuses(ask):
    asking = {"secrets": SECRET, "claims": CLAIMS, "jwts": jwt()}
    for name in ("secrets", "claims", "jwts"):
        for kind, options in asking.items():
            for _ in range(3):
                answer = ask(name, **options)
                assert answer.allowed == (name == kind), (name, kind)
                assert answer.reason == "unidentified" or answer.allowed


def test_a_listener_that_says_nothing_has_the_servers(ask):
    assert ask("default", **SECRET).allowed and ask("default", **CLAIMS).allowed
    assert ask("default", **jwt()).reason == "unidentified"


def test_what_a_worker_verified_for_one_listener_opens_no_other(ask):
    """A JWT that is remembered is remembered for those who ask for JWTs."""
    token = jwt(nonce=time.time())
    assert ask("secrets", **token).reason == "unidentified"
    assert ask("jwts", **token).headers["x-verdict-principal"] == f"user:{MIA}"
    assert ask("jwts", **token).allowed
    for name in ("secrets", "claims", "default"):
        assert ask(name, **token).reason == "unidentified"


def test_a_source_that_a_listener_does_not_ask_disagrees_with_nobody(ask):
    both = {"headers": bearer("ci"), "claims": {"sub": MIA}, "context": IN_PROD}
    assert ask("secrets", **both).headers["x-verdict-principal"] == "service_token:ci"
    assert ask("claims", **both).headers["x-verdict-principal"] == f"user:{MIA}"
    assert ask("default", **both).reason == "ambiguous_identity"


def test_forward_auth_listeners_too(server):
    line = [("X-Forwarded-Method", D1[0]), ("X-Forwarded-Uri", D1[1])]
    secret = ("Authorization", bearer("ci")["authorization"])
    token = ("Authorization", jwt()["headers"]["authorization"])
    for name, good, bad in [("http-jwts", token, secret), ("http-secrets", secret, token)]:
        with Client(server / name) as client:
            for _ in range(2):
                assert client.ask(*line, good, path="/workspace/prod")[0] == 200
                assert client.ask(*line, bad, path="/workspace/prod")[0] == 401


@pytest.mark.parametrize(
    "words, message",
    [
        (["a.identity=jwt"], "--identity jwt, --jwt-keys FILE, --jwt-issuer NAME and"),
        (["a.identity=peer"], "--identity peer and --peer-prefix PREFIX go together"),
        (["a.identity=header"], "--identity header and --trusted-header NAME go together"),
        (["a.identity=bearer"] * 2, "listeners.a: `identity` names a source twice"),
        (["a.forward-auth=on", "a.identity=claims"], "brings no claims and no certificate"),
        (["a.forward-auth=on", "a.inspection=on"], "listeners.a: `forward_auth` is plain HTTP/1.1"),
        (["a.forward-auth=on", "a.allow-caller=uid:1"], "`forward_auth` is plain HTTP/1.1"),
    ],
)
def test_what_does_not_fit_together(tmp_path, words, message):
    given = [word for one in ["a.address=unix:a", *words] for word in ("--listener", one)]
    run = verdict("config", "check", "--policy", tmp_path, *given, check=False)
    assert run.returncode == 64 and message in run.stderr
