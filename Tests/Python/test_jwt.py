"""JWTs that Verdict verifies by itself: what is believed, and everything that is not."""

import base64
import hashlib
import hmac
import json
import os
import signal
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

import api_world
import world
from api_world import MIA, bearer
from ext_authz import Asker
from sidecar import Sidecar, verdict, wait_until
from test_forward_auth_rules import Client

ISSUER, AUDIENCE = "https://issuer.example", "control-plane"


def encode(content):
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def number(value, byte_count=None):
    byte_count = byte_count or (value.bit_length() + 7) // 8
    return encode(value.to_bytes(byte_count, "big"))


class Key:
    """A key of the issuer, with the name `kid`."""

    def __init__(self, kid, algorithm):
        self.kid, self.algorithm = kid, algorithm
        self.hash = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}[
            algorithm[2:]
        ]()
        if algorithm.startswith("ES"):
            curve = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}
            self.private = ec.generate_private_key(curve[algorithm]())
        else:
            self.private = rsa.generate_private_key(65537, 2048)

    def jwk(self, **more):
        public = self.private.public_key().public_numbers()
        if isinstance(self.private, rsa.RSAPrivateKey):
            parts = {"kty": "RSA", "n": number(public.n), "e": number(public.e)}
        else:
            size = (self.private.key_size + 7) // 8
            names = {256: "P-256", 384: "P-384", 521: "P-521"}
            parts = {"kty": "EC", "crv": names[self.private.key_size]}
            parts |= {"x": number(public.x, size), "y": number(public.y, size)}
        return {"kid": self.kid, "use": "sig", **parts, **more}

    def sign(self, text, algorithm):
        if algorithm.startswith("ES"):
            size = (self.private.key_size + 7) // 8
            r, s = utils.decode_dss_signature(self.private.sign(text, ec.ECDSA(self.hash)))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        if algorithm.startswith("PS"):
            salt = padding.PSS(padding.MGF1(self.hash), self.hash.digest_size)
            return self.private.sign(text, salt, self.hash)
        return self.private.sign(text, padding.PKCS1v15(), self.hash)

    def token(self, header=None, *, drop=(), signer=None, **claims):
        now = int(time.time())
        default = {"iss": ISSUER, "aud": AUDIENCE, "sub": MIA, "exp": now + 600}
        header = {"alg": self.algorithm, "kid": self.kid, **(header or {})}
        header = {name: value for name, value in header.items() if value is not None}
        claims = {name: value for name, value in (default | claims).items() if name not in drop}
        text = f"{encode(header)}.{encode(claims)}".encode()
        sign = signer or (lambda text: self.sign(text, self.algorithm))
        return f"{text.decode()}.{encode(sign(text))}"


RSA, CURVE, OTHER = Key("r1", "RS256"), Key("e1", "ES256"), Key("r1", "RS256")
# In the set too, but of algorithms that are not on the list.
WIDE, PSS = Key("e3", "ES384"), Key("p1", "PS256")


def key_set(*keys):
    return json.dumps({"keys": [key if isinstance(key, dict) else key.jwk() for key in keys]})


def options(path, *more):
    return [
        "--identity", "bearer", "--identity", "jwt", "--jwt-keys", path, "--jwt-issuer", ISSUER,
        "--jwt-audience", "elsewhere", "--jwt-audience", AUDIENCE, *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory):
    directory = tmp_path_factory.mktemp("jwt")
    policy = world.write(api_world.document(), directory / "acme.json")
    secret = {"kty": "oct", "kid": "s1", "k": encode(b"secret"), "alg": "HS256"}
    keys = directory / "keys.json"
    keys.write_text(key_set(RSA, CURVE, WIDE, PSS, secret))
    more = ["--claims-organization", "org", "--claims-workspace", "ws"]
    arguments = ["--policy", policy, "--forward-auth", "127.0.0.1:0", *options(keys, *more)]
    with Sidecar(directory / "run", *arguments, loops=1) as sidecar:
        yield sidecar


@pytest.fixture(scope="module")
def ask(sidecar):
    with Asker(sidecar.tcp) as asker:
        yield lambda token, method="PUT", path="/v2/destinations/D1", **more: asker(
            method, path, {"authorization": f"Bearer {token}"},
            context={"verdict.workspace": "prod"}, **more,
        )  # fmt: skip


@pytest.mark.parametrize("key", [RSA, CURVE], ids=lambda key: key.algorithm)
def test_a_token_of_the_issuers_names_its_user(ask, key):
    answers = [ask(key.token(nonce=1)) for _ in range(3)]
    for answer in answers:
        assert answer.allowed and answer.headers["x-verdict-principal"] == f"user:{MIA}"
        assert answer.headers["x-verdict-workspace"] == "prod"
    assert ask(key.token(), path="/v2/destinations/D2").reason == "resource_not_in_scope"
    assert ask(key.token(sub="nobody")).reason == "unknown_principal"


def test_the_same_over_forward_auth(sidecar):
    with Client(sidecar.forward_auth_port()) as client:
        said = [("X-Forwarded-Method", "PUT"), ("X-Forwarded-Uri", "/v2/destinations/D1")]
        for token, status in ((RSA.token(), 200), (OTHER.token(), 401), (RSA.token(exp=1), 401)):
            for _ in range(2):
                header = ("Authorization", f"Bearer {token}")
                assert client.ask(header, *said, path="/workspace/prod")[0] == status


def test_secrets_of_tokens_are_still_asked(ask):
    secret = bearer("ci")["authorization"].removeprefix("Bearer ")
    assert ask(secret).headers["x-verdict-principal"] == "service_token:ci"
    assert ask("a.b").status == 401


def now(seconds):
    return int(time.time()) + seconds


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [AUDIENCE]},
        {"aud": ["x", AUDIENCE, "y"]},
        {"exp": lambda: now(-30)},
        {"exp": lambda: now(60) + 0.5},
        {"nbf": lambda: now(30)},
        {"nbf": 0},
        {"org": "acme"},
        {"ws": "prod"},
        {"iat": lambda: now(0), "jti": "1", "nested": {"sub": "evil"}},
    ],
)
def test_claims_that_hold(ask, claims):
    claims = {name: one() if callable(one) else one for name, one in claims.items()}
    assert ask(RSA.token(**claims)).allowed


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://issuer.example/"},
        {"iss": "HTTPS://issuer.example"},
        {"iss": [ISSUER]},
        {"iss": None},
        {"aud": "control"},
        {"aud": []},
        {"aud": None},
        {"aud": [AUDIENCE, 1]},
        {"aud": {AUDIENCE: True}},
        {"exp": 1},
        {"exp": lambda: now(-61)},
        {"exp": lambda: str(now(600))},
        {"exp": None},
        {"exp": -1},
        {"exp": 1e300},
        {"exp": True},
        {"nbf": lambda: now(90)},
        {"nbf": "0"},
        {"sub": 1},
        {"sub": None},
        {"sub": [MIA]},
        {"sub": "m" * 256},
        {"org": 1},
        {"ws": ["prod"]},
    ],
)
def test_claims_that_do_not(ask, claims):
    claims = {name: one() if callable(one) else one for name, one in claims.items()}
    for _ in range(2):
        answer = ask(RSA.token(**claims))
        assert (answer.status, answer.reason) == (401, "unidentified")


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "sub"])
def test_claims_that_have_to_be_there(ask, name):
    assert ask(RSA.token(drop=[name])).reason == "unidentified"


def test_claims_that_name_something_else(ask):
    assert ask(RSA.token(sub="")).reason == "invalid_id"
    assert ask(RSA.token(org="other")).reason == "unknown_organization"
    assert ask(RSA.token(ws="other")).reason == "bad_request"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "rs256"},
        {"alg": None},
        {"alg": ["RS256"]},
        {"alg": "RS384"},
        {"alg": "PS256"},
        {"alg": "ES256"},
        {"alg": "HS256"},
        {"kid": "e1"},
        {"kid": "nope"},
        {"kid": ""},
        {"kid": 1},
        {"crit": ["exp"]},
        {"crit": []},
        {"typ": "logout+jwt"},
        {"typ": 1},
        # Two keys of the set are of this kind.
        {"kid": None},
    ],
)
def test_headers_that_do_not_do(ask, header):
    assert ask(RSA.token(header)).reason == "unidentified"


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"typ": "at+jwt"}, {"cty": "x"}])
def test_headers_that_do(ask, header):
    assert ask(RSA.token(header)).allowed


def test_without_a_name_the_only_key_that_fits_is_taken(ask):
    assert ask(CURVE.token({"kid": None})).allowed


def test_algorithms_that_are_not_on_the_list(ask):
    for key in (WIDE, PSS):
        assert ask(key.token()).reason == "unidentified"


def test_a_public_key_is_no_shared_secret(ask):
    """The classic confusion: HMAC by the bytes of a public key, in whatever form they are known."""
    public = RSA.private.public_key()
    forms = [
        public.public_bytes(encoding, form)
        for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER)
        for form in (
            serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1,
        )
    ]  # fmt: skip
    forms += [b"secret", json.dumps(RSA.jwk()).encode()]
    for secret in forms:
        def mac(text, secret=secret):
            return hmac.digest(secret, text, hashlib.sha256)

        for header in ({"alg": "HS256"}, {"alg": "HS256", "kid": "s1"}, {}):
            assert ask(RSA.token(header, signer=mac)).reason == "unidentified"


def test_signatures_of_others(ask):
    for signer in (
        lambda text: b"",
        lambda text: bytes(256),
        lambda text: OTHER.sign(text, "RS256"),
        lambda text: RSA.sign(text + b"x", "RS256"),
        lambda text: RSA.sign(text, "RS256") + b"\0",
        lambda text: CURVE.sign(text, "ES256"),
    ):
        assert ask(RSA.token(signer=signer)).reason == "unidentified"
    # r and s of zero, which broken readers take for right.
    assert ask(CURVE.token(signer=lambda text: bytes(64))).reason == "unidentified"


def parts(token):
    return token.split(".")


def test_texts_of_two_readings(ask):
    token = RSA.token()
    head, claims, signature = parts(token)

    def signed(head, claims):
        text = f"{head}.{claims}"
        return f"{text}.{encode(RSA.sign(text.encode(), 'RS256'))}"

    assert ask(signed(head, claims)).allowed
    raw = base64.urlsafe_b64decode(claims + "==")
    twice = encode(raw[:-1] + b', "sub": "olga@acme.example"}')
    for other in (
        f"{token}=", f"{head}=.{claims}.{signature}", f"{token}.", f".{token}", f"{token} x",
        f"{head}.{claims}.", f"{head}..{signature}", f".{claims}.{signature}", "..",
        signed(head, twice),
        signed(encode(b'{"alg": "RS256", "alg": "none", "kid": "r1"}'), claims),
        signed(head, encode(raw + b" {}")),
        signed(head, encode(b"\xef\xbb\xbf" + raw)),
        signed(head, encode(b"[" + raw + b"]")),
        signed(head, encode(b'"x"')),
        signed(head, encode(raw[:-1] + b', "x": ' + b"[" * 40 + b"]" * 40 + b"}")),
        signed(head, "!!!!"),
        signed(head, claims + "A" * 9_000),
    ):
        assert ask(other).status == 401, other
    # A last digit with bits that say nothing: another text of the same token.
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = digits[digits.index(token[-1]) ^ 1]
    assert ask(token[:-1] + spare).status == 401


def test_two_tokens_are_refused(ask, sidecar):
    with Asker(sidecar.tcp) as asker:
        token = RSA.token()
        pairs = [("authorization", f"Bearer {token}")] * 2
        assert asker("GET", "/v2/workspace", pairs, raw=True).reason == "ambiguous_identity"


def test_random_tokens_are_all_answered(ask):
    token = RSA.token()
    for _ in range(500):
        bytes_ = bytearray(token.encode())
        place = int.from_bytes(os.urandom(2)) % len(bytes_)
        old, bytes_[place] = bytes_[place], b"ABab01-_.~"[os.urandom(1)[0] % 10]
        if old != bytes_[place]:
            assert ask(bytes_.decode()).status == 401


def test_a_token_ends_while_it_is_remembered(tmp_path):
    policy = world.write(api_world.document(), tmp_path / "acme.json")
    (tmp_path / "keys.json").write_text(key_set(RSA))
    arguments = ["--policy", policy, *options(tmp_path / "keys.json", "--jwt-leeway", "0")]
    with Sidecar(tmp_path / "run", *arguments, loops=1) as sidecar, Asker(sidecar.tcp) as asker:
        end = int(time.time()) + 2
        headers = {"authorization": f"Bearer {RSA.token(exp=end)}"}

        def status():
            return asker(
                "GET", "/v2/workspace", headers, context={"verdict.workspace": "prod"}
            ).status

        statuses = [status()]
        while time.time() < end + 0.1:
            statuses.append(status())
        assert statuses[0] == 200 and status() == 401


def test_keys_are_followed(tmp_path):
    policy = world.write(api_world.document(), tmp_path / "acme.json")
    keys = tmp_path / "keys.json"
    keys.write_text(key_set(RSA))
    with (
        Sidecar(tmp_path / "run", "--policy", policy, *options(keys), loops=1) as sidecar,
        Asker(sidecar.tcp) as asker,
    ):
        def is_believed(token):
            return asker(
                "GET", "/v2/workspace", {"authorization": f"Bearer {token}"},
                context={"verdict.workspace": "prod"},
            ).allowed  # fmt: skip

        old, new = RSA.token(), OTHER.token()
        for _ in range(3):
            assert is_believed(old) and not is_believed(new)
        # Something broken changes nothing.
        keys.write_text("{")
        sidecar.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any("keys of JWTs refused" in one for one in sidecar.log), "it is told")
        assert is_believed(old) and is_believed(RSA.token(nonce=2))
        # A new key under the same name: what was verified by the old one counts no more.
        replacement = tmp_path / "new.json"
        replacement.write_text(key_set(OTHER))
        replacement.rename(keys)
        wait_until(lambda: is_believed(new), "the new key is in force")
        assert not is_believed(old)


def test_it_does_not_start_with_keys_that_are_no_good(tmp_path):
    policy = world.write(api_world.document(), tmp_path / "acme.json")
    keys = tmp_path / "keys.json"
    for text, words in (
        ("{", "no JSON"), ('{"keys": []}', "no JWK set"),
        (key_set({"kty": "oct", "k": "AA"}), "no public key"), (None, "No such file"),
    ):  # fmt: skip
        if text is None:
            keys.unlink()
        else:
            keys.write_text(text)
        done = verdict(
            "serve", "--policy", policy, "--listen", "127.0.0.1:0", *options(keys), check=False
        )
        assert done.returncode == 1 and words in done.stderr and "keys.json" in done.stderr


def test_what_belongs_together(tmp_path):
    policy = world.write(api_world.document(), tmp_path / "acme.json")
    for wrong in (["--identity", "jwt"], ["--jwt-issuer", "x"], ["--jwt-algorithm", "HS256"],
                  ["--jwt-algorithm", "none"], ["--jwt-leeway", "601"]):  # fmt: skip
        done = verdict("serve", "--policy", policy, *wrong, check=False)
        assert done.returncode == 64 and "jwt" in done.stderr.lower()


def test_a_crowd_of_new_tokens_is_never_the_servers_fault(ask, sidecar):
    """More at once than workers verify at once: none of them makes the call fail."""
    from concurrent.futures import ThreadPoolExecutor

    tokens = [CURVE.token(nonce=index) for index in range(400)]
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(ask, tokens))
    assert all(answer.allowed for answer in answers)


def test_tokens_are_never_logged(ask, sidecar):
    token = RSA.token()
    ask(token)
    assert token not in "\n".join(sidecar.log) and parts(token)[2] not in "\n".join(sidecar.log)
